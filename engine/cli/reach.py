"""What the user of an installed service could not read, although whoever looks can.

Root reads everything, so that a check by root would find nothing wrong with a configuration that
the service then ends over.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from engine.cli import services
from engine.cli.unit import texts
from engine.config.loading import read

_PASS, _READ = 0o1, 0o4


@dataclass(frozen=True, slots=True)
class Trouble:
    """What cannot be read, and what to do about it."""

    text: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose bits of a file's mode count.

    Args:
        user, groups: nobody's files are theirs where systemd makes the user.
    """

    user: int | None = None
    groups: frozenset[int] = frozenset()

    def first_closed(self, path: Path) -> Path | None:
        """The first part of the path that is closed to them; what is not there is not."""
        # Everybody passes those above the place for configurations.
        above = services.HOME.parents
        for part in reversed([path, *path.parents]):
            if part in above or not part.exists():
                continue
            found = part.stat()
            bit = _PASS if stat.S_ISDIR(found.st_mode) else _READ
            if not found.st_mode & (bit << self._shift(found)):
                return part
        return None

    def _shift(self, found: os.stat_result) -> int:
        if found.st_uid == self.user:
            return 6
        return 3 if found.st_gid in self.groups else 0


def troubles(path: Path) -> Iterator[Trouble]:
    """Each of the configuration and of the files with secrets that it names.

    Args:
        path: the configuration; of one that no unit starts nothing is said.
    """
    unit = services.unit_file_of(path)
    if unit is None:
        return
    reader = _reader(texts.given_user(unit.read_text(encoding="utf-8")))
    if (closed := reader.first_closed(path)) is not None:
        yield Trouble(_text(closed), _opened(closed))
        return
    for secret in dict.fromkeys(_files_in(read(path))):
        if (closed := reader.first_closed(secret)) is not None:
            yield Trouble(_text(closed), _handed_over(path))


def _reader(user: str | None) -> Reader:
    if user is None:
        return Reader()
    try:
        known = pwd.getpwnam(user)
    except KeyError:
        return Reader()
    return Reader(known.pw_uid, frozenset(os.getgrouplist(user, known.pw_gid)))


def _text(closed: Path) -> str:
    return f"{closed} cannot be read by the user of the service"


def _opened(closed: Path) -> str:
    if closed.is_dir():
        return f"let others pass through it: chmod 755 {closed}"
    return f"no secret stands in it: chmod 644 {closed}"


def _handed_over(path: Path) -> str:
    place, names = path.parent / services.CREDENTIALS, ", ".join(texts.credentials())
    handed = f'name it {{ credential = "NAME" }}, which systemd hands over: {names}'
    return f"put it into {place} and {handed}"


def _files_in(value: Any) -> Iterator[Path]:
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        if list(table) == ["file"] and isinstance(table["file"], str):
            yield Path(table["file"])
        else:
            for below in table.values():
                yield from _files_in(below)
