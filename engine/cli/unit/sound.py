"""Whether a service could start the program from where it lies."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

import engine
from engine.cli.exits import complain, paragraph
from engine.cli.unit.texts import command
from engine.errors import Misconfigured

# What ProtectHome and PrivateTmp hide from the service.
HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108 # only compared
_PLAIN_PATH = re.compile(r"[\w./+~-]+", re.ASCII)
_INSTALL_ELSEWHERE = (
    "install it where every user can read it:"
    " python3 -m venv /opt/wosync && /opt/wosync/bin/pip install THE_WHEEL ;"
    " then repeat this command as /opt/wosync/bin/wosync"
)


def troubles(program: Path, *others: Path) -> list[str]:
    """Why a service could not start the program from where it lies; nothing when it can.

    Args:
        program: what the unit starts, by its absolute path.
        others: files it needs besides: the interpreter, the package.
    """
    if not program.exists():
        return [f"there is no command {program}, which the unit would start"]
    if not _PLAIN_PATH.fullmatch(str(program)):
        return [f"the path {program} has characters that mean something else in a unit"]
    found: list[str] = []
    for part in dict.fromkeys((program, *others)):
        if any(part.is_relative_to(directory) for directory in HIDDEN):
            found.append(f"{part} is hidden from the service, which sees no home and no /tmp")
        elif (closed := _closed(part)) is not None:
            found.append(f"{closed} cannot be read by the user of the service")
    return found


def judge(*, strict: bool) -> None:
    """Refuse a program that no service could start, or only say so.

    Raises:
        Misconfigured: it is for this machine, and would not start there.
    """
    text = "; ".join(_found())
    if not text:
        return
    trouble = Misconfigured(text, remedy=_INSTALL_ELSEWHERE)
    if strict:
        raise trouble
    complain(f"{paragraph(trouble)}\n")


def _found() -> Iterable[str]:
    package = Path(engine.__file__)
    return troubles(command(), Path(sys.executable).resolve(), package.resolve())


def _closed(path: Path) -> Path | None:
    """The first part of the path that users other than its owner and group may not read."""
    for part in reversed((path, *path.parents)):
        needed = 0o001 if part.is_dir() else 0o004
        if not part.stat().st_mode & needed:
            return part
    return None
