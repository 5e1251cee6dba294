"""A commit that fails is told to everybody whose work was in it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import anyio
import pytest

from engine.errors import StateUnusable
from engine.store.sqlite import kept, statefile
from engine.store.sqlite.connections import Connections
from engine.store.sqlite.inline import open_inline
from engine.store.sqlite.threaded import open_store
from tests.adapter import OpenSqlite

pytestmark = pytest.mark.anyio

STORES: list[OpenSqlite] = [open_store, open_inline]


def spoils_the_commit(connection: sqlite3.Connection) -> None:
    """Write what only the commit finds fault with."""
    connection.execute("PRAGMA defer_foreign_keys = ON")
    connection.execute("INSERT INTO awaited (kind, name, record_id) VALUES ('user', 'Ada', 99)")


@pytest.mark.parametrize("opens", STORES, ids=["threaded", "inline"])
async def test_a_commit_that_fails_acknowledges_nothing(opens: OpenSqlite, tmp_path: Path) -> None:
    """Whoever believed it would count on what is not on disk."""
    refused: list[str] = []

    async def spoil(store: Connections) -> None:
        with pytest.raises(StateUnusable, match="cannot be written"):
            await store.write(spoils_the_commit)
        refused.append("spoiler")

    async with opens(tmp_path / statefile.FILE_NAME) as store:
        await spoil(store)
        assert await store.read(kept.setting, "a") is None
        await store.write(kept.set_setting, "a", "1")
        assert await store.read(kept.setting, "a") == "1"

    assert refused == ["spoiler"]


async def test_those_who_shared_the_failed_commit_hear_of_it_too(tmp_path: Path) -> None:
    """Their work was undone with it."""
    path = tmp_path / statefile.FILE_NAME
    heard: list[str] = []

    async def write(store: Connections, name: str) -> None:
        try:
            await store.write(kept.set_setting, name, "x")
        except StateUnusable:
            heard.append(name)

    async def spoil(store: Connections) -> None:
        with pytest.raises(StateUnusable):
            await store.write(spoils_the_commit)

    async with open_store(path) as store, anyio.create_task_group() as tasks:
        tasks.start_soon(write, store, "a")
        tasks.start_soon(spoil, store)
        tasks.start_soon(write, store, "b")

    with contextlib.closing(sqlite3.connect(path)) as connection:
        written = {row[0] for row in connection.execute("SELECT name FROM setting")}
    assert written & {"a", "b"} == {"a", "b"} - set(heard)
    assert heard
