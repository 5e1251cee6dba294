"""The mark: a small file beside the state that grows with it, and shows when it was put back.

The state counts the writes it has acknowledged, and the mark repeats that number. A state that
counts fewer than its mark is an older copy; a mark that was last touched by anybody else than us
was copied back together with its state. It is not synced: a power loss may leave it behind the
state, which proves nothing, and never ahead of it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from engine.clock import file_time_s
from engine.model.age import Seen

# The time of a file comes some moments after our note of it; where it came later, it is noted anew.
SOON_S = 0.1
TRIES_MAX = 3
# The time of writing where the file system's own times tell nothing.
UNTOLD = 0.0
# A name, a number and a time of fixed width, so that each writing replaces the whole.
_FORM = "{:16} {:020d} {:020.6f}\n"
_BYTES_MAX = 200


def look(path: Path) -> Seen | None:
    """What the mark says; None when there is none, or none of ours."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.pread(handle, _BYTES_MAX, 0).decode("ascii", "replace")
        found = os.fstat(handle)
    finally:
        os.close(handle)
    try:
        name, writes, written_at = text.split()
        # A write sets both times of a file to the same moment; a copy can forge only one of them.
        untouched = found.st_mtime_ns == found.st_ctime_ns
        soon = _late_s(found, float(written_at)) <= SOON_S
        moved = float(written_at) != UNTOLD and not (untouched and soon)
        return Seen(name, int(writes), moved)
    except ValueError:
        return None


@dataclass(slots=True)
class Mark:
    """The mark of a state that is open; its file is made with the first writing."""

    path: Path
    _handle: int | None = field(default=None, init=False)
    _told: bool = field(default=True, init=False)

    def set(self, name: str, writes: int) -> None:
        """Repeat what the state counts.

        What the disk refuses is let be: the writes themselves are safe, and a mark that stayed
        behind proves nothing.
        """
        with suppress(OSError):
            self._set(name, writes)

    def _set(self, name: str, writes: int) -> None:
        first = self._handle is None
        if self._handle is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._handle = os.open(self.path, flags, 0o600)
        for _ in range(TRIES_MAX):
            written_at = file_time_s() if self._told else UNTOLD
            os.pwrite(self._handle, _FORM.format(name, writes, written_at).encode("ascii"), 0)
            found = os.fstat(self._handle)
            if first and found.st_mtime_ns != found.st_ctime_ns:
                # Not every file system keeps both times as a local disk does.
                self._told = False
            elif written_at == UNTOLD or _late_s(found, written_at) <= SOON_S:
                return

    def close(self) -> None:
        """Let go of the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _late_s(found: os.stat_result, written_at: float) -> float:
    return abs(found.st_mtime_ns / 1e9 - written_at)
