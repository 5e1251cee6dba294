"""The store of a service that does not run: looked into, changed, and never gone past."""

from __future__ import annotations

import ast
import asyncio
import re
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

import engine.cli
from engine.errors import StateUnusable
from engine.store import mark, statedir
from engine.store.places import done
from engine.store.sqlite import kept, provenance, statefile
from engine.store.sqlite.standing import StandingStore, changing, looking

COMMANDS = Path(engine.cli.__file__).parent
# What a command may do with the file itself: find it, take it over, copy it, say what is beside it.
FILES = frozenset({"before", "copies", "mark", "statedir", "statefile"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state file that nobody has open."""
    path = tmp_path / statefile.FILE_NAME
    statefile.prepare(path)
    return path


def test_what_a_command_changes_is_there_for_the_next_one(path: Path) -> None:
    """Each operation is a transaction of its own."""
    with changing(path) as store:
        done(store.kept.set_setting("a", "1"))

    with looking(path) as store:
        assert done(store.kept.setting("a")) == "1"


def test_whoever_looks_changes_nothing(path: Path) -> None:
    """A service may be at work on it."""
    with pytest.raises(StateUnusable), looking(path) as store:
        done(store.kept.set_setting("a", "1"))

    with looking(path) as store:
        assert done(store.kept.setting("a")) is None


@pytest.mark.parametrize("opened", [looking, changing])
def test_what_cannot_be_read_is_said_with_the_file(
    path: Path, opened: Callable[[Path], AbstractContextManager[StandingStore]]
) -> None:
    """Whoever has several states knows which one to mend."""

    def gone(connection: sqlite3.Connection) -> object:
        return connection.execute("SELECT 1 FROM no_such_table").fetchone()

    said = re.escape(f"{path} cannot be read")
    with pytest.raises(StateUnusable, match=said) as told, opened(path) as store:
        done(store.read(gone))

    assert told.value.remedy is not None
    assert "docs/state.md" in told.value.remedy


def test_a_full_disk_is_told_and_changes_nothing(path: Path) -> None:
    """A command says what is wrong, and what helps, as the service does."""

    def fills(connection: sqlite3.Connection) -> None:
        kept.set_setting(connection, "a", "1")
        connection.execute("PRAGMA max_page_count = 1")
        connection.execute("CREATE TABLE further AS SELECT zeroblob(100000) AS some")

    with changing(path) as store:
        with pytest.raises(StateUnusable, match="full") as told:
            done(store.write(fills))
        assert told.value.remedy is not None
        assert "free space" in told.value.remedy
        assert done(store.kept.setting("a")) is None


def test_what_a_command_changes_is_counted_in_the_mark(path: Path) -> None:
    """Otherwise a copy of before it, put back, would pass for the state itself."""
    with changing(path) as store:
        done(store.kept.set_setting(provenance.NAME, "n"))
        done(store.kept.set_setting(provenance.WRITES, "7"))
        done(store.kept.set_setting("a", "1"))
        counted = done(store.kept.setting(provenance.WRITES))

    seen = mark.look(path.with_name(statedir.MARK_NAME))
    assert seen is not None
    assert (seen.name, str(seen.writes)) == ("n", counted)
    assert seen.writes > 7


def test_what_fails_half_way_leaves_nothing(path: Path) -> None:
    """As in the store of a service that runs."""

    def fails(connection: sqlite3.Connection) -> None:
        kept.set_setting(connection, "a", "1")
        raise ValueError

    with changing(path) as store:
        with pytest.raises(ValueError):
            done(store.write(fails))
        assert done(store.kept.setting("a")) is None


def test_nothing_is_changed_while_a_service_holds_the_state(path: Path) -> None:
    """It would not notice."""
    with statedir.lease(path.parent), pytest.raises(StateUnusable), changing(path):
        pytest.fail("it was opened")


def test_a_command_waits_for_nothing(path: Path) -> None:
    """There is no event loop that would ever go on with it."""
    with pytest.raises(RuntimeError, match="waits for nothing"):
        done(asyncio.sleep(0))
    with looking(path) as store:
        assert store.waiting == 0


@pytest.mark.parametrize("module", sorted(COMMANDS.rglob("*.py")), ids=lambda path: path.stem)
def test_no_command_goes_past_the_port(module: Path) -> None:
    """What is kept how is the adapter's business alone."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert "sqlite3" not in {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "engine.store.sqlite":
            assert {alias.name for alias in node.names} <= FILES
        elif isinstance(node, ast.Attribute) and node.attr == "connect":
            pytest.fail(f"line {node.lineno} opens a connection of its own")
