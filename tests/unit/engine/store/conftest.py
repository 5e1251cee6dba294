"""What the tests of the store run on: each of the adapters, one after the other."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from engine.store.sqlite import statefile

if TYPE_CHECKING:
    from tests.unit.engine.store.direct import Tables


@pytest.fixture(scope="session")
def tables(postgres: str) -> Generator[Tables]:
    """The tables of a state in PostgreSQL."""
    # Whoever runs other tests needs no driver.
    from tests.unit.engine.store.direct import Tables

    with contextlib.closing(Tables(postgres)) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[sqlite3.Connection]:
    """A connection to a new state, of either adapter."""
    if request.param == "postgres":
        tables: Any = request.getfixturevalue("tables")
        yield cast("sqlite3.Connection", tables.as_new())
        return
    path = tmp_path / statefile.FILE_NAME
    statefile.prepare(path)
    with contextlib.closing(statefile.connect(path)) as opened:
        yield opened
