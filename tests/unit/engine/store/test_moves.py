"""Moves: the schema has the table of `engine.model.states`, and lets no statement make another."""

from __future__ import annotations

import sqlite3
from itertools import product
from pathlib import Path

import pytest

from engine.decide.reasons import foreign
from engine.model.reason import Code
from engine.model.states import MOVES, IllegalMove, State, Subject, legal
from engine.store.sqlite import statefile
from engine.store.sqlite.inline import open_inline
from engine.store.sqlite.threaded import open_store
from tests.adapter import OpenSqlite
from tests.unit.engine.stand_ins import NOW, pending, person, row, take
from tests.unit.engine.store.adapters import REFUSED, intents, people, work

RECORD_STATES = tuple(MOVES[Subject.RECORD])


ENTERED = """
INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload, state, lane, due_at)
VALUES (2, 'OPP-2', 1, 0, 0, 0, '{}', ?, 0, 0)
"""


@pytest.fixture
def connection(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A state with one record."""
    take(connection, row(1))
    return connection


def test_the_schema_has_the_same_moves(connection: sqlite3.Connection) -> None:
    """One table, in two places that cannot differ."""
    stored = {tuple(each) for each in connection.execute("SELECT subject, former, later FROM move")}

    assert stored == {
        (subject.value, former.value, later.value)
        for subject, moves in MOVES.items()
        for former, laters in moves.items()
        for later in laters
    }


@pytest.mark.parametrize(("former", "later"), list(product(RECORD_STATES, repeat=2)))
def test_no_statement_makes_a_move_of_a_record_that_is_none(
    connection: sqlite3.Connection, former: State, later: State
) -> None:
    """Whatever statement it is; staying is no move."""
    connection.execute(ENTERED, (former.value,))
    move = "UPDATE record SET state = ? WHERE id = 2"

    if legal(Subject.RECORD, former, later):
        connection.execute(move, (later.value,))
    else:
        with pytest.raises(REFUSED, match="no such move"):
            connection.execute(move, (later.value,))

    [[state]] = connection.execute("SELECT state FROM record WHERE id = 2").fetchall()
    assert state == (later if legal(Subject.RECORD, former, later) else former).value


def test_a_create_is_announced_again_only_once_it_was_in_doubt(
    connection: sqlite3.Connection,
) -> None:
    """Or it would be sent twice."""
    known = pending(connection, 1)
    assert work.open_intent(connection, known, "OPP-1", NOW, shown_since=0.0)

    with pytest.raises(REFUSED, match="no such move: a create"):
        work.open_intent(connection, known, "OPP-1", NOW, shown_since=0.0)

    intents.doubt_unfinished(connection, NOW)
    assert work.open_intent(connection, known, "OPP-1", NOW, shown_since=0.0)


def test_a_person_is_announced_again_only_once_the_first_create_is_accounted_for(
    connection: sqlite3.Connection,
) -> None:
    """Likewise for prospects: in doubt first, and out of it by a look."""
    record = person(31)
    people.announce(connection, record, "a@example.com", NOW)

    with pytest.raises(REFUSED, match="no such move: a create"):
        people.announce(connection, record, "a@example.com", NOW)

    people.doubt(connection, record, foreign(Code.UNSPECIFIED, "no answer"), NOW)
    people.announce(connection, record, "a@example.com", NOW)


@pytest.mark.anyio
@pytest.mark.parametrize("opens", [open_store, open_inline], ids=["threaded", "inline"])
async def test_whoever_tries_has_the_whole_operation_undone_and_nobody_else(
    opens: OpenSqlite, tmp_path: Path
) -> None:
    """It is a mistake of ours about one record, and no reason to stop."""

    def tries(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE record SET ref = 'OPP-9', state = 'settled'")
        connection.execute("UPDATE record SET state = 'refused'")

    async with opens(tmp_path / statefile.FILE_NAME) as store:
        await store.write(take, row(1))
        with pytest.raises(IllegalMove, match="a record"):
            await store.write(tries)

        found = await store.read(work.load, 1)

    assert found is not None
    assert found.ref == "OPP-1"


def test_a_person_who_is_linked_is_not_created(connection: sqlite3.Connection) -> None:
    """Whatever the caller believed when it decided."""
    record = person(31)
    people.link(connection, record, 310, email="a@example.com", owed=None, note=None, now=NOW)

    with pytest.raises(REFUSED, match="no such move: a person"):
        people.announce(connection, record, "a@example.com", NOW)
