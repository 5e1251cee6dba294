"""Records: eligibility and order."""

from __future__ import annotations

import pytest

from engine.model.records import Position, SourceRecord
from tests.unit.engine.stand_ins import row


@pytest.mark.parametrize(
    ("sync", "error", "eligible"),
    [(True, False, True), (True, True, False), (False, False, False), (False, True, False)],
)
def test_a_record_is_eligible_when_ticked_and_not_in_error(
    sync: bool, error: bool, eligible: bool
) -> None:
    """Mission rule 2; a flagged record must rest until somebody resets the flag."""
    record = SourceRecord(1, "OPP-1", 1, 0, sync, error, None, None, {})

    assert record.eligible is eligible


def test_positions_order_by_time_and_then_by_id() -> None:
    """Thousands of rows of one import share one second; the id must break the tie."""
    assert Position(5, 9) < Position(6, 1)
    assert Position(5, 1) < Position(5, 2)
    assert row(3, updated_at=7).position == Position(7, 3)
