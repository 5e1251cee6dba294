"""A directory that a command works in, or a state, that nobody needs afterwards."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.about import PROGRAM
from engine.errors import StateUnusable
from engine.store.port.store import Store
from engine.store.sqlite.place import StateFile


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


@asynccontextmanager
async def passing_store() -> AsyncGenerator[Store]:
    """A store for what is asked of the systems before there is a service.

    Raises:
        StateUnusable: as `workplace`.
    """
    with workplace() as directory:
        async with StateFile(directory).open() as store:
            yield store
