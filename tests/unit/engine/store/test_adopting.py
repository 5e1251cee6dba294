"""Adopting, as kept: what another program has made for a record is the record's from then on."""

from __future__ import annotations

import sqlite3

import pytest

from engine.model.adoption import IN_DOUBT, OURS
from engine.model.history import Note
from engine.model.intent import IntentKind
from engine.model.named import Named
from engine.model.records import RecordType
from engine.model.skip import Skip
from tests.unit.engine.stand_ins import NOW, announce, link, pending, row, state_of, take
from tests.unit.engine.store.adapters import adopting, claims, intents, skips

NOTE = Note("adopted", "id 7")


@pytest.fixture
def db(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Three records."""
    take(connection, row(1, 5), row(2), row(3))
    return connection


def adopt(
    connection: sqlite3.Connection, record_id: int, target_id: int = 7, *, lift: bool = False
) -> bool:
    """Adopt it for the record."""
    one = Named(RecordType.OPPORTUNITY, record_id, f"OPP-{record_id}")
    return adopting.adopt(connection, one, target_id, NOTE, NOW + 5, lift=lift)


def test_a_record_is_linked_to_what_is_adopted_and_reconciled(db: sqlite3.Connection) -> None:
    """What the target record holds is read before anything is decided."""
    link(db, 1, 6)

    assert adopt(db, 1)

    of = pending(db, 1)
    assert (of.target_id, of.synced, of.pending_since, of.revision) == (7, None, NOW + 5, 2)
    assert claims.since(db, 7, 1) == NOW + 5
    # What it was linked to before is free.
    assert claims.since(db, 6, 1) is None
    decisions = db.execute("SELECT decision, version FROM history ORDER BY seq").fetchall()
    assert tuple(decisions[-1]) == ("adopted", 5)


def test_a_record_that_waits_already_waits_since_then(db: sqlite3.Connection) -> None:
    """Its lag is that of the edit, not of whoever adopts."""
    since = pending(db, 1).pending_since

    assert adopt(db, 1)

    assert pending(db, 1).pending_since == since


@pytest.mark.parametrize("lift", [True, False])
def test_a_flag_counts_as_reset_where_that_is_said(db: sqlite3.Connection, lift: bool) -> None:
    """Whoever has set it."""
    assert adopt(db, 1, lift=lift)

    flags = db.execute("SELECT lifted, flagged FROM record WHERE id = 1").fetchone()
    assert tuple(flags) == (int(lift), int(lift))


def test_nothing_is_adopted_that_is_anothers_or_that_a_create_may_still_make(
    db: sqlite3.Connection,
) -> None:
    """Either would leave two records with one target record, or one with two."""
    link(db, 2, 7)
    announce(db, 3)

    assert not adopt(db, 1, 7)
    assert not adopt(db, 3, 8)
    assert not adopt(db, 4, 9)

    assert claims.owner_of(db, 7) == 2
    assert claims.owner_of(db, 8) is None
    # Its own it may adopt again.
    assert adopt(db, 2, 7)
    assert state_of(db, 2) == "pending"


def test_what_the_state_knows_of_records_is_told_apart(db: sqlite3.Connection) -> None:
    """A create in doubt counts before anything else that is known."""
    take(db, row(4), row(5))
    announce(db, 1)
    link(db, 2, 7)
    skips.keep(db, RecordType.OPPORTUNITY, 3, Skip("later", NOW))
    link(db, 4, 8)
    db.execute("UPDATE record SET mass = 2 WHERE id = 4")

    known = adopting.standings(db, [1, 2, 3, 4, 5, 6])

    assert known == {1: IN_DOUBT, 2: OURS, 3: OURS}
    assert adopting.standings(db, []) == {}


def test_every_claim_is_told(db: sqlite3.Connection) -> None:
    """With whose it is, and since when."""
    assert list(adopting.claimed(db)) == []
    link(db, 1, 7)
    link(db, 2, 8, now=NOW + 1)

    assert sorted(adopting.claimed(db)) == [(7, 1, NOW), (8, 2, NOW + 1)]


def test_a_role_in_doubt_is_no_create_of_the_opportunity(db: sqlite3.Connection) -> None:
    """Both are in one journal; the roles concern what the record is linked to."""
    intents.announce(db, IntentKind.ROLE, 1, "[]", NOW)
    announce(db, 2)

    assert adopting.standings(db, [1, 2]) == {2: IN_DOUBT}
    assert adopt(db, 1)
