"""config.toml, taken apart: what its comments say of each table and each key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

MANUAL = Path(__file__).resolve().parents[2] / "config.toml"
_TABLE = re.compile(r"^\[([\w.]+)\]$")
_KEY = re.compile(r"^(?:# )?(\w+) = (.+)$")


@dataclass(slots=True)
class Table:
    """One table as it stands there.

    Args:
        name: dotted.
        text: what its first comment says of the whole.
        notes: what stands above each key; a key without a comment of its own has none.
        lines: everything in it, as it stands.
    """

    name: str
    text: str = ""
    notes: dict[str, str] = field(default_factory=dict[str, str])
    lines: list[str] = field(default_factory=list[str])


def tables() -> dict[str, Table]:
    """Every table of the manual by its name."""
    found: dict[str, Table] = {}
    table, comment = Table(""), list[str]()
    for line in MANUAL.read_text(encoding="utf-8").splitlines():
        if (heading := _TABLE.match(line)) is not None:
            table, comment = Table(heading[1]), []
            found[table.name] = table
            continue
        table.lines.append(line)
        if (key := _KEY.match(line)) is not None:
            table.notes[key[1]] = " ".join(comment)
            comment = []
        elif line.startswith("#"):
            comment.append(line.removeprefix("#").strip())
        else:
            table.text, comment = " ".join(comment) or table.text, []
    return found
