"""The control token: who may tell the running service to do something.

The service makes one at each start and keeps it where only its own user, and root, can read it.
Whoever sends it has proved to be one of those; a web page, another user of the machine and a name
that was pointed here cannot.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import StateUnusable

FILE_NAME = "control.token"
TOKEN_BYTES = 32
_WELL_FORMED = re.compile(r"[\w-]{43}", re.ASCII)
_READ_MAX = 64


@contextmanager
def token_for(state_dir: Path) -> Generator[str]:
    """A new token, readable for the block by this user alone; that of a former process is void.

    Raises:
        StateUnusable: it cannot be written.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    path = state_dir / FILE_NAME
    try:
        # Whatever lies there, a link included, is replaced and never written through.
        path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="ascii") as file:
            file.write(token)
    except OSError as error:
        raise StateUnusable(
            f"{path} cannot be written: {error.strerror or error}",
            remedy="check [service] state_dir, its owner and the free space of its file system",
        ) from error
    try:
        yield token
    finally:
        with suppress(OSError):
            path.unlink()


def tokens_in(directories: Iterable[Path]) -> list[str]:
    """The tokens that lie in these directories and can be read."""
    found: list[str] = []
    for directory in directories:
        with suppress(OSError, ValueError):
            handle = os.open(directory / FILE_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(handle, "rb") as file:
                text = file.read(_READ_MAX).decode("ascii")
            # What is sent on is a token, and not whatever somebody has put in its place.
            if _WELL_FORMED.fullmatch(text):
                found.append(text)
    return found
