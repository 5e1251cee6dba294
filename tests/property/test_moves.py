"""Whatever is done with a store, in whatever order: states move as `engine.model.states` says."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.intent import IntentKind
from engine.model.states import State, Subject, legal
from engine.store.sqlite import tabs, work
from tests import fresh
from tests.property.store_deeds import PEOPLE, RECORDS, Choice, Desk, deed
from tests.searching import examples

CHOICES = st.builds(
    Choice,
    kind=st.integers(0, 200),
    record=st.sampled_from(RECORDS),
    number=st.integers(0, 5),
    flag=st.booleans(),
)
States = dict[tuple[Subject, str], State]


def states(connection: sqlite3.Connection) -> States:
    """The state of everything there is; a create that is not there is in none."""
    found: States = {
        (Subject.RECORD, f"OPP-{row['id']}"): State(row["state"])
        for row in connection.execute("SELECT id, state FROM record")
    }
    found |= {
        (Subject.CREATE, f"{kind} {one}"): State.NONE
        for kind in IntentKind
        for one in (*RECORDS, *PEOPLE)
    }
    found |= {
        (Subject.CREATE, f"{row['kind']} {row['record_id']}"): _of_create(row)
        for row in connection.execute("SELECT * FROM intent")
    }
    found |= {
        (Subject.TAB, f"OPP-{row['record_id']}"): State(row["state"])
        for row in connection.execute("SELECT record_id, state FROM people_tab")
    }
    return found | {
        (Subject.PERSON, f"PERS-{row['id']}"): _of_person(row)
        for row in connection.execute("SELECT * FROM person")
    }


def _of_create(row: sqlite3.Row) -> State:
    """One that is answered for is none, whatever is counted of it."""
    if not row["open"]:
        return State.NONE
    return State.ANNOUNCED if row["doubt_since"] is None else State.IN_DOUBT


def _of_person(row: sqlite3.Row) -> State:
    if row["refused_version"] is not None:
        return State.REFUSED
    return State.WAITING if row["prospect_id"] is None else State.LINKED


def take(connection: sqlite3.Connection, desk: Desk) -> None:
    """Read what the next deeds are decided on."""
    for one in RECORDS:
        if (found := work.load(connection, one)) is not None:
            desk.works[one] = found
        if (tab := tabs.load(connection, one)) is not None:
            desk.tabs[one] = tab


@settings(max_examples=examples(25), deadline=None)
@given(choices=st.lists(CHOICES, min_size=5, max_size=40))
def test_every_deed_makes_legal_moves_or_none(choices: list[Choice]) -> None:
    """What was read may be out of date by the time of the deed; a move that is none undoes it."""
    desk = Desk()
    with closing(fresh.in_memory()) as connection:
        for number, choice in enumerate(choices):
            if number % 3 == 0:
                take(connection, desk)
            before = states(connection)
            connection.execute("BEGIN")
            try:
                deed(desk, choice)(connection)
            except (sqlite3.IntegrityError, ValueError):
                connection.execute("ROLLBACK")
            else:
                connection.execute("COMMIT")
            after = states(connection)
            assert [
                (subject, former, after[subject])
                for subject, former in before.items()
                if subject in after and not legal(subject[0], former, after[subject])
            ] == []
            desk.now += 1
