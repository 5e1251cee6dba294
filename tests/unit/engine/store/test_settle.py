"""How a reconcile ends: every outcome names its revision, and a newer change is never lost."""

from __future__ import annotations

import json
import sqlite3

import pytest

from engine.decide.reasons import foreign
from engine.model.history import Note
from engine.model.intent import IntentKind
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.outbox import Owed
from engine.model.outcome import Outcome
from engine.model.reason import Code
from engine.model.records import RecordType
from engine.model.report import RefusedRecord, WaitingReason
from engine.model.work import Failure
from tests.unit.engine.stand_ins import (
    NOW,
    announce,
    link,
    owed_to,
    pending,
    person,
    row,
    state_of,
    take,
)
from tests.unit.engine.store.adapters import (
    awaited,
    capture,
    fuse,
    intents,
    outbox,
    people,
    refusals,
    report,
    settle,
    work,
)

FAILURE = Failure("validation", "name", foreign(Code.REFUSED, "too long"))
OWED = Owed(target_id="7", target_url="https://target.example/7")


@pytest.fixture
def db(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A state with one pending record."""
    take(connection, row(1, 5))
    return connection


def test_a_settled_record_rests_and_its_id_is_owed(db: sqlite3.Connection) -> None:
    """Mission rule 5."""
    assert link(db, owed=OWED)

    assert state_of(db, 1) == "settled"
    assert work.load(db, 1) is None
    entry = owed_to(db)
    assert entry is not None
    assert (entry.target_id, entry.target_url, entry.error) == ("7", OWED.target_url, None)
    assert [line.decision for line in report.history(db, "OPP-1")] == ["created"]


@pytest.mark.parametrize("outcome", ["linked", "refused", "ineligible"])
def test_a_change_captured_meanwhile_keeps_the_record_pending(
    db: sqlite3.Connection, outcome: str
) -> None:
    """No lost change: what was decided was decided about the older one."""
    older = pending(db, 1)
    take(db, row(1, 6, name="newer"))

    if outcome == "linked":
        assert not settle.settle_linked(
            db,
            older,
            target_id=7,
            synced={},
            owed=OWED,
            awaited=[],
            note=Note("created", "id 7"),
            now=NOW,
        )
    elif outcome == "refused":
        assert settle.settle_refused(db, older, FAILURE, NOW) is Outcome.AGAIN
        assert owed_to(db) is None
    else:
        settle.settle_ineligible(db, older, Note("left out", "off"), flagged=False, now=NOW)

    newer = pending(db, 1)
    assert '"newer"' in newer.payload
    assert newer.target_id == (7 if outcome == "linked" else None)


def test_a_refused_record_is_flagged_with_its_reason(db: sqlite3.Connection) -> None:
    """Mission rule 6: the reason is kept and easy to find."""
    assert settle.settle_refused(db, pending(db, 1), FAILURE, NOW) is Outcome.REFUSED

    entry = owed_to(db)
    assert entry is not None
    assert (entry.error, entry.message, entry.target_id) == (True, "too long", None)
    assert report.refused(db, 10) == [
        RefusedRecord(1, "OPP-1", "validation", "name", "too long", "refused")
    ]


def test_a_flag_still_on_its_way_is_taken_back_by_a_success(db: sqlite3.Connection) -> None:
    """Otherwise it would outlive its cause."""
    settle.settle_refused(db, pending(db, 1), FAILURE, NOW)
    db.execute("UPDATE record SET state = 'pending' WHERE id = 1")
    link(db, owed=OWED)

    entry = owed_to(db)
    assert entry is not None
    assert (entry.error, entry.message, entry.target_id) == (False, "", "7")


def test_a_flag_that_an_edit_has_overtaken_is_not_owed_any_more(db: sqlite3.Connection) -> None:
    """It never arrives, for the source knows of the edit, and need not be taken back."""
    settle.settle_refused(db, pending(db, 1), FAILURE, NOW)
    take(db, row(1, 6))
    assert owed_to(db) is None
    link(db, owed=OWED)

    entry = owed_to(db)
    assert entry is not None
    assert (entry.error, entry.message, entry.target_id) == (None, None, "7")


def test_a_flag_that_is_owed_anew_is_not_the_one_on_its_way(db: sqlite3.Connection) -> None:
    """Whoever finds that one overtaken voids it, and not the flag of the newer version."""
    settle.settle_refused(db, pending(db, 1), FAILURE, NOW)
    on_its_way = owed_to(db)
    take(db, row(1, 6))
    settle.settle_refused(db, pending(db, 1), FAILURE, NOW + 1)

    assert on_its_way is not None
    outbox.withdraw(db, on_its_way, Note("write-back withdrawn", "overtaken"), NOW + 2)

    entry = owed_to(db)
    assert entry is not None
    assert entry.error is True


def test_an_id_that_is_owed_anew_is_not_the_one_on_its_way(db: sqlite3.Connection) -> None:
    """The answer to that one came late: somebody has cleared the id since."""
    link(db, owed=OWED)
    on_its_way = owed_to(db)
    assert on_its_way is not None
    outbox.withdraw(db, on_its_way, Note("write-back withdrawn", "overtaken"), NOW)
    take(db, row(1, 6))
    link(db, owed=OWED, created=False, now=NOW + 1)

    outbox.delivered(db, [(on_its_way, 7)], NOW + 2)

    assert owed_to(db) is not None


def test_what_has_healed_is_flagged_no_more(db: sqlite3.Connection) -> None:
    """Nobody else takes our flag back where it counts as reset."""
    settle.settle_refused(db, pending(db, 1), FAILURE, NOW)
    entry = owed_to(db)
    assert entry is not None
    outbox.delivered(db, [(entry, 6)], NOW)
    assert refusals.lift(db, 1, NOW, lane=Lane.FRESH, mass=Mass.NONE)
    link(db, owed=OWED)

    entry = owed_to(db)
    assert entry is not None
    assert (entry.error, entry.message, entry.target_id) == (False, "", "7")


def test_a_reason_the_record_may_show_is_blanked_by_a_success(db: sqlite3.Connection) -> None:
    """Nobody else would ever clear it."""
    settle.settle_refused(db, pending(db, 1), FAILURE, NOW)
    entry = owed_to(db)
    assert entry is not None
    outbox.delivered(db, [(entry, 6)], NOW)
    take(db, row(1, 7))
    link(db)

    entry = owed_to(db)
    assert entry is not None
    assert (entry.message, entry.error, entry.target_id) == ("", None, None)


def test_what_was_unticked_meanwhile_is_not_flagged(db: sqlite3.Connection) -> None:
    """The refusal concerns a version that nobody wants synced any more."""
    before = pending(db, 1)
    take(db, row(1, 6, eligible=False))

    assert settle.settle_refused(db, before, FAILURE, NOW) is Outcome.REFUSED

    assert owed_to(db) is None
    assert state_of(db, 1) == "ineligible"


def test_an_id_still_owed_survives_a_later_refusal(db: sqlite3.Connection) -> None:
    """The record exists in the target; a lost id would make a duplicate."""
    link(db, owed=OWED)
    before = owed_to(db)
    take(db, row(1, 6))
    assert pending(db, 1).owes_id
    settle.settle_refused(db, pending(db, 1), FAILURE, NOW)

    entry = owed_to(db)
    assert entry is not None
    assert before is not None
    assert (entry.target_id, entry.error) == ("7", True)
    assert entry.generation == before.generation + 1


def test_what_a_person_of_the_same_id_is_owed_is_no_business_of_the_opportunity(
    db: sqlite3.Connection,
) -> None:
    """Ids of the source are unique within a record type only."""
    people.link(db, person(1), 70, email=None, owed=Owed(target_id="70"), note=None, now=NOW)

    assert not pending(db, 1).owes_id
    link(db, owed=None)

    assert owed_to(db) is None
    entry = owed_to(db, 1, RecordType.PERSON)
    assert entry is not None
    assert (entry.ref, entry.target_id, entry.version) == ("PERS-1", "70", 3)


def test_nothing_owed_leaves_the_outbox_alone(db: sqlite3.Connection) -> None:
    """An update of a linked record owes the source nothing: zero writes."""
    link(db, owed=None)

    assert owed_to(db) is None


def test_a_doubt_is_kept_until_the_result_is_known(db: sqlite3.Connection) -> None:
    """A create that may have been executed is never forgotten."""
    announce(db, 1)
    settle.doubt(db, pending(db, 1), FAILURE, due_at=NOW + 5, counts=True, now=NOW + 1)
    intent = pending(db, 1).intent
    assert intent is not None
    assert (intent.correlation, intent.doubt_since, intent.checks) == ("OPP-1", NOW + 1, 1)

    settle.doubt(db, pending(db, 1), FAILURE, due_at=NOW + 9, counts=False, now=NOW + 6)
    again = pending(db, 1)
    assert again.intent is not None
    assert (again.intent.doubt_since, again.intent.checks, again.attempts) == (NOW + 1, 2, 1)
    assert work.due_keys(db, Lane.FRESH, NOW + 8, 10) == []
    assert work.next_due(db, Lane.FRESH, NOW) == NOW + 9

    link(db)
    assert db.execute("SELECT count(*) FROM intent").fetchone()[0] == 0


def test_a_refusal_leaves_a_create_in_doubt(db: sqlite3.Connection) -> None:
    """It may have been executed all the same, and is looked for once the rest is mended."""
    announce(db, 1)
    settle.doubt(db, pending(db, 1), FAILURE, due_at=NOW + 5, counts=True, now=NOW + 1)

    assert settle.settle_refused(db, pending(db, 1), FAILURE, NOW + 6) is Outcome.REFUSED

    found = intents.of(db, IntentKind.OPPORTUNITY, 1)
    assert found is not None
    assert found.doubt_since == NOW + 1


def test_an_adopted_record_is_read_before_it_is_changed(db: sqlite3.Connection) -> None:
    """What the found record holds is not known."""
    announce(db, 1)
    settle.adopt(db, pending(db, 1), 7, Note("adopted", "found 7"), NOW)

    found = pending(db, 1)
    assert (found.target_id, found.synced, found.intent) == (7, None, None)

    settle.forget_target(db, found, 7, Note("target gone", "7"), NOW)
    assert (pending(db, 1).target_id, pending(db, 1).gone_id) == (None, 7)


def test_a_deferred_record_comes_back_when_it_is_due(db: sqlite3.Connection) -> None:
    """Waiting is kept on disk, so a restart neither hurries nor forgets it."""
    settle.defer(db, pending(db, 1), FAILURE, due_at=NOW + 30, counts=True, now=NOW)
    settle.defer(db, pending(db, 1), FAILURE, due_at=NOW + 60, counts=False, now=NOW + 1)

    deferred = pending(db, 1)
    assert (deferred.attempts, deferred.failed_since, deferred.failed_at) == (1, NOW, NOW + 1)
    assert work.due_keys(db, Lane.FRESH, NOW + 59, 10) == []
    assert work.due_keys(db, Lane.FRESH, NOW + 60, 10) == [1]
    assert work.failing_alike(db, "validation", 2) == 1
    assert work.failing_alike(db, "validation", 1) == 0
    assert report.waiting_reasons(db, 5) == [WaitingReason(1, "too long", "refused")]


def test_deferring_an_older_revision_does_not_delay_the_newer_one(
    db: sqlite3.Connection,
) -> None:
    """An edit that cures the record must not wait out the failure it cures."""
    older = pending(db, 1)
    take(db, row(1, 6))
    settle.defer(db, older, FAILURE, due_at=NOW + 300, counts=True, now=NOW)

    assert work.due_keys(db, Lane.FRESH, NOW, 10) == [1]


def test_settling_forgets_awaited_references_but_not_awaited_people(
    db: sqlite3.Connection,
) -> None:
    """The lines of the tab are the relationship syncer's to settle."""
    link(db, awaited=[("user", "Jo")])
    db.execute("INSERT INTO awaited (kind, name, record_id) VALUES ('person', '31', 1)")
    take(db, row(1, 6))
    link(db)

    assert awaited.awaited_names(db, "user") == []
    assert people.awaited(db) == [31]


def test_canonical_fields_come_back_as_they_went(db: sqlite3.Connection) -> None:
    """A difference that is none would be sent at every poll."""
    fields = {"name": "Ünïcode", "tags": ["a", "b"], "amount": 5, "closed": False, "owner": None}
    assert not json.dumps(fields).startswith("null")
    settle.settle_linked(
        db,
        pending(db, 1),
        target_id=7,
        synced=fields,
        owed=None,
        awaited=[],
        note=Note("created", ""),
        now=NOW,
    )
    take(db, row(1, 6))

    assert pending(db, 1).synced == fields


def test_what_is_only_evaluated_is_held_and_not_flagged(db: sqlite3.Connection) -> None:
    """Whoever settles it: flags in masses are as bad as edits in masses."""
    link(db, 1, 10)
    capture.capture_page(db, [row(1, 5)], now=NOW, fresh_max=0, anew=True, mass=True)
    delivered_before = owed_to(db)

    settle.settle_refused(db, pending(db, 1), FAILURE, NOW)

    assert state_of(db, 1) == "pending"
    assert owed_to(db) == delivered_before
    assert fuse.held(db).records == 1
