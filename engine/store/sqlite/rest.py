"""At rest: how the state file was left, so that a start need not read all of a file nobody touched.

To read a state of a million records through takes seconds. Whoever closes one in order notes which
file it was, and as it was last changed; a file that is otherwise, or has a log beside it, was left
by an end that was not in order, put back, copied or written by somebody else, and is checked whole.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from engine.store.statedir import FILE_NAME, REST_NAME

_BYTES_MAX = 200


def note(path: Path) -> None:
    """The state was closed in order just now, by the last who had it open, and all was well.

    What the disk refuses is let be: the next start checks more than it would have to.
    """
    with suppress(OSError):
        if _log(path).exists():
            # Somebody else still looks at it.
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(path.with_name(REST_NAME), flags, 0o600)
        try:
            os.write(handle, _shown(path).encode("ascii"))
        finally:
            os.close(handle)


def undisturbed(path: Path) -> bool:
    """Whether it is the very file that was closed in order, and nobody has changed it since."""
    with suppress(OSError):
        if _log(path).exists():
            return False
        handle = os.open(path.with_name(REST_NAME), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            text = os.pread(handle, _BYTES_MAX, 0).decode("ascii", "replace")
        finally:
            os.close(handle)
        return text == _shown(path)
    return False


def end(path: Path) -> None:
    """Somebody works on the state from now on."""
    if path.name != FILE_NAME:
        # A copy that lies anywhere: what is called so beside it is somebody else's.
        return
    with suppress(OSError):
        path.with_name(REST_NAME).unlink(missing_ok=True)


def _log(path: Path) -> Path:
    """What SQLite has beside the file while it is open, or was left without being closed."""
    return path.with_name(f"{path.name}-wal")


def _shown(path: Path) -> str:
    found = path.stat()
    # The last of them is the system's own, which nobody can set.
    facts = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return " ".join(map(str, facts)) + "\n"
