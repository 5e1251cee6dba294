"""The journal of creates: which are looked for together, and what of them is kept."""

from __future__ import annotations

import sqlite3

import pytest

from engine.decide.reasons import foreign
from engine.model.history import Note
from engine.model.intent import Intent, IntentKind
from engine.model.reason import Code
from engine.model.work import Failure
from tests.unit.engine.stand_ins import NOW, pending, person, row, take
from tests.unit.engine.store.adapters import REFUSED, capture, intents, people, settle, work

LOST = Failure("unreachable", None, foreign(Code.REFUSED, "answered HTTP 500: no envelope"))


def announce(connection: sqlite3.Connection, record_id: int, now: float = NOW) -> None:
    """The record's create is about to be sent."""
    of = pending(connection, record_id)
    assert work.open_intent(connection, of, of.ref, now, shown_since=of.proved_at)


def doubt(
    connection: sqlite3.Connection, record_id: int, due_at: float, *, now: float = NOW
) -> None:
    """The record's create was sent, and its answer is lost."""
    announce(connection, record_id, now)
    settle.doubt(
        connection, pending(connection, record_id), LOST, due_at=due_at, counts=False, now=now
    )


def reason(connection: sqlite3.Connection, record_id: int) -> str | None:
    """Why the record waits."""
    found = connection.execute("SELECT reason FROM record WHERE id = ?", (record_id,)).fetchone()
    return None if found is None else found[0]


def test_what_is_due_is_looked_for_together_longest_due_first(
    connection: sqlite3.Connection,
) -> None:
    """One request serves them all; what is not due yet would prove nothing."""
    take(connection, *(row(number) for number in range(1, 6)))
    for number, due_at in ((1, NOW + 8), (2, NOW + 5), (3, NOW + 60)):
        doubt(connection, number, due_at)
    announce(connection, 4)

    assert intents.next_look(connection, NOW) == NOW + 5
    assert intents.due_looks(connection, NOW, since={}, limit=10) == []
    assert intents.due_looks(connection, NOW + 9, since={}, limit=10) == ["OPP-2", "OPP-1"]
    assert intents.due_looks(connection, NOW + 9, since={}, limit=1) == ["OPP-2"]
    assert intents.due_looks(connection, NOW + 9, since={"OPP-2": NOW + 5}, limit=1) == ["OPP-1"]
    assert intents.due_looks(connection, NOW + 9, since={"OPP-2": NOW + 4}, limit=1) == ["OPP-2"]


def test_a_record_that_waits_for_something_else_is_not_looked_for(
    connection: sqlite3.Connection,
) -> None:
    """A refused one waits for its flag to be reset, a deferred one for its time."""
    take(connection, row(1), row(2))
    for number in (1, 2):
        doubt(connection, number, NOW + 5)
    settle.settle_refused(connection, pending(connection, 1), LOST, NOW)
    capture.hold_pending(connection, NOW + 100)

    assert intents.due_looks(connection, NOW + 9, since={}, limit=10) == []
    assert intents.due_looks(connection, NOW + 100, since={}, limit=10) == ["OPP-2"]


def test_a_look_in_vain_keeps_why_the_create_is_in_doubt(connection: sqlite3.Connection) -> None:
    """That it is not to be seen yet helps nobody."""
    take(connection, row(1))
    doubt(connection, 1, NOW + 5)

    intents.look_again(connection, 1, NOW + 20)

    intent = pending(connection, 1).intent
    assert intent is not None
    assert (intent.checks, intent.look_at, intent.doubt_since) == (2, NOW + 20, NOW)
    assert reason(connection, 1) == LOST.reason


@pytest.mark.parametrize("failed", [True, False])
def test_what_was_not_sent_keeps_why_it_failed_before(
    connection: sqlite3.Connection, failed: bool
) -> None:
    """Our own caution is no reason where there is one; nor is it a failure."""
    take(connection, row(1))
    if failed:
        settle.defer(connection, pending(connection, 1), LOST, due_at=NOW, counts=True, now=NOW)
    held = Failure("held_back", None, foreign(Code.REFUSED, "held back: maintenance"))

    settle.postpone(connection, pending(connection, 1), held, NOW + 7, NOW)

    after = pending(connection, 1)
    assert reason(connection, 1) == (LOST.reason if failed else held.reason)
    assert (after.attempts, after.failed_since) == ((1, NOW) if failed else (0, None))
    assert work.next_due(connection, after.lane, NOW + 1) == NOW + 7


def test_an_adopted_record_starts_anew(connection: sqlite3.Connection) -> None:
    """Its create succeeded; what follows is no repeat."""
    take(connection, row(1))
    doubt(connection, 1, NOW + 5)

    settle.adopt(connection, pending(connection, 1), 7, Note("adopted", "id 7"), NOW + 6)

    after = pending(connection, 1)
    assert (after.failed_since, after.failed_at, after.attempts) == (None, None, 0)
    assert after.intent is None
    assert reason(connection, 1) is None


EVERY = (
    (IntentKind.OPPORTUNITY, 1, "OPP-1"),
    (IntentKind.ROLE, 1, '[[310, "User"]]'),
    (IntentKind.PROSPECT, 31, "ada@example.com"),
)


@pytest.mark.parametrize(("kind", "record_id", "correlation"), EVERY)
def test_no_create_is_announced_again_before_it_was_looked_for(
    connection: sqlite3.Connection, kind: IntentKind, record_id: int, correlation: str
) -> None:
    """Of whatever kind: it would be sent twice."""
    intents.announce(connection, kind, record_id, correlation, NOW)

    with pytest.raises(REFUSED, match="no such move: a create"):
        intents.announce(connection, kind, record_id, correlation, NOW)

    assert intents.doubt_unfinished(connection, NOW + 1) == 1
    intents.announce(connection, kind, record_id, correlation, NOW + 2)
    assert intents.of(connection, kind, record_id) == Intent(correlation, NOW + 2, None, 0, sent=2)


@pytest.mark.parametrize(("kind", "record_id", "correlation"), EVERY)
def test_what_came_to_nothing_counts_until_it_came_to_something(
    connection: sqlite3.Connection, kind: IntentKind, record_id: int, correlation: str
) -> None:
    """A create that keeps failing is sent ever less often."""
    for number in (1, 2):
        intents.announce(connection, kind, record_id, correlation, NOW)
        assert intents.doubt(connection, kind, record_id, NOW + 1, look_at=NOW + 6)
        intents.answer(connection, kind, record_id)
        found = intents.of(connection, kind, record_id)
        assert found == Intent(correlation, NOW, None, 0, sent=number, open=False)
    assert intents.doubt_unfinished(connection, NOW + 9) == 0

    intents.end(connection, kind, record_id)

    assert intents.of(connection, kind, record_id) is None


def test_only_opportunities_are_looked_for_by_their_value(connection: sqlite3.Connection) -> None:
    """Roles are listed with their opportunity, and people asked for by address."""
    take(connection, row(1))
    for kind, record_id, correlation in EVERY[1:]:
        intents.announce(connection, kind, record_id, correlation, NOW)
        intents.doubt(connection, kind, record_id, NOW, look_at=NOW)

    assert intents.due_looks(connection, NOW + 9, since={}, limit=10) == []
    assert intents.next_look(connection, NOW - 1) is None


def test_whatever_links_a_person_ends_the_create_of_its_prospect(
    connection: sqlite3.Connection,
) -> None:
    """Or it would be looked for, and sent again, for somebody who has one."""
    people.announce(connection, person(31), "ada@example.com", NOW)
    people.doubt(connection, person(31), foreign(Code.UNSPECIFIED, "no answer"), NOW)

    connection.execute("UPDATE person SET prospect_id = 310 WHERE id = 31")

    assert intents.of(connection, IntentKind.PROSPECT, 31) is None
    with pytest.raises(REFUSED, match="no such move: a person"):
        intents.open_doubt(connection, IntentKind.PROSPECT, 31, "a", since=NOW, look_at=NOW)
