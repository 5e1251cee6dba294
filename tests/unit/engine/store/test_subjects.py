"""The port is performed alike by every adapter."""

from __future__ import annotations

import re
from pathlib import Path

from engine.store import sqlite

STORE = Path(sqlite.__file__ or "").parents[1]
MODULES = ("told.py", "looked_up.py", "subjects.py")
OPERATION = re.compile(
    r"^class ([A-Z]\w*?)\(Subject\)|^    (\w+) = (\w+)\((\w+\.\w+)\)$", re.MULTILINE
)


def performed(adapter: str) -> list[tuple[str, str, str, str]]:
    """Which function performs which operation of which subject, and how it reaches the state."""
    files = [STORE / adapter / name for name in MODULES]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    subject, found = "", list[tuple[str, str, str, str]]()
    for named, operation, how, function in OPERATION.findall(text):
        if named:
            subject = named.removeprefix(adapter.capitalize())
        else:
            found.append((subject, operation, how, function))
    return found


def test_an_operation_is_the_same_function_on_either_adapter() -> None:
    """Whoever reads one of them knows where to look in the other."""
    on_sqlite = performed("sqlite")

    assert len(on_sqlite) > 100
    assert performed("postgres") == on_sqlite
