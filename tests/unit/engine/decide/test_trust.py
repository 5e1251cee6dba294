"""Trust: whose hand made a target record, and what a state of unknown age may not do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.decide.trust import (
    Writer,
    made_by_former_life,
    may_be_listed,
    roles_show_in_s,
    writer,
)
from engine.model.age import Aged
from engine.model.records import SourceRecord
from engine.model.work import Work
from tests.unit.engine.decide.test_opportunity import known, source

NOW = 1_000_000.0
AGED = Aged(NOW, NOW - 100, "put back")
BEFORE = replace(source("9"), updated_at=int(NOW))
AFTER = replace(source("9"), updated_at=int(NOW) + 400)
AHEAD = replace(source("9"), updated_at=int(NOW) + 5_000)
OURS = {"customId": "OPP-1"}


def told(
    work: Work, *, holds: object = "OPP-1", aged: Aged | None = None, wanted: object = "OPP-1"
) -> Writer:
    """Who made target record 9, which the source shows."""
    return writer(
        work,
        AFTER,
        9,
        aged,
        holds={"customId": str(holds)},
        wanted={} if wanted is None else {"customId": str(wanted)},
        correlation_field="customId",
        present=NOW + 600,
    )


def test_what_we_wrote_ourselves_is_nobodys_news() -> None:
    """Nor is one of which nothing could be told."""
    assert told(known(target_id=9)) is Writer.KNOWN
    assert told(known(), wanted=None) is Writer.KNOWN
    assert told(known()) is Writer.KNOWN


def test_one_that_carries_our_value_was_made_in_our_name() -> None:
    """By a second service, where this state has seen the record without it or with another."""
    assert told(known(seen_unlinked=True)) is Writer.IN_OUR_NAME
    assert told(known(target_id=8)) is Writer.IN_OUR_NAME


def test_one_that_does_not_is_somebodys() -> None:
    """A pasted id: it will carry our value by our own hand."""
    assert told(known(seen_unlinked=True), holds="theirs") is Writer.SOMEBODY


def test_a_former_life_of_the_state_made_what_was_there_before() -> None:
    """Which is no alarm."""
    aged = replace(AGED, at=NOW + 300)

    assert told(known(seen_unlinked=True), aged=aged) is Writer.FORMER_LIFE
    assert told(known(seen_unlinked=True), aged=AGED) is Writer.IN_OUR_NAME


@pytest.mark.parametrize(
    ("record", "expected"),
    [(BEFORE, True), (AFTER, False), (AHEAD, True)],
    ids=["before", "after", "ahead of the present"],
)
def test_a_record_that_is_as_it_was_may_have_been_created(
    record: SourceRecord, expected: bool
) -> None:
    """A time ahead of the present proves nothing."""
    assert made_by_former_life(record, AGED, NOW + 600) is expected
    assert not made_by_former_life(BEFORE, None, NOW)


def test_roles_are_made_only_once_all_that_were_made_would_show() -> None:
    """Where they are all known nothing has to show."""
    waits = roles_show_in_s(AGED, listed=False, now=NOW, visibility_s=160.0)

    assert waits == 60.0
    assert roles_show_in_s(AGED, listed=False, now=NOW + 61, visibility_s=160.0) == 0.0
    assert roles_show_in_s(AGED, listed=True, now=NOW, visibility_s=160.0) == 0.0
    assert roles_show_in_s(None, listed=False, now=NOW, visibility_s=160.0) == 0.0


@pytest.mark.parametrize(
    ("work", "age_s", "listed"),
    [
        (known(), 10_000, True),
        (known(), 1_000, False),
        # A clock that is wrong proves nothing.
        (known(), -10_000, False),
        (known(target_id=9), 10_000, False),
        (known(gone_id=9), 10_000, False),
    ],
)
def test_what_nobody_has_written_lately_may_be_learned_from_the_collection(
    work: Work, age_s: int, listed: bool
) -> None:
    """It lags behind what was written: by this life of the state, or by one that was lost."""
    record = replace(source("9"), updated_at=int(NOW) - age_s)

    assert may_be_listed(work, record, present=NOW, visibility_s=300) is listed
