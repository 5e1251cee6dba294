"""What processes of a fleet tell each other of the requests they send for one user."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from engine.errors import StateUnusable
from engine.model.fleet import Drawn

if TYPE_CHECKING:
    from engine.store.postgres.database import Database
    from engine.store.postgres.fleet.accounts import AccountTables

NOW = 1_790_000_000.0
ANN, BOB = "ann", "bob"


@pytest.fixture
def database(postgres: str) -> Generator[Database]:
    """The tables of a fleet, new."""
    from engine.store.postgres.fleet.register import Register
    from tests.unit.engine.store.databases import empty

    with empty(postgres) as made:
        Register(made).prepare()
        yield made


@contextmanager
def member(database: Database, name: str) -> Generator[AccountTables]:
    """The accounts as one process sees them."""
    from engine.store.postgres.fleet.accounts import AccountTables
    from engine.store.postgres.lent import Lent

    with closing(Lent(database)) as lent:
        yield AccountTables(lent, database.schema, name)


def heard(
    who: AccountTables, *told: Drawn, now: float = NOW, tidy: bool = False
) -> Mapping[str, Drawn]:
    """Tell this, and hear of both accounts."""
    return who.exchange(told, [ANN, BOB], now, tidy=tidy)


def run(database: Database, statement: str) -> None:
    """Change the tables by hand."""
    with database.connected() as connection:
        connection.execute(f"SET search_path TO {database.schema}".encode())
        connection.execute(statement.encode())


def test_each_hears_what_all_others_have_drawn_by_minute(database: Database) -> None:
    """Of itself it knows, and nothing is counted twice."""
    with (
        member(database, "one") as one,
        member(database, "two") as two,
        member(database, "three") as three,
    ):
        heard(one, Drawn(ANN, {10: 5, 11: 1}), Drawn(BOB, {11: 7}))
        heard(two, Drawn(ANN, {11: 2}))
        heard(one, Drawn(ANN, {10: 5, 11: 3}))

        assert heard(three)[ANN].minutes == {10: 5, 11: 5}
        assert heard(three)[BOB].minutes == {11: 7}
        assert heard(two)[ANN].minutes == {10: 5, 11: 3}
        assert heard(one)[ANN].minutes == {11: 2}
        assert heard(one)[BOB].minutes == {}


def test_what_a_process_told_counts_for_an_hour_whatever_became_of_it(database: Database) -> None:
    """Its requests were sent; the window, long over, tells nobody anything."""
    with member(database, "one") as one, member(database, "two") as two:
        heard(one, Drawn(ANN, {10: 5}, 100, 50, NOW + 500, NOW), Drawn(BOB, {10: 1}))
        run(database, "UPDATE drawn SET told_at = told_at - interval '59 minutes'")
        assert heard(two, tidy=True)[ANN].minutes == {10: 5}

        run(database, "UPDATE drawn SET told_at = told_at - interval '5 minutes'")
        run(database, "UPDATE allowance SET told_at = told_at - interval '2 hours'")
        assert heard(two, tidy=True)[ANN] == Drawn(ANN, {})


def test_of_the_window_the_newest_is_told_by_the_age_it_has(database: Database) -> None:
    """Clocks of machines differ: an answer of ten seconds ago is that for everybody."""
    ahead = NOW + 100
    with member(database, "one") as one, member(database, "two") as two:
        heard(one, Drawn(ANN, {}, 100, 50, NOW + 500, NOW - 10))
        heard(two, Drawn(ANN, {}, 100, 60, NOW + 500, ahead - 20), now=ahead)

        told = heard(two, now=ahead)[ANN]
        assert (told.limit, told.remaining, told.reset_at) == (100, 50, NOW + 500)
        assert ahead - 60 < told.told_at <= ahead - 10

        heard(two, Drawn(ANN, {}, 100, 30, NOW + 500, ahead), now=ahead)
        assert heard(one)[ANN].remaining == 30
        assert heard(one)[BOB].remaining is None


def test_numbers_that_no_limit_has_break_nothing(database: Database) -> None:
    """An answer may name any; everybody would stop telling the others."""
    with member(database, "one") as one, member(database, "two") as two:
        heard(one, Drawn(ANN, {}, None, 10**19 - 1, NOW + 500, NOW))

        told = heard(two)[ANN]
        assert told.limit is None
        assert told.remaining is not None
        assert told.remaining > 10**18


def test_tables_that_are_gone_are_said_to_be(database: Database) -> None:
    """The work goes on, each process by what it knows; and the next connection is a new one."""
    from engine.store.postgres.fleet.register import Register

    with member(database, "one") as one:
        run(database, "DROP TABLE drawn")
        with pytest.raises(StateUnusable):
            heard(one)
        run(database, f"DROP SCHEMA {database.schema} CASCADE")
        Register(database).prepare()
        assert heard(one)[ANN] == Drawn(ANN, {})
