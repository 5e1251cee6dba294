"""Copies between a state file and a database: every row and every type, or nothing."""

from __future__ import annotations

import contextlib
import sqlite3
import tracemalloc
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from engine.errors import StateInUse, StateUnusable
from engine.store import statedir
from engine.store.places import done
from engine.store.sqlite import statefile
from engine.store.sqlite.place import StateFile
from tests.unit.engine.store.filled import ROWS, contents, fill, tables, typed

if TYPE_CHECKING:
    from engine.store.postgres.database import Database
    from engine.store.postgres.place import StateDatabase

LEASE_S = 0.4
PAIR = "this pair"
LARGE = 300
# What a copy says of itself, and no state before it.
COPIED = ("copied", "it was put back from a copy")


@pytest.fixture
def database(postgres: str) -> Generator[Database]:
    """A database with nothing of ours in it."""
    from tests.unit.engine.store.databases import empty

    with empty(postgres) as made:
        yield made


@pytest.fixture
def place(database: Database, tmp_path: Path) -> StateDatabase:
    """The state in it."""
    from engine.store.postgres.place import StateDatabase

    return StateDatabase(tmp_path / "state", database, LEASE_S)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A state file with something in every table."""
    path = tmp_path / "copy.db"
    fill(path)
    return path


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    """What a query finds in the tables."""
    with psycopg.connect(database.address, options=f"-c search_path={database.schema}") as asked:
        return asked.execute(query.encode()).fetchall()


def run(database: Database, statement: str) -> None:
    """A statement on the tables."""
    with psycopg.connect(database.address, options=f"-c search_path={database.schema}") as asked:
        asked.execute(statement.encode())


def test_every_table_and_column_of_a_file_is_copied(database: Database, copy: Path) -> None:
    """One that only one of the two has would be lost without a word."""
    from engine.store.copying import tables as copied

    database.prepare()
    with (
        contextlib.closing(statefile.connect(copy)) as file,
        database.connected() as connection,
    ):
        known = {
            table.name: set(table.columns) for table in copied(connection, database.schema, file)
        }
        there = {
            name: {row[1] for row in file.execute(f"PRAGMA table_info({name})")}
            for name, _ in tables(file)
        }
    del there["sqlite_sequence"]

    assert known == there


def test_every_row_and_type_is_the_same_there_and_back(
    place: StateDatabase, copy: Path, tmp_path: Path
) -> None:
    """In the file that comes of it, and in the tables between."""
    before = typed(contents(copy))
    place.put_back(copy, PAIR)
    place.back_up(tmp_path / "back.db")

    back = typed(contents(tmp_path / "back.db"))
    settings = back.pop("setting"), before.pop("setting")
    assert back == before
    assert [row for row in settings[0] if row[0][1] != COPIED[0]] == settings[1]
    found = rows(place.database, "SELECT * FROM history ORDER BY seq")
    assert [[(type(value).__name__, value) for value in row] for row in found] == before["history"]


def test_numbers_go_on_after_the_highest_that_was_given(
    place: StateDatabase, copy: Path, tmp_path: Path
) -> None:
    """Also where the row that had it is gone: what was told of that run is not told of another."""
    with contextlib.closing(sqlite3.connect(copy)) as file, file:
        file.execute("INSERT INTO run VALUES (40, 'started', 1, '')")
        file.execute("DELETE FROM run WHERE id = 40")
        file.execute("UPDATE history SET seq = 70 WHERE seq = 2")
    place.put_back(copy, PAIR)
    run(place.database, "INSERT INTO run (kind, began_at, detail) VALUES ('started', 1, '')")
    run(place.database, "INSERT INTO setting_change (at, key) VALUES (1, 'last')")
    run(
        place.database,
        "INSERT INTO history (at, record_id, version, decision, detail) VALUES (1, 1, 1, '', '')",
    )
    run(place.database, "DELETE FROM run WHERE id = 41")

    assert rows(place.database, "SELECT max(seq) FROM history") == [(71,)]
    assert rows(place.database, "SELECT key FROM setting_change ORDER BY seq DESC LIMIT 1") == [
        ("last",)
    ]
    place.back_up(tmp_path / "back.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "back.db")) as file, file:
        file.execute("INSERT INTO run (kind, began_at, detail) VALUES ('started', 1, '')")
        assert file.execute("SELECT max(id) FROM run").fetchone() == (42,)
        assert file.execute("SELECT name FROM sqlite_sequence").fetchall() == [("run",)]


def test_numbers_begin_with_one_where_none_was_given(place: StateDatabase, tmp_path: Path) -> None:
    """A state that has never been started on."""
    statefile.prepare(tmp_path / "new.db")
    place.put_back(tmp_path / "new.db", PAIR)

    run(place.database, "INSERT INTO run (kind, began_at, detail) VALUES ('started', 1, '')")
    assert rows(place.database, "SELECT id FROM run") == [(1,)]


def test_what_no_database_can_hold_is_copied_as_a_sign_for_it(
    place: StateDatabase, copy: Path
) -> None:
    """Also in a key, where it has another place in the order."""
    with contextlib.closing(sqlite3.connect(copy)) as file, file:
        file.execute("UPDATE record SET payload = 'a' || char(0) || 'b' WHERE id = 1")
        file.executemany(
            "INSERT INTO awaited VALUES ('person', ?, 1)",
            [("x\0y",), ("x",), ("xa",), ("x\ufffe",), ("\0",)],
        )
    place.put_back(copy, PAIR)

    assert rows(place.database, "SELECT payload FROM record WHERE id = 1") == [("a\ufffdb",)]
    names = rows(place.database, "SELECT name FROM awaited WHERE kind = 'person' ORDER BY name")
    assert names == [("x",), ("xa",), ("x\ufffdy",), ("x\ufffe",), ("\ufffd",)]


def test_a_copy_that_is_not_the_same_is_not_kept(
    place: StateDatabase, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever made it differ."""
    from engine.store import copying

    place.put_back(copy, PAIR)
    there = rows(place.database, "SELECT * FROM record ORDER BY id")

    def alike(one: tuple[Any, ...], _: object) -> bool:
        return one[0] != 2

    monkeypatch.setattr(copying, "_alike", alike)
    with pytest.raises(StateUnusable, match="differs from the state in table record, row 2"):
        place.put_back(copy, PAIR)
    with pytest.raises(StateUnusable, match="differs"):
        place.back_up(tmp_path / "back.db")

    assert rows(place.database, "SELECT * FROM record ORDER BY id") == there
    assert [one.name for one in tmp_path.iterdir()] == ["copy.db"]


def test_neither_is_ever_held_in_memory(
    place: StateDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state of a million records is moved on a small machine."""
    from engine.store import copying

    monkeypatch.setattr(copying, "_ROWS", 20)
    fill(tmp_path / "large.db", LARGE, lambda number: str(number).zfill(50_000))
    tracemalloc.start()
    try:
        place.put_back(tmp_path / "large.db", PAIR)
        place.back_up(tmp_path / "back.db")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert rows(place.database, "SELECT count(*) FROM record") == [(LARGE,)]
    assert most < LARGE * 50_000 / 5


def test_each_kind_puts_back_what_the_other_has_written(
    place: StateDatabase, copy: Path, tmp_path: Path
) -> None:
    """It says of itself that it is a copy, so nothing that it knows is believed."""
    place.put_back(copy, PAIR)
    place.back_up(tmp_path / "of_tables.db")
    file = StateFile(tmp_path / "file")
    file.put_back(tmp_path / "of_tables.db", PAIR)

    assert len(rows(place.database, "SELECT * FROM record")) == ROWS
    with file.looking() as store:
        assert done(store.kept.setting("copied")) == COPIED[1]
    file.back_up(tmp_path / "of_file.db")
    aside = place.put_back(tmp_path / "of_file.db", PAIR)
    assert aside == f"schema {place.database.schema}_before_1 of the same database"
    assert rows(place.database, "SELECT value FROM setting WHERE name = 'copied'") == [(COPIED[1],)]


def test_a_copy_may_be_named_from_where_one_stands(
    place: StateDatabase, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a person types it who stands in the directory it is to be in."""
    monkeypatch.chdir(tmp_path)
    place.put_back(Path(copy.name), PAIR)
    place.back_up(Path("back.db"))

    assert contents(tmp_path / "back.db")["record"] == contents(copy)["record"]


@pytest.mark.parametrize("what", ["nothing", "text", "empty", "theirs", "cut off", "another pair"])
def test_what_is_no_copy_is_not_put_back(place: StateDatabase, copy: Path, what: str) -> None:
    """Nothing is made for it."""
    whole = copy.read_bytes()
    if what == "nothing":
        copy.unlink()
    elif what == "text":
        copy.write_text("this is no database, whatever its name says\n" * 100)
    elif what == "empty":
        copy.write_bytes(b"")
    elif what == "cut off":
        copy.write_bytes(whole[: len(whole) // 2])
    else:
        statement = "CREATE TABLE theirs (x)"
        if what == "theirs":
            copy.unlink()
        else:
            statement = "UPDATE setting SET value = 'others' WHERE name = 'pair'"
        with contextlib.closing(sqlite3.connect(copy)) as file, file:
            file.execute(statement)

    with pytest.raises(StateUnusable) as told:
        place.put_back(copy, PAIR)

    assert told.value.remedy
    assert not place.is_there()
    assert not place.directory.exists()


def test_an_older_copy_is_brought_up_to_date_and_stays_as_it_is(
    place: StateDatabase, tmp_path: Path
) -> None:
    """It may be needed again by the version that wrote it."""
    old = tmp_path / "old.db"
    with contextlib.closing(sqlite3.connect(old)) as file:
        for number, step in enumerate(statefile.migrations()[:5], 1):
            file.executescript(step)
            file.execute(f"PRAGMA user_version = {number}")
        file.execute(f"PRAGMA application_id = {statefile.APPLICATION_ID}")
        file.execute("INSERT INTO setting (name, value) VALUES ('colour', 'blue')")
        file.commit()
    before = old.read_bytes()

    place.put_back(old, PAIR)

    assert rows(place.database, "SELECT value FROM setting WHERE name = 'colour'") == [("blue",)]
    assert old.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["old.db"]


def test_the_number_of_the_lease_goes_on_in_what_was_put_back(
    place: StateDatabase, copy: Path
) -> None:
    """A process that was frozen meanwhile wakes up with the one that it was given."""
    with place.hold(keep=True):
        pass
    run(place.database, "UPDATE leader SET number = 41")
    for at_least in (42, 43):
        place.put_back(copy, PAIR)
        [(number,)] = rows(place.database, "SELECT number FROM leader")
        assert number >= at_least
    with place.hold(keep=True):
        [(next_number,)] = rows(place.database, "SELECT number FROM leader")
        assert next_number > number


def test_nothing_is_put_back_while_somebody_works(place: StateDatabase, copy: Path) -> None:
    """On this machine, or on another one."""
    from engine.store.postgres.place import StateDatabase

    place.put_back(copy, PAIR)
    elsewhere = StateDatabase(place.directory.with_name("elsewhere"), place.database, LEASE_S)
    with elsewhere.hold(keep=True), pytest.raises(StateInUse):
        place.put_back(copy, PAIR)
    with statedir.lease(place.directory), pytest.raises(StateInUse):
        place.put_back(copy, PAIR)


def test_a_backup_leaves_alone_what_lies_beside_it(
    place: StateDatabase, copy: Path, tmp_path: Path
) -> None:
    """Some names of ours are words."""
    place.put_back(copy, PAIR)
    beside = tmp_path / statedir.REST_NAME
    beside.write_text("somebody else's")
    place.back_up(tmp_path / "back.db")

    assert beside.read_text() == "somebody else's"
    with pytest.raises(StateUnusable, match="exists already"):
        place.back_up(tmp_path / "back.db")


def test_a_role_that_may_not_make_a_schema_is_told_so(
    postgres: str, copy: Path, tmp_path: Path
) -> None:
    """What is there cannot be kept under another name then; nothing of it is lost."""
    from engine.store.postgres.place import StateDatabase
    from tests.unit.engine.store.databases import poor

    with poor(postgres) as database:
        place = StateDatabase(tmp_path / "state", database, LEASE_S)
        assert place.put_back(copy, PAIR) is None
        with pytest.raises(StateUnusable, match="may not make a schema") as told:
            place.put_back(copy, PAIR)
        assert len(rows(database, "SELECT * FROM record")) == ROWS

    assert told.value.remedy
    assert "GRANT CREATE ON DATABASE" in told.value.remedy


def test_a_schema_that_was_given_to_the_role_stays(postgres: str, tmp_path: Path) -> None:
    """The role could not make it again."""
    from engine.store.postgres.place import StateDatabase
    from tests.unit.engine.store.databases import poor

    with poor(postgres) as database:
        place = StateDatabase(tmp_path / "state", database, LEASE_S)
        for _ in range(2):
            with place.hold(keep=False):
                assert place.is_there()
            assert not place.is_there()
        found = rows(database, "SELECT proname FROM pg_proc WHERE proname = 'fence'")
        assert len(found) <= 1
        with place.hold(keep=True):
            pass
        assert place.is_there()


def test_what_others_have_put_into_the_schema_is_not_copied(
    place: StateDatabase, copy: Path, tmp_path: Path
) -> None:
    """As a view or a table for a board is."""
    place.put_back(copy, PAIR)
    run(place.database, "CREATE TABLE theirs AS SELECT id FROM record")
    place.back_up(tmp_path / "back.db")

    assert "theirs" not in contents(tmp_path / "back.db")


def test_a_copy_for_which_there_is_no_room_is_not_left_half_written(
    place: StateDatabase, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be taken for one."""
    place.put_back(copy, PAIR)
    connect = statefile.connect

    def narrow(path: Path, **how: bool) -> sqlite3.Connection:
        connection = connect(path, **how)
        if not how.get("durable", True):
            connection.execute("PRAGMA max_page_count = 1")
        return connection

    monkeypatch.setattr(statefile, "connect", narrow)
    run(place.database, "UPDATE record SET payload = repeat('x', 1000000)")
    with pytest.raises(StateUnusable, match=r"back\.db cannot be written: .*full") as told:
        place.back_up(tmp_path / "back.db")

    assert told.value.remedy
    assert [one.name for one in tmp_path.iterdir()] == ["copy.db"]
