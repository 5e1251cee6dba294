"""File descriptors used up: neither the network nor the disk is to blame for what failed."""

from __future__ import annotations

import errno
import os

REMEDY = (
    "raise the number of open files this process may have (LimitNOFILE= in the unit, ulimit -n in a"
    " shell), and look what holds them: ls -l /proc/PID/fd"
)
_USED_UP = frozenset({errno.EMFILE, errno.ENFILE})


def used_up(error: BaseException | None) -> bool:
    """Whether the error came about because no further file or connection could be opened."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in _USED_UP:
            return True
        error = error.__cause__ or error.__context__
    return False


def none_left() -> bool:
    """Whether no further file can be opened now; for errors that do not tell."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return used_up(error)
    return False
