"""The state as it was before its schema changed, kept beside it to go back to."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from engine.store.rows.provenance import COPIED
from engine.store.sqlite import kept

MARKED = "it is a copy from before the schema changed"


def path_of(state: Path, version: int) -> Path:
    """Where the state with that version of the schema is kept."""
    return state.with_name(f"{state.name}.schema-{version}")


def keep(state: Path, connection: sqlite3.Connection, version: int) -> None:
    """Keep a copy of the state, whole or not at all; an earlier one of that version goes.

    Raises:
        sqlite3.Error: there is no room for it.
        OSError: it cannot be put there.
    """
    path = path_of(state, version)
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    try:
        with contextlib.closing(sqlite3.connect(new)) as copy:
            connection.backup(copy)
            mark_as_copy(copy, MARKED)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def mark_as_copy(connection: sqlite3.Connection, how: str) -> None:
    """Have it say what it is, in one file, to be kept and carried as one."""
    connection.execute("PRAGMA journal_mode = DELETE")
    kept.set_setting(connection, COPIED, how)
    connection.commit()
