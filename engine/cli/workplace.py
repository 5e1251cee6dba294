"""A directory that a command works in and nobody needs afterwards."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.about import PROGRAM
from engine.errors import StateUnusable


@contextmanager
def workplace() -> Generator[Path]:
    """Make one, and remove it.

    Raises:
        StateUnusable: there is no place for it, as on a disk that is full or may only be read.
    """
    try:
        made = TemporaryDirectory(prefix=f"{PROGRAM}-")
    except OSError as error:
        raise StateUnusable(
            f"no directory can be made to work in: {error.strerror or error}",
            remedy="make room in /tmp, or set TMPDIR to a directory that can be written to",
        ) from error
    with made as directory:
        yield Path(directory)
