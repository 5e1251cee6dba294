"""Replacing a configuration file: as a whole or not at all, and never over somebody's change."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import EngineError
from engine.ownership import as_owner, strange_link


def replace(path: Path, before: bytes, after: bytes) -> None:
    """Write the file anew, with the mode, the owner and the access rules it has.

    Args:
        path: the file; where it is a link of ours, the file it leads to is replaced.
        before: what was read; when the file holds something else by now it is left alone.

    Raises:
        EngineError: it changed since, or cannot be written; it is as it was.
    """
    target = path.resolve()
    try:
        link = strange_link(path, target.stat().st_uid)
        if link is not None:
            raise EngineError(
                f"{link} is a link that somebody else has laid, and was not followed",
                remedy="name the file itself with --config",
            )
        # Where somebody else may swap what lies in the directory, root has no more rights.
        with as_owner(target.parent, target.parent.stat()), _alone(target.parent):
            if target.read_bytes() != before:
                raise EngineError(
                    f"{path} changed while this command ran, and was left as it is now",
                    remedy="run the command again",
                )
            _swap(target, after)
    except OSError as error:
        raise EngineError(
            f"{path} cannot be written: {error.strerror or error}; it is as it was",
            remedy=f"run the command as the owner of the file, who may write in {target.parent}",
        ) from error


@contextmanager
def _alone(directory: Path) -> Generator[int]:
    """Two of these commands at once would each overwrite what the other one did."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # A file system without locks still has the comparison.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _swap(target: Path, after: bytes) -> None:
    """A new file beside the old one takes its place once it is on disk."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(after)
            _take_over(target, file.fileno())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _take_over(target: Path, descriptor: int) -> None:
    """Whoever could read the old file can read the new one, and nobody else."""
    status = target.stat()
    mine = os.fstat(descriptor)
    if (status.st_uid, status.st_gid) != (mine.st_uid, mine.st_gid):
        os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    for name in os.listxattr(target):
        # Some attributes are the system's own to set.
        with suppress(OSError):
            os.setxattr(descriptor, name, os.getxattr(target, name))
