"""The threaded store: durable on return, grouped, one caller's error its own."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import anyio
import pytest

from engine.errors import StateUnusable
from engine.runs import Spent, spent
from engine.store.sqlite import kept, statefile
from engine.store.sqlite.threaded import ThreadedStore, open_store
from engine.store.vault import StoreVault

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the state file will be."""
    return tmp_path / statefile.FILE_NAME


def settings_in(path: Path) -> dict[str, str]:
    """What another connection sees."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT name, value FROM setting").fetchall())


async def keep(store: ThreadedStore, name: str) -> None:
    """Write one fact."""
    await store.write(kept.set_setting, name, "x")


async def test_what_was_written_is_seen_by_everybody_when_write_returns(path: Path) -> None:
    """From then on the change is ours to finish, whatever dies."""
    async with open_store(path) as store:
        await store.write(kept.set_setting, "a", "1")

        assert settings_in(path) == {"a": "1"}
        assert await store.read(kept.setting, "a") == "1"
        assert await store.read(kept.setting, "b") is None


async def test_writers_that_wait_together_share_commits(path: Path) -> None:
    """One flush to disk for each of a hundred writers would be the bottleneck."""
    commits: list[float] = []
    async with open_store(path, commits.append) as store, anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(keep, store, f"k{number}")

    assert len(settings_in(path)) == 100
    assert len(commits) < 50


async def test_one_callers_error_undoes_that_callers_work_alone(path: Path) -> None:
    """The others share its transaction, and not its fault."""

    def half_done(connection: sqlite3.Connection) -> None:
        kept.set_setting(connection, "half", "done")
        raise ValueError("a fault of this caller")

    async def faulty(store: ThreadedStore) -> None:
        with pytest.raises(ValueError, match="this caller"):
            await store.write(half_done)

    async with open_store(path) as store, anyio.create_task_group() as tasks:
        tasks.start_soon(keep, store, "before")
        tasks.start_soon(faulty, store)
        tasks.start_soon(keep, store, "after")

    assert settings_in(path) == {"before": "x", "after": "x"}


async def test_what_is_run_again_takes_note_of_the_same_requests(path: Path) -> None:
    """Its neighbour's fault takes nothing from the account of what a record cost."""

    def faulty(connection: sqlite3.Connection) -> None:
        raise ValueError("a fault of this caller")

    def noting(connection: sqlite3.Connection) -> None:
        counted = spent.get()
        requests = -1 if counted is None else counted.taken()
        kept.set_setting(connection, "requests", str(requests))

    async def note(store: ThreadedStore) -> None:
        spent.set(Spent(3))
        await store.write(noting)

    async def fail(store: ThreadedStore) -> None:
        with pytest.raises(ValueError, match="this caller"):
            await store.write(faulty)

    async with open_store(path) as store, anyio.create_task_group() as tasks:
        tasks.start_soon(note, store)
        tasks.start_soon(fail, store)

    assert settings_in(path) == {"requests": "3"}


async def test_a_cancelled_callers_write_is_done_all_the_same(path: Path) -> None:
    """A worker cut off by an orderly stop has handed its outcome over already."""
    async with open_store(path) as store:
        with anyio.move_on_after(0):
            await store.write(kept.set_setting, "a", "1")

    assert settings_in(path) == {"a": "1"}


async def test_a_disk_that_refuses_is_an_unusable_state(path: Path) -> None:
    """A full disk must stop the service with a remedy, not a traceback."""

    def full(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async with open_store(path) as store:
        with pytest.raises(StateUnusable, match="disk is full") as refused:
            await store.write(full)

        await store.write(kept.set_setting, "a", "1")

    assert refused.value.remedy
    assert settings_in(path) == {"a": "1"}


async def test_a_connectors_vault_keeps_its_secrets_apart(path: Path) -> None:
    """Both connectors may call theirs "token"."""
    async with open_store(path) as store:
        one, other = StoreVault(store, "one"), StoreVault(store, "other")
        await one.save("token", "a")
        await other.save("token", "b")
        await one.save("token", "c")

        assert (await one.load("token"), await other.load("token")) == ("c", "b")
        assert await one.load("nothing") is None
