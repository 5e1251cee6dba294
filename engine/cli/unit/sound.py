"""Whether a service could start the program from where it lies."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

import engine
from engine.about import about
from engine.cli.exits import complain, paragraph
from engine.cli.unit.texts import command
from engine.errors import Misconfigured

# What ProtectHome and PrivateTmp hide from the service.
HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108 # only compared
_PLAIN_PATH = re.compile(r"[\w./+~-]+", re.ASCII)
# The name at the beginning of a requirement.
_LIBRARY = re.compile(r"[\w.-]+")
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


def lacking(distribution: str) -> list[str]:
    """The libraries that an installed distribution needs and that are not there.

    A wheel that was put over an older one without them starts, and fails where it needs them.
    """
    from importlib import metadata

    try:
        needed = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return []
    names = [_LIBRARY.match(one) for one in needed if "extra ==" not in one]
    return [name.group() for name in names if name is not None and not _is_there(name.group())]


def _is_there(library: str) -> bool:
    from importlib import metadata

    try:
        metadata.version(library)
    except metadata.PackageNotFoundError:
        return False
    return True


def judge(*, strict: bool) -> None:
    """Refuse a program that no service could start, or only say so.

    Raises:
        Misconfigured: it is for this machine, and would not start there.
    """
    if text := "; ".join(_found()):
        trouble = Misconfigured(text, remedy=_INSTALL_ELSEWHERE)
    elif missing := lacking(about().distribution):
        pip = f"{sys.executable} -m pip install --require-hashes -r requirements.lock"
        trouble = Misconfigured(
            f"the program lacks {', '.join(missing)}",
            remedy=f"install the libraries of this version, then repeat this command: {pip}",
        )
    else:
        return
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
