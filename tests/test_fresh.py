"""A fresh state that tests begin with is the one that the program makes."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from pathlib import Path

import pytest

from engine.errors import StateUnusable
from engine.store.sqlite import statefile
from tests import fresh

HEADER = ("user_version", "application_id", "journal_mode", "auto_vacuum", "page_size")


def held(connection: sqlite3.Connection) -> list[object]:
    """Everything in it: its schema, what its header says, and every row."""
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master").fetchall()]
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [
        sorted(names),
        connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall(),
        *(connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in tables),  # noqa: S608 # names of our own
    ]


def read(path: Path) -> list[object]:
    """The same of a file."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        header = [connection.execute(f"PRAGMA {name}").fetchone() for name in HEADER]
        return [*header, *held(connection)]


def test_a_copied_state_is_a_migrated_one(tmp_path: Path) -> None:
    """Otherwise all that begins with it shows nothing about the program."""
    copy, made = tmp_path / "copy.db", tmp_path / "made.db"
    statefile.prepare(copy)
    fresh.migrated(made)

    assert statefile.prepare is fresh.prepare
    assert read(copy) == read(made)
    assert stat.S_IMODE(copy.stat().st_mode) == stat.S_IMODE(made.stat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "made.db"]


def test_a_state_in_memory_has_the_same_schema(tmp_path: Path) -> None:
    """Property tests search in it."""
    path = tmp_path / statefile.FILE_NAME
    fresh.migrated(path)
    with (
        contextlib.closing(fresh.in_memory()) as ours,
        contextlib.closing(sqlite3.connect(path)) as theirs,
    ):
        ours.row_factory = None
        assert held(ours) == held(theirs)


@pytest.mark.usefixtures("every_migration")
def test_a_test_may_ask_for_every_migration() -> None:
    """Those of how a state comes about do."""
    assert statefile.prepare is fresh.migrated


def test_what_is_there_is_left_to_the_program(tmp_path: Path) -> None:
    """A copy over somebody's file would be a state lost."""
    path = tmp_path / statefile.FILE_NAME
    path.write_text("no state", encoding="utf-8")
    with pytest.raises(StateUnusable):
        statefile.prepare(path)

    assert path.read_text(encoding="utf-8") == "no state"


def test_where_nothing_can_be_copied_the_program_says_why(tmp_path: Path) -> None:
    """A state in a directory that is not there."""
    with pytest.raises(StateUnusable, match="cannot be used"):
        statefile.prepare(tmp_path / "nowhere" / statefile.FILE_NAME)
