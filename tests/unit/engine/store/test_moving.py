"""Moves of a state into a database and back: of the two at most one is ever in use."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from engine.assembly.opening import plain_errors
from engine.config.loading import ServiceSettings
from engine.errors import StateAway, StateInUse, StateUnusable
from engine.model.age import Aged
from engine.store import statedir
from engine.store.places import done, ensure_in_use
from engine.store.port.place import Place
from engine.store.sqlite import statefile
from engine.store.sqlite.place import StateFile
from tests.unit.engine.store.cut_off import Cut, Move, killed
from tests.unit.engine.store.filled import ROWS, contents, fill, typed

if TYPE_CHECKING:
    from engine.store.moving import Moved
    from engine.store.postgres.database import Database

pytestmark = pytest.mark.anyio

LEASE_S = 0.4
PAIR = "this pair"
NOW = 1_700_000_000.0
# Settings that say where a state is at home.
APART = frozenset({"installation", "moved", "state_writes", "state_name", "run"})


@pytest.fixture
def database(postgres: str) -> Generator[Database]:
    """A database with nothing of ours in it."""
    from tests.unit.engine.store.databases import empty

    with empty(postgres) as made:
        yield made


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A state directory with something in every table."""
    made = tmp_path / "state"
    made.mkdir(mode=0o700)
    fill(made / statefile.FILE_NAME)
    return made


def settings(instance: str = "") -> ServiceSettings:
    """Those by which it is moved."""
    return ServiceSettings(instance=instance).model_copy(update={"lease_s": LEASE_S})


def moved(
    database: Database, directory: Path, *, into: bool, pair: str = PAIR, instance: str = ""
) -> Moved:
    """Move it."""
    from engine.store.moving import moved as done_so

    return done_so(database, directory, settings(instance), pair, into=into)


def places(database: Database, directory: Path) -> tuple[Place, Place]:
    """The file, and the tables; the mark beside both is the same, as on one machine."""
    from engine.store.postgres.place import StateDatabase

    return StateFile(directory), StateDatabase(directory, database, LEASE_S)


async def taken_up(place: Place, instance: str = "") -> Aged | None:
    """Begin on it, as a service does.

    Raises:
        StateUnusable: it may not.
    """
    here = place.installation(instance)
    with plain_errors(), place.hold(keep=True) as seen:
        async with place.open() as store:
            await ensure_in_use(store)
            return await store.provenance.begin(here, seen, NOW)


async def refusal(place: Place, instance: str = "") -> str | None:
    """Why it is not taken up; None if it is."""
    try:
        await taken_up(place, instance)
    except StateUnusable as error:
        assert error.remedy
        return f"{error}: {error.remedy}"
    return None


def holds(place: Place) -> bool:
    """Whether there is anything in it; an empty one is as good as none."""
    if not place.is_there():
        return False
    with place.looking() as store:
        return done(store.kept.secret("1 plain")) is not None


def in_tables(database: Database, query: str) -> list[tuple[Any, ...]]:
    """What a query finds in the tables."""
    with psycopg.connect(database.address, options=f"-c search_path={database.schema}") as asked:
        return asked.execute(query.encode()).fetchall()


def whole(path: Path) -> dict[str, Any]:
    """All that is in a file, but for whose it is, and that it was begun on."""
    found = typed(contents(path))
    found["setting"] = [row for row in found["setting"] if row[0][1] not in APART]
    del found["run"], found["sqlite_sequence"]
    return found


@pytest.mark.parametrize("instance", ["", "prod"])
async def test_only_the_one_it_was_moved_to_is_taken_up(
    database: Database, directory: Path, instance: str
) -> None:
    """And back again, and again; what is known of its age goes with it."""
    file, tables = places(database, directory)
    assert await taken_up(file, instance) is not None, "nobody had begun on it"
    before = whole(directory / statefile.FILE_NAME)
    first = moved(database, directory, into=True, instance=instance)
    told = await refusal(file, instance)

    assert first.aside is None
    assert first.rows > ROWS * 20
    assert told is not None
    assert f"this state was moved to {tables.installation(instance)}" in told
    assert await taken_up(tables, instance) is None

    back = moved(database, directory, into=False, instance=instance)
    assert back.aside == str(directory / "state.db.before-1")
    told = await refusal(tables, instance)
    assert told is not None
    assert f"moved to {file.installation(instance)}" in told
    assert whole(directory / statefile.FILE_NAME) == before
    assert await taken_up(file, instance) is None

    again = moved(database, directory, into=True, instance=instance)
    assert again.aside == f"schema {database.schema}_before_1 of the same database"
    assert await refusal(file, instance) is not None
    assert await taken_up(tables, instance) is None


async def test_a_start_on_the_one_that_was_moved_leaves_the_other_as_it_is(
    database: Database, directory: Path
) -> None:
    """A write to it would be taken for one that the other has lost: both have one mark."""
    file, tables = places(database, directory)
    await taken_up(file)
    moved(database, directory, into=True)
    assert await taken_up(tables) is None
    for _ in range(3):
        assert await refusal(file) is not None

    assert await taken_up(tables) is None


async def test_one_that_was_moved_is_adopted_if_the_other_is_lost(
    database: Database, directory: Path
) -> None:
    """Nothing that it knows is believed then."""
    file, tables = places(database, directory)
    moved(database, directory, into=True)
    with file.changing() as store:
        done(store.provenance.adopt(file.installation("")))

    aged = await taken_up(file)
    assert aged is not None
    assert "adopt" in aged.reason
    assert tables.is_there()


@pytest.mark.parametrize("into", [True, False])
async def test_nothing_is_put_back_where_a_state_was_moved_away(
    database: Database, directory: Path, tmp_path: Path, into: bool
) -> None:
    """Both would be in use then; whoever has lost the other one takes this one over first."""
    file, tables = places(database, directory)
    await taken_up(file)
    moved(database, directory, into=True)
    if not into:
        moved(database, directory, into=False)
    left, used = (file, tables) if into else (tables, file)
    used.back_up(tmp_path / "copy.db")
    with pytest.raises(StateUnusable, match="this state was moved to") as told:
        left.put_back(tmp_path / "copy.db", PAIR)
    assert "wosync state adopt" in (told.value.remedy or "")
    assert await refusal(used) is None

    with left.changing() as store:
        done(store.provenance.adopt(left.installation("")))
    assert left.put_back(tmp_path / "copy.db", PAIR) is not None


@pytest.mark.parametrize("into", [True, False])
async def test_where_a_state_is_already_none_is_moved_to(
    database: Database, directory: Path, tmp_path: Path, into: bool
) -> None:
    """It is as it was, and so is the one that was to be moved."""
    moved(database, directory, into=True)
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    fill(other / statefile.FILE_NAME)
    before = contents(other / statefile.FILE_NAME)

    with pytest.raises(StateUnusable, match=r"there is a state in .* already") as told:
        moved(database, other, into=into)

    assert told.value.remedy
    assert contents(other / statefile.FILE_NAME) == before
    _, tables = places(database, directory)
    assert await refusal(tables) is None


@pytest.mark.parametrize("into", [True, False])
async def test_one_without_a_record_makes_room(
    database: Database, directory: Path, tmp_path: Path, into: bool
) -> None:
    """As a start that came too early has left it."""
    other = tmp_path / "other"
    empty, tables = places(database, other)
    for place in (empty, tables):
        await taken_up(place)
    assert empty.is_there()
    assert tables.is_there()
    if not into:
        moved(database, directory, into=True)

    ended = moved(database, directory if into else other, into=into)

    assert ended.aside is None
    assert await refusal(tables if into else empty) is None
    assert (other / statedir.MARK_NAME).exists()


@pytest.mark.parametrize("into", [True, False])
def test_what_is_not_there_is_not_moved(database: Database, tmp_path: Path, into: bool) -> None:
    """Nothing is made for it."""
    with pytest.raises(StateUnusable, match="there is no state in") as told:
        moved(database, tmp_path / "absent", into=into)

    assert told.value.remedy
    assert [*tmp_path.iterdir()] == []
    assert database.version() == 0


@pytest.mark.parametrize("into", [True, False])
def test_one_that_a_process_works_on_is_not_moved(
    database: Database, directory: Path, tmp_path: Path, into: bool
) -> None:
    """Nor is one put where a process works."""
    moved(database, directory, into=True)
    moved(database, directory, into=False)
    elsewhere = tmp_path / "elsewhere"
    file, tables = places(database, elsewhere)
    with tables.hold(keep=True), pytest.raises(StateInUse):
        moved(database, directory, into=into)
    with StateFile(directory).hold(keep=True), pytest.raises(StateInUse):
        moved(database, directory, into=into)
    assert not file.is_there()


@pytest.mark.parametrize("into", [True, False])
async def test_one_of_another_pair_is_not_moved(
    database: Database, directory: Path, tmp_path: Path, into: bool
) -> None:
    """It would be of no use to the configuration that it was moved for."""
    if not into:
        moved(database, directory, into=True)
    goal = directory if into else tmp_path / "goal"
    with pytest.raises(StateUnusable, match=r"one of this pair, and .* names another") as told:
        moved(database, goal, into=into, pair="another")

    assert told.value.remedy
    file, tables = places(database, directory)
    assert await refusal(file if into else tables) is None
    assert (tables if into else StateFile(goal)).is_there() is False


@pytest.mark.parametrize("what", ["damaged", "theirs", "newer"])
def test_a_file_that_cannot_be_used_is_left_alone(
    database: Database, directory: Path, what: str
) -> None:
    """Whichever way: nothing of it is written over, and nothing is made for it."""
    path = directory / statefile.FILE_NAME
    moved(database, directory, into=True)
    run_sql(database, "DELETE FROM setting WHERE name = 'moved'")
    path.unlink()
    fill(path)
    if what == "damaged":
        path.write_bytes(path.read_bytes()[:9000])
    else:
        with contextlib.closing(sqlite3.connect(path)) as file:
            file.execute(
                "PRAGMA application_id = 7" if what == "theirs" else "PRAGMA user_version = 999"
            )
    before = path.read_bytes()

    for into in (True, False):
        with pytest.raises(StateUnusable) as told:
            moved(database, directory, into=into)
        assert told.value.remedy

    assert path.read_bytes() == before
    assert {one.name for one in directory.iterdir()} <= {
        statefile.FILE_NAME,
        f"{statefile.FILE_NAME}-wal",
        f"{statefile.FILE_NAME}-shm",
    }


def run_sql(database: Database, statement: str) -> None:
    """A statement on the tables."""
    with psycopg.connect(database.address, options=f"-c search_path={database.schema}") as asked:
        asked.execute(statement.encode())


async def test_a_file_of_an_older_version_is_brought_up_to_date(
    database: Database, tmp_path: Path
) -> None:
    """As a start would; what it was is kept beside it."""
    directory = tmp_path / "state"
    directory.mkdir(mode=0o700)
    with contextlib.closing(sqlite3.connect(directory / statefile.FILE_NAME)) as file:
        for step in statefile.migrations()[:5]:
            file.executescript(step)
        file.execute("PRAGMA user_version = 5")
        file.execute(f"PRAGMA application_id = {statefile.APPLICATION_ID}")
        file.execute("INSERT INTO secret (name, value) VALUES ('a', 'b')")
        file.commit()

    moved(database, directory, into=True)

    assert in_tables(database, "SELECT * FROM secret") == [("a", "b")]
    assert (directory / f"{statefile.FILE_NAME}.schema-5").exists()
    _, tables = places(database, directory)
    assert await refusal(tables) is None


def test_a_database_that_is_away_is_told_before_anything_is_done(
    directory: Path, tmp_path: Path
) -> None:
    """The file is as it was; it was not even brought up to date."""
    pytest.importorskip("psycopg")
    from engine.store.postgres.database import Database

    before = (directory / statefile.FILE_NAME).read_bytes()
    away = Database(f"host={tmp_path} dbname=x", "wosync", lambda: None)
    for into in (True, False):
        with pytest.raises(StateAway):
            moved(away, directory, into=into)

    assert (directory / statefile.FILE_NAME).read_bytes() == before
    assert [one.name for one in directory.iterdir()] == [statefile.FILE_NAME]


CUTS = {
    "while rows are written": Cut(True, "copying", "_of_file", 3),
    "while they are compared": Cut(True, "copying", "_ensure_equal", 0),
    "before the file says so": Cut(True, "moving", "_settle_file", 0),
    "before the tables say so": Cut(True, "moving", "_settle", 1, in_use=False),
    "while they are read": Cut(False, "copying", "_of_database", 3),
    "with no file in place": Cut(False, "copies", "sync", 1),
    "before the tables are left": Cut(False, "moving", "_settle", 0),
    "before the file is in use": Cut(False, "moving", "_settle_file", 1, in_use=False),
}


# One group, so that one process loads what all are forked off.
@pytest.mark.xdist_group("moves cut off")
@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
async def test_whoever_is_cut_off_leaves_one_in_use_or_none_and_begins_anew(
    database: Database, directory: Path, cut: Cut
) -> None:
    """Never two; which one it is, and what to do, is told."""
    file, tables = places(database, directory)
    await taken_up(file)
    before = whole(directory / statefile.FILE_NAME)
    if not cut.into:
        moved(database, directory, into=True)
    source, target = (file, tables) if cut.into else (tables, file)
    killed(Move(database.address, database.schema, directory, LEASE_S, PAIR), cut)

    left, come = [await refusal(one) if holds(one) else "nothing" for one in (source, target)]
    assert (left is None) is cut.in_use, left
    assert come is not None
    if left is not None:
        # Whoever follows what each of them says comes to an end.
        assert "was moved to" in left
        assert "begins anew: wosync state copy" in come
    moved(database, directory, into=cut.into)

    assert await refusal(target) is None
    assert await refusal(source) is not None
    if cut.into:
        moved(database, directory, into=False)
    assert whole(directory / statefile.FILE_NAME) == before
    assert not (directory / f"{statefile.FILE_NAME}.new").exists()


async def test_the_way_back_is_open_too_where_neither_is_in_use(
    database: Database, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both hold the same then."""
    from engine.store import moving

    file, tables = places(database, directory)
    await taken_up(file)
    before = whole(directory / statefile.FILE_NAME)
    settle, calls = moving._settle, 0  # pyright: ignore[reportPrivateUsage]

    def cut_off(*values: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        settle(*values)

    monkeypatch.setattr(moving, "_settle", cut_off)
    with pytest.raises(KeyboardInterrupt):
        moved(database, directory, into=True)
    monkeypatch.undo()
    assert None not in (await refusal(file), await refusal(tables))

    moved(database, directory, into=False)

    assert await refusal(file) is None
    told = await refusal(tables)
    assert told is not None
    assert "this state was moved to" in told
    assert whole(directory / statefile.FILE_NAME) == before
