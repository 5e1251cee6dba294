"""The pure core: which way a record goes, by what is known of it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.decide.opportunity import (
    Course,
    Create,
    Leave,
    Reconcile,
    Refuse,
    Resolve,
    course,
    difference,
    held_target_id,
    undoubted,
)
from engine.model.intent import Intent
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.records import SourceRecord
from engine.model.work import Work
from tests.unit.engine.stand_ins import said

DOUBT = Intent("OPP-1", 1.0, 2.0, 0)


def known(**changes: Any) -> Work:
    """Work of a record never synced, but for the changes."""
    facts: dict[str, Any] = {
        "id": 1,
        "ref": "OPP-1",
        "version": 3,
        "revision": 1,
        "proved_at": 0.0,
        "pending_since": 0.0,
        "lane": Lane.FRESH,
        "mass": Mass.NONE,
        "payload": "{}",
        "attempts": 0,
        "failed_since": None,
        "failed_at": None,
        "target_id": None,
        "gone_id": None,
        "synced": None,
        "delivered_id": None,
        "delivered_version": None,
        "owes_id": False,
        "intent": None,
    }
    return Work(**(facts | changes))


def source(target_id: str | None = None, *, sync: bool = True, error: bool = False) -> SourceRecord:
    """The record as the source has it."""
    return SourceRecord(1, "OPP-1", 3, 0, sync, error, target_id, None, {})


LINKED = known(target_id=7, synced={"name": "A"})


@pytest.mark.parametrize(
    ("work", "record", "expected"),
    [
        (known(), source(), Create()),
        (known(), source(sync=False), Leave(said("sync is off"))),
        (known(), source(error=True), Leave(said("the error flag is set"))),
        (known(intent=DOUBT), source(sync=False), Resolve()),
        (known(intent=DOUBT), source("7"), Resolve()),
        (LINKED, source("7"), Reconcile(7, observe=False)),
        (known(target_id=7), source("7"), Reconcile(7, observe=True)),
        (known(), source("7"), Reconcile(7, observe=True)),
        (LINKED, source("8"), Reconcile(8, observe=True)),
        (known(target_id=7, synced={}, owes_id=True), source(), Reconcile(7, observe=False)),
        (LINKED, source(), Reconcile(7, observe=True, lost_link=True)),
    ],
)
def test_what_is_known_decides_the_course(
    work: Work, record: SourceRecord, expected: Course
) -> None:
    """A wrong row here is a duplicate, a lost change, or an edit of somebody else's record."""
    assert course(work, record) == expected


@pytest.mark.parametrize("target_id", ["abc", "-5", "0", "1.5", "٣", "7 8", "None", "9" * 20])
def test_an_id_that_is_no_positive_whole_number_refuses_the_record(target_id: str) -> None:
    """Somebody typed into the id column; a create would be a duplicate of what they meant."""
    decided = course(known(), source(target_id))

    assert isinstance(decided, Refuse)
    assert repr(target_id) in decided.reason


def test_what_we_delivered_counts_until_a_newer_version_is_captured() -> None:
    """The payload is older than our own write-back and still shows a blank id."""
    delivered = known(delivered_id="7", delivered_version=3)

    assert held_target_id(delivered, source()) == "7"
    assert held_target_id(known(version=4, delivered_id="7", delivered_version=3), source()) is None


def test_only_what_differs_is_sent() -> None:
    """Mission rule 3; a field the target holds already is not sent again."""
    desired = {"name": "B", "amount": 5, "owner": None, "stage": None}
    held = {"name": "A", "amount": 5, "owner": 3, "other": "untouched"}

    assert difference(desired, held) == {"name": "B", "owner": None}
    assert difference(desired, desired) == {}


@pytest.mark.parametrize(
    ("record", "way"),
    [
        (source(), Create()),
        (source("7"), Reconcile(7, observe=True)),
        (source(sync=False), Leave(said("no longer eligible, and the create never happened"))),
    ],
)
def test_a_create_that_never_happened_is_decided_on_anew(record: SourceRecord, way: Course) -> None:
    """The record may have changed while the create was in doubt."""
    assert undoubted(known(intent=DOUBT), record) == way
