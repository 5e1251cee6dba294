"""Glances at the store: in the caller's thread, unless something is in the way."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from engine.errors import StateUnusable
from engine.store.sqlite.threaded import open_store

pytestmark = pytest.mark.anyio


async def test_what_cannot_be_seen_at_once_is_read(tmp_path: Path) -> None:
    """Another process may hold the file for a moment, and nobody waits for it in the loop."""
    threads: list[threading.Thread] = []

    def look(connection: sqlite3.Connection) -> int:
        threads.append(threading.current_thread())
        if len(threads) == 2:
            raise sqlite3.OperationalError("database is locked")
        return connection.execute("SELECT count(*) FROM record").fetchone()[0]

    async with open_store(tmp_path / "state.db") as store:
        assert await store.glance(look) == 0
        assert await store.glance(look) == 0

    here = threading.current_thread()
    assert [thread is here for thread in threads] == [True, True, False]


async def test_what_cannot_be_read_either_is_told(tmp_path: Path) -> None:
    """As by every other operation."""

    def look(_: sqlite3.Connection) -> int:
        raise sqlite3.DatabaseError("file is not a database")

    async with open_store(tmp_path / "state.db") as store:
        with pytest.raises(StateUnusable):
            await store.glance(look)


async def test_a_glance_sees_what_was_committed_and_changes_nothing(tmp_path: Path) -> None:
    """It is of no use otherwise, and must do no harm."""

    def write(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO setting (name, value) VALUES ('seen', 'yes')")

    def look(connection: sqlite3.Connection) -> str:
        query = "SELECT value FROM setting WHERE name = 'seen'"
        return connection.execute(query).fetchone()[0]

    async with open_store(tmp_path / "state.db") as store:
        await store.write(write)
        assert await store.glance(look) == "yes"
        with pytest.raises(StateUnusable):
            await store.glance(write)
