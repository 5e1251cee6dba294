"""A state that was closed in order and that nobody has touched since is not read through again."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import StateUnusable
from engine.store.sqlite import rest, statefile
from engine.store.sqlite.standing import opened
from engine.store.sqlite.threaded import open_store

pytestmark = pytest.mark.anyio


async def _closed(directory: Path) -> Path:
    path = directory / statefile.FILE_NAME
    async with open_store(path) as store:
        await store.kept.set_setting("colour", "blue")
    return path


def _written(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE setting SET value = 'red' WHERE name = 'colour'")


def _copied(path: Path) -> None:
    """With all its times, as a restore does it."""
    shutil.copy2(path, path.with_name("copy"))
    path.with_name("copy").replace(path)


def _spoilt(path: Path) -> None:
    """In place, and with its old time."""
    found = path.stat()
    with path.open("r+b") as file:
        file.seek(found.st_size // 2)
        file.write(b"\xff" * 16)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def _left_open(path: Path) -> None:
    """As a process leaves it that is killed before anything of its log was taken over."""
    path.with_name(f"{path.name}-wal").touch()


async def test_what_was_closed_in_order_rests(tmp_path: Path) -> None:
    """By the service, and by a command beside it."""
    path = await _closed(tmp_path)
    assert rest.undisturbed(path)

    with opened(path):
        assert not rest.undisturbed(path)

    assert rest.undisturbed(path)


@pytest.mark.parametrize("way", ["read", "write", "glance"])
async def test_what_could_not_be_read_does_not_rest(tmp_path: Path, way: str) -> None:
    """Whoever met it may have gone on without what it asked for, as a look at the numbers does."""
    path = await _closed(tmp_path)

    def damaged(connection: sqlite3.Connection) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    async with open_store(path) as store:
        with pytest.raises(StateUnusable):
            await {"read": store.read, "write": store.write, "glance": store.glance}[way](damaged)

    assert not rest.undisturbed(path)


@pytest.mark.parametrize("disturbed", [_written, _copied, _spoilt, _left_open, Path.unlink])
async def test_what_anybody_has_touched_since_does_not(
    tmp_path: Path, disturbed: Callable[[Path], None]
) -> None:
    """Whoever it was, and whatever times the file shows."""
    path = await _closed(tmp_path)

    disturbed(path)

    assert not rest.undisturbed(path)


async def test_what_was_spoilt_while_it_rested_is_found_at_the_next_start(tmp_path: Path) -> None:
    """Before anything is done with it."""
    path = await _closed(tmp_path)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 8)

    with pytest.raises(StateUnusable, match="damaged"):
        statefile.prepare(path)


async def test_a_state_that_rests_is_not_read_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a million records that would take seconds at every start."""
    path = await _closed(tmp_path)
    asked: list[bool] = []
    real = statefile.check

    def check(path: Path, connection: sqlite3.Connection, *, whole: bool = True) -> None:
        asked.append(whole)
        real(path, connection, whole=whole)

    monkeypatch.setattr(statefile, "check", check)
    statefile.prepare(path)
    statefile.prepare(path)

    assert asked == [False, True]
