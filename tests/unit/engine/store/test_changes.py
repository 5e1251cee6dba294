"""Changes on their way: what is announced of an update, and what is learned of it."""

from __future__ import annotations

import sqlite3

import pytest

from engine.model.edit import Edit
from engine.model.history import Note
from engine.model.intent import IntentKind
from engine.store.writes import announced
from tests.unit.engine.stand_ins import NOW, link, pending, row, state_of, take
from tests.unit.engine.store.adapters import (
    claims,
    history,
    intents,
    present,
    report,
    settle,
    work,
)

EDITS = (Edit("name", "A deal", "Another"), Edit("stage", None, 3))
ROLES = IntentKind.ROLE


@pytest.fixture
def db(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A record that is linked and to be reconciled again."""
    take(connection, row(1, 5), row(2))
    link(connection)
    take(connection, row(1, 6, name="newer"))
    return connection


def sending(db: sqlite3.Connection) -> str | None:
    """What is announced of the record."""
    found = db.execute("SELECT sending FROM record WHERE id = 1").fetchone()
    return None if found is None else found[0]


def test_an_update_is_announced_with_what_it_takes_the_place_of(db: sqlite3.Connection) -> None:
    """Whatever dies before its answer, the target is read first."""
    assert work.begin_update(db, 1, 7, EDITS, known={"name": "A deal"}, now=NOW)

    assert pending(db, 1).synced is None
    assert announced(sending(db), 7) == EDITS
    assert len(report.history(db, "OPP-1")) == 1


def test_an_update_that_got_there_unanswered_is_told_by_the_next(db: sqlite3.Connection) -> None:
    """Its before-image would be lost with what is announced now."""
    work.begin_update(db, 1, 7, EDITS, known={"name": "A deal"}, now=NOW)
    later = (Edit("name", "Another", "A third"),)

    assert work.begin_update(db, 1, 7, later, known={"name": "Another"}, now=NOW + 1)

    [_, line] = report.history(db, "OPP-1")
    assert (line.decision, [write.edits for write in line.writes]) == ("updated", [EDITS[:1]])
    assert announced(sending(db), 7) == later


def test_nothing_is_sent_to_what_is_anothers(db: sqlite3.Connection) -> None:
    """It was handed over while the update was decided."""
    assert not work.begin_update(db, 1, 8, EDITS, known={}, now=NOW)
    assert not work.begin_update(db, 2, 7, EDITS, known={}, now=NOW)

    assert sending(db) is None
    assert pending(db, 1).synced == {"name": "A deal"}


@pytest.mark.parametrize("withdrawn", [True, False])
def test_what_the_target_holds_is_kept(db: sqlite3.Connection, withdrawn: bool) -> None:
    """What was announced stays until it is known what became of it."""
    work.begin_update(db, 1, 7, EDITS, known={}, now=NOW)

    work.note_synced(db, 1, {"name": "Größe"}, withdrawn=withdrawn)
    assert pending(db, 1).synced == {"name": "Größe"}
    assert (sending(db) is None) is withdrawn

    work.note_synced(db, 1, None)
    assert pending(db, 1).synced is None


def test_what_rests_is_made_due_to_be_read_again(db: sqlite3.Connection) -> None:
    """What waits already is read when it is its turn."""
    before = pending(db, 1)
    work.read_again(db, 1, NOW + 9)
    work.read_again(db, 3, NOW + 9)

    waits = pending(db, 1)
    assert (waits.synced, waits.pending_since) == (None, before.pending_since)
    assert waits.revision == before.revision + 1

    link(db, 1)
    assert work.is_settled(db, 1)
    assert not work.is_settled(db, 3)
    work.read_again(db, 1, NOW + 9, in_s=5.0)

    found = present.record(db, 1)
    assert found is not None
    assert (state_of(db, 1), found.pending_since, found.due_at) == ("pending", NOW + 9, NOW + 14)


def test_a_create_that_nobody_announced_is_looked_for(db: sqlite3.Connection) -> None:
    """Another life of this state may have sent it; what is left out meanwhile is not."""
    assert work.open_doubt(db, 2, "OPP-2", NOW - 60, NOW)
    assert not work.open_doubt(db, 2, "OPP-2", NOW - 60, NOW)
    assert not work.open_doubt(db, 3, "OPP-3", NOW - 60, NOW)

    intent = pending(db, 2).intent
    assert intent is not None
    assert (intent.doubt_since, intent.opened_at, intent.sent) == (NOW - 60, NOW, 0)


def test_what_was_announced_and_not_sent_may_grow(db: sqlite3.Connection) -> None:
    """Once it is in doubt, it is what was sent."""
    assert not intents.widen(db, ROLES, 1, "[]")
    intents.announce(db, ROLES, 1, "[]", NOW)
    assert intents.widen(db, ROLES, 1, '[[4,"x"]]')

    intents.doubt(db, ROLES, 1, NOW + 1, look_at=NOW + 2)

    assert not intents.widen(db, ROLES, 1, "[]")
    intent = intents.of(db, ROLES, 1)
    assert intent is not None
    assert (intent.correlation, intent.checks, intent.doubt_since) == ('[[4,"x"]]', 1, NOW + 1)


def test_the_tab_is_known_as_it_is(db: sqlite3.Connection) -> None:
    """With whether the answer of a create is lost."""
    assert present.tab(db, 2) is None
    found = present.tab(db, 1)
    assert found is not None
    assert (found.target_id, found.in_doubt, found.given_up) == (7, False, False)

    intents.open_doubt(db, ROLES, 1, "[]", since=NOW, look_at=NOW)

    found = present.tab(db, 1)
    assert found is not None
    assert found.in_doubt


def test_a_line_that_says_the_same_again_is_known(db: sqlite3.Connection) -> None:
    """Of its own kind, whatever else was said since."""
    note = Note("people wait", "for OPP-2")
    assert not history.said_last(db, 1, note)

    history.remember(db, 1, 6, note, NOW)
    history.remember(db, 1, 6, Note("waits", "for something else"), NOW)

    assert history.said_last(db, 1, note)
    assert not history.said_last(db, 2, note)
    history.remember(db, 1, 6, Note("people wait", "for OPP-3"), NOW)
    assert not history.said_last(db, 1, note)


def test_a_target_that_is_given_up_is_the_successors(db: sqlite3.Connection) -> None:
    """The record starts from nothing, and both are told."""
    db.execute("UPDATE record SET delivered_id = '7', delivered_version = 6 WHERE id = 1")
    of = pending(db, 1)

    settle.give_up_target(db, of, 7, Note("gave up", "id 7"), NOW + 1, successor=2)

    later = pending(db, 1)
    assert (later.target_id, later.synced, later.delivered_id) == (None, None, None)
    assert later.revision == of.revision + 1
    assert claims.owner_of(db, 7) is None
    assert report.history(db, "OPP-1")[-1].decision == "gave up"
    assert report.history(db, "OPP-2")[-1].detail == "id 7 was that of OPP-1 before"
