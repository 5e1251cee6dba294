"""A fresh state without all that led to its schema.

A thousand tests begin with a state that is not there yet, and to make one takes every step of the
schema since the first version: a tenth of a second, most of what a short test costs. Each process
takes them once, and begins every other state with a copy of what came of it. What does not begin
with nothing is migrated as ever.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from engine.store.sqlite import statefile

migrated = statefile.prepare
"""`statefile.prepare` as it is, for tests of the way from schema to schema."""

_steps = statefile.migrations


def prepare(path: Path) -> None:
    """`statefile.prepare`, with a copy to begin with where there is nothing."""
    # A test may have given the schema another history.
    if statefile.migrations is _steps and not path.exists():
        # What cannot be written, the real one complains about.
        with contextlib.suppress(OSError):
            _begin(path)
    migrated(path)


def ready() -> None:
    """Take the steps now, on behalf of all that this process becomes."""
    _fresh()


@contextmanager
def copied() -> Generator[None]:
    """For the block, fresh states are copies."""
    statefile.prepare = prepare
    try:
        yield
    finally:
        statefile.prepare = migrated


def in_memory() -> sqlite3.Connection:
    """A fresh state of which no file is ever seen."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    _in_memory().backup(connection)
    connection.row_factory = sqlite3.Row
    return connection


@cache
def _in_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for step in statefile.migrations():
        connection.executescript(step)
    return connection


def _begin(path: Path) -> None:
    """All of it or nothing, as a transaction would: the process may be killed here."""
    whole = _fresh()
    descriptor = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o600)
    try:
        os.write(descriptor, whole)
        # Only where it is given a directory does it follow the link to what has no name.
        os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor, follow_symlinks=True)
    finally:
        os.close(descriptor)


@cache
def _fresh() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / statefile.FILE_NAME
        migrated(path)
        return path.read_bytes()
