"""Whose a target record is, decided from what is known of those who may own it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.decide.claim import Claimant, Contest, GiveUp, lost, owner
from engine.model.history import Note

ORIGINAL = Claimant(
    1, "OPP-1", "OPP-1", carries=True, owed=False, wanted=True, eligible=True, since=5.0
)
COPY = Claimant(
    2, "OPP-2", "OPP-2", carries=True, owed=False, wanted=True, eligible=True, since=None
)


@pytest.mark.parametrize("correlation", ["OPP-1", None, "OPP-77"])
def test_the_one_that_was_linked_first_keeps_it(correlation: str | None) -> None:
    """Unless the target record itself says otherwise."""
    assert owner(COPY, [ORIGINAL], correlation) == ORIGINAL
    assert owner(ORIGINAL, [COPY], correlation) == ORIGINAL


def test_the_one_whose_reference_it_carries_keeps_it() -> None:
    """Whoever was captured first after a loss of the state."""
    original, copy = replace(ORIGINAL, since=None), replace(COPY, since=9.0)

    assert owner(original, [copy], "OPP-1") == original
    assert owner(copy, [original], "OPP-1") == original


def test_of_two_that_were_never_linked_the_older_one_has_it() -> None:
    """Both see the same, whichever is first in hand."""
    original = replace(ORIGINAL, since=None)

    assert owner(COPY, [original], None) == owner(original, [COPY], None) == original


def test_one_value_for_both_says_nothing() -> None:
    """A correlation value that is mapped from a column may have been copied as well."""
    copy = replace(COPY, correlation="OPP-1")

    assert owner(copy, [ORIGINAL], "OPP-1") == ORIGINAL


@pytest.mark.parametrize(
    "gone",
    [
        replace(ORIGINAL, wanted=False, eligible=False),
        replace(ORIGINAL, carries=False),
    ],
    ids=["unticked", "cleared"],
)
def test_who_has_given_it_up_has_no_say(gone: Claimant) -> None:
    """Whatever the target record carries."""
    assert owner(COPY, [gone], "OPP-1") == COPY


def test_an_id_that_is_still_to_be_written_is_not_given_up() -> None:
    """The source does not show it, because nobody has told it yet."""
    owed = replace(ORIGINAL, carries=False, owed=True)

    assert owner(COPY, [owed], "OPP-1") == owed


def test_an_owner_in_error_is_still_the_owner() -> None:
    """And a copy in error is no rival."""
    flagged = replace(ORIGINAL, eligible=False)

    assert owner(COPY, [flagged], None) == flagged
    assert owner(ORIGINAL, [replace(COPY, eligible=False)], "OPP-77") == ORIGINAL


def test_a_cleared_id_is_that_of_whoever_carries_it_now() -> None:
    """It was cut from one and pasted on the other; otherwise it is written again."""
    cleared = replace(ORIGINAL, carries=False)

    assert owner(cleared, [COPY], "OPP-1") == COPY
    assert owner(cleared, [], "OPP-1") == cleared


def test_the_loser_begins_anew_where_its_id_was_cleared_and_is_refused_where_it_shows_it() -> None:
    """Whoever keeps it is told only of the second."""
    winner = COPY

    assert lost("OPP-1", 7, winner, carries=False) == GiveUp(
        Note("id given up", "it was cleared, and OPP-2 carries 7 now")
    )
    contest = lost("OPP-1", 7, winner, carries=True)
    assert isinstance(contest, Contest)
    assert "OPP-1 carries it too" in contest.note.detail
    assert "OPP-2 already; clear the id" in contest.reason
