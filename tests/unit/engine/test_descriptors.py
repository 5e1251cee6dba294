"""File descriptors used up: said as what it is, whatever failed for it."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from engine.descriptors import none_left
from engine.errors import StateUnusable, Unreachable
from engine.store.sqlite import statefile
from engine.store.sqlite.troubles import unusable
from engine.wire.exchange import Exchange
from tests.unit.engine.stand_ins import environment

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("every_migration")]


@contextmanager
def nothing_left() -> Generator[None]:
    """Not one file more can be opened for the block."""
    former = resource.getrlimit(resource.RLIMIT_NOFILE)
    probe = os.open(os.devnull, os.O_RDONLY)
    os.close(probe)
    resource.setrlimit(resource.RLIMIT_NOFILE, (probe, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, former)


async def test_a_connection_that_cannot_be_opened_blames_no_network() -> None:
    """Whoever looks at the network finds nothing there."""

    def refuse(request: httpx.Request) -> httpx.Response:
        cause = OSError(errno.EMFILE, "Too many open files")
        raise httpx.ConnectError("Cannot connect to host", request=request) from cause

    async with Exchange("crm", environment(httpx.MockTransport(refuse)), timeout_s=5) as exchange:
        with pytest.raises(Unreachable, match="no file descriptor is left") as caught:
            await exchange.send("GET", "https://crm.example/x", route="/x", operation="read")

    assert "LimitNOFILE" in (caught.value.remedy or "")
    assert "network" not in (caught.value.remedy or "")


def test_a_state_that_cannot_be_opened_blames_no_disk(tmp_path: Path) -> None:
    """The file and its room are as they should be."""
    path = tmp_path / statefile.FILE_NAME
    statefile.prepare(path)
    assert not none_left()

    with nothing_left(), pytest.raises(StateUnusable, match="no file descriptor") as refused:
        statefile.prepare(path)

    assert "LimitNOFILE" in (refused.value.remedy or "")


def coded(code: int) -> sqlite3.DatabaseError:
    """An error of SQLite with this code."""
    error = sqlite3.DatabaseError("as SQLite says it")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    "code",
    [
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_CORRUPT_INDEX,
        sqlite3.SQLITE_CORRUPT_SEQUENCE,
        sqlite3.SQLITE_CORRUPT_VTAB,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_IOERR_SHORT_READ,
    ],
)
def test_a_damaged_file_is_called_damaged(code: int) -> None:
    """Nobody should look for free space first."""
    said = unusable("read", coded(code))

    assert "damaged" in said.message
    assert "free space" not in (said.remedy or "")


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE])
def test_a_full_disk_is_not(code: int) -> None:
    """A good state must not be moved away for want of room."""
    said = unusable("written", coded(code))

    assert "damaged" not in said.message
    assert "free space" in (said.remedy or "")


@pytest.mark.parametrize("keep", [100, 4096, 5000, 20_000])
def test_a_file_that_was_cut_off_is_called_damaged(tmp_path: Path, keep: int) -> None:
    """A copy that was broken off, or a disk that was pulled."""
    path = tmp_path / statefile.FILE_NAME
    statefile.prepare(path)
    path.write_bytes(path.read_bytes()[:keep])

    with pytest.raises(StateUnusable, match="damaged") as refused:
        statefile.prepare(path)

    assert "free space" not in (refused.value.remedy or "")
