"""What every store promises, kept by the service's own and by the one for simulations."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from engine.errors import StateUnusable
from engine.store.sqlite import kept, statefile
from engine.store.sqlite.inline import open_inline
from engine.store.sqlite.threaded import open_store
from tests.adapter import OpenSqlite

pytestmark = pytest.mark.anyio

STORES: list[OpenSqlite] = [open_store, open_inline]
each = pytest.mark.parametrize("opens", STORES, ids=["threaded", "inline"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the state file will be."""
    return tmp_path / statefile.FILE_NAME


@each
async def test_what_was_written_is_there_after_the_store_is_opened_again(
    opens: OpenSqlite, path: Path
) -> None:
    """Durable on return, and the same file for both."""
    async with opens(path) as store:
        await store.write(kept.set_setting, "a", "1")
        assert await store.read(kept.setting, "a") == "1"

    for other in STORES:
        async with other(path) as store:
            assert await store.read(kept.setting, "a") == "1"


@each
async def test_a_function_that_fails_leaves_nothing_behind(opens: OpenSqlite, path: Path) -> None:
    """Whole or not at all; and the store goes on."""

    def half_done(connection: sqlite3.Connection) -> None:
        kept.set_setting(connection, "half", "done")
        raise ValueError("a fault of this caller")

    async with opens(path) as store:
        with pytest.raises(ValueError, match="this caller"):
            await store.write(half_done)
        await store.write(kept.set_setting, "a", "1")

        assert await store.read(kept.setting, "half") is None
        assert await store.read(kept.setting, "a") == "1"


@each
async def test_a_disk_that_refuses_is_an_unusable_state(opens: OpenSqlite, path: Path) -> None:
    """A full disk must stop the service with a remedy, not a traceback."""

    def full(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async with opens(path) as store:
        with pytest.raises(StateUnusable, match="written: database or disk is full"):
            await store.write(full)
        with pytest.raises(StateUnusable, match="read: database or disk is full") as refused:
            await store.read(full)

    assert refused.value.remedy
