"""The ledger: only the same kind of request for another record says that others succeed."""

from __future__ import annotations

import pytest

from engine.flow.governor import Governor
from engine.flow.ledger import Ledger, current_record
from tests.unit.engine.stand_ins import NOW, FakeClock, seeded


def test_only_the_same_kind_for_another_record_and_later_counts() -> None:
    """A record's own look, or a read of others, proves nothing about its update."""
    ledger = Ledger()
    ledger.note("update", 1, 10)
    ledger.note("get", 2, 20)

    assert ledger.others_since("update", 2, 9)
    assert not ledger.others_since("update", 2, 10)
    assert not ledger.others_since("update", 1, 9)
    assert not ledger.others_since("create", 1, 9)


def test_a_success_of_its_own_hides_no_other_one() -> None:
    """Whoever succeeds last, the one before is another record."""
    ledger = Ledger()
    for record in (1, 2, 2, 2):
        ledger.note("update", record, 10 + record)

    assert ledger.others_since("update", 1, 5)
    assert ledger.others_since("update", 2, 5)


def test_many_records_leave_only_the_latest_behind() -> None:
    """A hundred thousand records must not live on in memory."""
    ledger = Ledger()
    for record in range(1000):
        ledger.note("update", record, record)

    assert ledger.others_since("update", 999, 997)
    assert not ledger.others_since("update", 998, 999)
    assert sum(len(latest) for latest in ledger._latest.values()) == 2  # pyright: ignore[reportPrivateUsage] # what it keeps is the point


@pytest.mark.anyio
async def test_the_governor_notes_the_record_in_hand() -> None:
    """The connector need not know for whom it asks."""
    governor = Governor(FakeClock(), seeded(), 1)
    token = current_record.set(7)
    try:
        governor.succeeded("update")
        governor.succeeded()
    finally:
        current_record.reset(token)

    assert governor.ledger.others_since("update", 8, NOW - 1)
    assert not governor.ledger.others_since("update", 7, NOW - 1)
