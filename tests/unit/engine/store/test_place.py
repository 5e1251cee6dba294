"""The place of a state: what whoever opens it, holds it, copies it or looks into it relies on."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from engine.clock import passed_s
from engine.errors import StateAway, StateInUse, StateUnusable
from engine.model.age import Aged
from engine.store.places import done
from engine.store.port.place import Place
from engine.store.port.store import Store
from engine.store.sqlite import statefile
from engine.store.sqlite.place import StateFile

pytestmark = pytest.mark.anyio

SECRET = "outreach.refresh_token"
NOW = 1_700_000_000.0
LEASE_S = 2.0


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Place]:
    """A place of either kind, with no state in it."""
    directory = tmp_path / "state"
    if request.param == "sqlite":
        yield StateFile(directory)
        return
    from tests.unit.engine.store.databases import empty

    with empty(request.getfixturevalue("postgres")) as database:
        from engine.store.postgres.place import StateDatabase

        yield StateDatabase(directory, database, LEASE_S)


async def kept(place: Place) -> None:
    """Something worth keeping."""
    with place.hold(keep=True):
        async with place.open() as store:
            await store.kept.set_secret(SECRET, "rotated")


async def test_there_is_none_until_somebody_opens_it(place: Place) -> None:
    """To ask makes nothing."""
    assert not place.is_there()
    assert not place.held()
    assert all(not size > 0 for size in (await place.sizes()).values())
    assert not place.directory.exists()

    await kept(place)
    assert place.is_there()
    assert (await place.sizes())["main"] > 0


async def test_one_process_holds_it(place: Place) -> None:
    """Whoever comes second is told so, and whoever only looks need not wait."""
    await kept(place)
    with place.hold(keep=True):
        assert place.held()
        with pytest.raises(StateInUse), place.hold(keep=True):
            pass
        with pytest.raises(StateInUse), place.changing():
            pass
        with place.looking() as store:
            assert done(store.report.counts()).pending == 0
    assert not place.held()


@pytest.mark.parametrize("keep", [True, False])
async def test_what_was_made_for_nothing_is_taken_away(place: Place, keep: bool) -> None:
    """Kept is what a service has made that ends in order, empty as it may be."""
    with place.hold(keep=keep):
        async with place.open():
            pass
    assert place.is_there() is keep


async def test_what_was_made_by_somebody_who_fails_is_taken_away(place: Place) -> None:
    """With its directory: the next one begins as this one did."""
    with pytest.raises(StateUnusable), place.hold(keep=True):
        async with place.open():
            pass
        raise StateUnusable("nothing can be done", remedy="none")
    assert not place.directory.exists()


async def test_what_somebody_else_has_taken_up_is_not_taken_away(
    tmp_path: Path, postgres: str
) -> None:
    """Whoever made it was frozen before there was anything in it, and has lost its lease."""
    from engine.store.postgres.place import StateDatabase
    from tests.unit.engine.store.databases import empty

    with empty(postgres) as database:
        made, other = (StateDatabase(tmp_path / name, database, LEASE_S) for name in "ab")
        with pytest.raises(RuntimeError), made.hold(keep=True):
            with database.connected() as connection:
                connection.execute(database.named("UPDATE {schema}.leader SET until = '-infinity'"))
            with other.hold(keep=True):
                raise RuntimeError
        assert other.is_there()


async def test_that_a_state_was_lost_is_known_behind_a_check(place: Place) -> None:
    """Nothing that was made for the check hides it from the first start."""
    await kept(place)
    await begun(place)
    if isinstance(place, StateFile):
        statefile.discard(place.path, marked=True)
    else:
        lost(place)
    assert not place.is_there()
    with place.hold(keep=False) as seen:
        async with place.open() as store:
            assert await store.provenance.begin(place.installation(""), seen, NOW) is not None

    assert not place.is_there()
    assert await begun(place) is not None


async def begun(place: Place) -> Aged | None:
    """Begin on it as a service does; why it is of unknown age, if it is."""
    with place.hold(keep=True) as seen:
        async with place.open() as store:
            return await store.provenance.begin(place.installation(""), seen, NOW)


def lost(place: Any) -> None:
    """Somebody has dropped the tables."""
    with place.database.connected() as connection:
        connection.execute(place.database.named("DROP SCHEMA {schema} CASCADE"))


@pytest.mark.parametrize("keep", [True, False])
async def test_what_holds_anything_stays(place: Place, keep: bool) -> None:
    """A token that was minted on the way is one of these."""
    with pytest.raises(RuntimeError), place.hold(keep=keep):
        await place.vault("outreach").save("refresh_token", "rotated")
        raise RuntimeError
    assert await place.vault("outreach").load("refresh_token") == "rotated"


async def test_a_vault_and_the_store_keep_the_same_secrets(place: Place) -> None:
    """Whichever of them minted it."""
    assert await place.vault("outreach").load("refresh_token") is None
    assert not place.is_there()
    await kept(place)
    assert await place.vault("outreach").load("refresh_token") == "rotated"
    with place.hold(keep=True):
        await place.vault("outreach").save("refresh_token", "newer")
    with place.looking() as store:
        assert done(store.kept.secret(SECRET)) == "newer"


async def test_a_copy_to_rehearse_in_has_no_secret(place: Place, tmp_path: Path) -> None:
    """And there is one of nothing, too."""
    there = tmp_path / "copies"
    there.mkdir()
    place.copy(there / "state.db")
    assert done_in(StateFile(there).looking) is None

    await kept(place)
    again = tmp_path / "again"
    again.mkdir()
    place.copy(again / "state.db")
    assert done_in(StateFile(again).looking) is None
    assert done_in(place.looking) == "rotated"


async def test_a_backup_is_put_back_and_what_was_there_is_kept(
    place: Place, tmp_path: Path
) -> None:
    """With its secrets: it is all that is needed on another machine."""
    await kept(place)
    with place.changing() as store:
        done(store.kept.claim_pair("this pair"))
    place.back_up(tmp_path / "copy.db")
    with place.hold(keep=True):
        with pytest.raises(StateInUse):
            place.put_back(tmp_path / "copy.db", "this pair")
        await place.vault("outreach").save("refresh_token", "newer")
    with pytest.raises(StateUnusable, match="this pair"):
        place.put_back(tmp_path / "copy.db", "another pair")

    aside = place.put_back(tmp_path / "copy.db", "this pair")

    assert aside is not None
    assert done_in(place.looking) == "rotated"


def done_in(looking: Callable[[], AbstractContextManager[Store]]) -> str | None:
    """The secret that is there."""
    with looking() as store:
        return done(store.kept.secret(SECRET))


def test_what_is_free_and_cannot_be_taken_is_stood_by_for(tmp_path: Path, postgres: str) -> None:
    """Where every commit waits for a replica that is away, nobody is kept from answering."""
    psycopg = pytest.importorskip("psycopg")
    from engine.store.postgres.place import StateDatabase
    from tests.unit.engine.store.databases import empty

    with empty(postgres) as database, psycopg.connect(database.address) as other:
        place = StateDatabase(tmp_path / "state", database, LEASE_S)
        database.prepare()
        other.execute(f"UPDATE {database.schema}.leader SET until = until")  # noqa: S608 # ours
        with place.watching() as occupant:
            assert occupant() is None
        began_at = passed_s()
        with pytest.raises(StateInUse), place.hold(keep=True):
            pass
        assert passed_s() - began_at < LEASE_S

        with place.watching() as occupant:
            for _ in range(3):
                with pytest.raises(StateAway, match="lets nobody begin"):
                    occupant()
            other.rollback()
            assert occupant() is None
        with place.hold(keep=True), place.watching() as occupant:
            assert "process" in (occupant() or "")
        with place.watching() as occupant:
            assert occupant() is None


async def test_who_stands_by_knows_when_an_older_state_was_put_in_its_place(
    tmp_path: Path, postgres: str
) -> None:
    """A dump put back beneath a pair is seen by whoever takes over, and not by who worked alone."""
    from engine.store.postgres.place import StateDatabase
    from tests.unit.engine.store.databases import empty

    with empty(postgres) as database:
        works = StateDatabase(tmp_path / "one", database, LEASE_S)
        stands_by = StateDatabase(tmp_path / "two", database, LEASE_S)
        (tmp_path / "two").mkdir(mode=0o700)
        await begun(works)
        before = writes(database)
        await kept(works)
        with stands_by.watching() as occupant:
            assert occupant() is None
            # It goes back to before that, and nobody believes what it shows since.
            assert writes(database, before) == before
            assert occupant() is None

        assert await begun(stands_by) is not None
        with works.watching() as occupant:
            assert occupant() is None
        assert await begun(works) is None


def writes(database: Any, count: int | None = None) -> int:
    """How many writes the state counts; from now on so many, where that is given."""
    with database.connected() as connection:
        if count is not None:
            statement = "UPDATE {schema}.setting SET value = %s WHERE name = 'state_writes'"
            connection.execute(database.named(statement), (str(count),))
        statement = "SELECT value FROM {schema}.setting WHERE name = 'state_writes'"
        return int(connection.execute(database.named(statement)).fetchone()[0])
