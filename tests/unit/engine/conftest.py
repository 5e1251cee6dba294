"""Fixtures of the engine's unit tests."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator
from pathlib import Path

import pytest

from engine.store.sqlite import statefile


@pytest.fixture
def connection(tmp_path: Path) -> Generator[sqlite3.Connection]:
    """A connection to a new state file."""
    path = tmp_path / statefile.FILE_NAME
    statefile.prepare(path)
    with contextlib.closing(statefile.connect(path)) as opened:
        yield opened
