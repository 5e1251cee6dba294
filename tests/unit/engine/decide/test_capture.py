"""What a row makes of its record, by what was known of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.decide.capture import Before, Taken, taken
from engine.model.mass_change import Mass
from engine.model.records import Captured
from engine.model.skip import Skip
from engine.model.states import State
from tests.unit.engine.stand_ins import row

NOW = 1_000.0
SINCE = 900.0
SETTLED = Before(
    State.SETTLED, 1, 100.0, 200.0, Mass.NONE, target_id=7, flagged=False, in_doubt=False
)
PENDING = replace(SETTLED, state=State.PENDING)
REFUSED = replace(SETTLED, state=State.REFUSED, flagged=True)
UNTICKED = row(1, 2, eligible=False)
FLAGGED = replace(UNTICKED, flagged=True)


def became(before: Before | None, shown: Captured, *, mass: bool = False) -> Taken:
    """What the record is from now on."""
    return taken(before, shown, since=SINCE, now=NOW, mass=mass)


@pytest.mark.parametrize(
    ("before", "shown", "expected"),
    [
        (None, row(1), State.PENDING),
        (None, UNTICKED, State.INELIGIBLE),
        (None, FLAGGED, State.INELIGIBLE),
        (SETTLED, row(1, 2), State.PENDING),
        (SETTLED, UNTICKED, State.INELIGIBLE),
        (SETTLED, FLAGGED, State.INELIGIBLE),
        (REFUSED, row(1, 2), State.PENDING),
        (REFUSED, FLAGGED, State.REFUSED),
        (REFUSED, UNTICKED, State.INELIGIBLE),
        (replace(REFUSED, state=State.INELIGIBLE), FLAGGED, State.REFUSED),
        (replace(PENDING, in_doubt=True), UNTICKED, State.PENDING),
        (replace(REFUSED, in_doubt=True), FLAGGED, State.PENDING),
    ],
)
def test_what_it_is_follows_from_the_row_and_what_is_unfinished(
    before: Before | None, shown: Captured, expected: State
) -> None:
    """A create in doubt is accounted for whatever was unticked; our own flag is taken for ours."""
    assert became(before, shown).state is expected


def test_what_waits_has_waited_since_the_oldest_change() -> None:
    """A second look at a version that was hidden is news of now."""
    assert became(None, row(1)).pending_since == SINCE
    assert became(PENDING, row(1, 2)).pending_since == 100.0
    assert became(replace(PENDING, pending_since=950.0), row(1, 2)).pending_since == SINCE
    assert became(SETTLED, row(1, 2)).pending_since == SINCE
    assert became(SETTLED, row(1, 1)).pending_since == NOW


def test_a_version_is_known_since_it_was_first_shown() -> None:
    """However often it is taken in again."""
    assert became(None, row(1)).known_at == NOW
    assert became(SETTLED, row(1, 2)).known_at == NOW
    assert became(SETTLED, row(1, 1)).known_at == 200.0


@pytest.mark.parametrize("mass", [True, False])
def test_what_would_only_be_created_is_no_mass_change(mass: bool) -> None:
    """Unless it is held already: then it goes on as what the row is part of."""
    free = replace(SETTLED, target_id=None)

    assert became(None, row(1), mass=mass).mass is Mass.NONE
    assert became(free, row(1, 2), mass=mass).mass is Mass.NONE
    assert became(None, row(1, linked=True), mass=mass).mass is Mass(mass)
    assert became(SETTLED, row(1, 2), mass=mass).mass is Mass(mass)
    assert became(replace(free, mass=Mass.HELD), row(1, 2), mass=mass).mass is Mass(mass)
    assert became(replace(free, mass=Mass.APPROVED), row(1, 2), mass=mass).mass is Mass.NONE


@pytest.mark.parametrize("mass", [Mass.EVALUATING, Mass.HELD])
def test_a_column_that_is_back_frees_nothing_that_waits_for_the_fuse(mass: Mass) -> None:
    """Only an edit does: the version tells it."""
    before = replace(PENDING, mass=mass, target_id=70)

    assert became(before, row(1, before.version)).mass is Mass.EVALUATING
    assert became(before, row(1, before.version + 1)).mass is Mass.NONE


def test_why_it_is_left_out_is_told_once() -> None:
    """Of what never was to be synced nobody expected anything."""
    left_out = replace(SETTLED, state=State.INELIGIBLE)

    assert became(PENDING, UNTICKED).left_out == "sync is off"
    assert became(PENDING, FLAGGED).left_out == "the error flag is set"
    assert became(PENDING, row(1, 2)).left_out is None
    assert became(SETTLED, UNTICKED).left_out == "sync is off"
    assert became(left_out, UNTICKED).left_out is None
    assert became(None, UNTICKED).left_out is None


def test_what_is_skipped_is_left_out() -> None:
    """Whatever its row says, and with the operator's words; a create in doubt is accounted for."""
    skip = Skip("being merged", NOW)
    left = taken(PENDING, row(1, 2), since=SINCE, now=NOW, mass=False, skip=skip)
    doubted = replace(PENDING, in_doubt=True)

    assert left.state is State.INELIGIBLE
    assert left.left_out is not None
    assert "being merged" in left.left_out
    assert taken(None, row(1), since=SINCE, now=NOW, mass=False, skip=skip).left_out is None
    after = taken(doubted, row(1, 2), since=SINCE, now=NOW, mass=False, skip=skip)
    assert after.state is State.PENDING


def test_a_flag_of_ours_that_counts_as_reset_leaves_nothing_out() -> None:
    """Its reset is on its way, and an edit meanwhile shows it still."""
    lifted = replace(SETTLED, lifted=True)

    assert (became(lifted, FLAGGED).state, became(lifted, FLAGGED).lifted) == (State.PENDING, True)
    assert (became(lifted, UNTICKED).state, became(lifted, UNTICKED).lifted) == (
        State.INELIGIBLE,
        False,
    )
    assert not became(lifted, row(1, 2)).lifted


def test_that_it_is_taken_up_again_is_told_once() -> None:
    """Whoever was told that it is left out is told when that is over."""
    left_out = replace(SETTLED, state=State.INELIGIBLE)

    assert became(left_out, row(1, 2)).came_back
    assert not became(left_out, UNTICKED).came_back
    assert not became(SETTLED, row(1, 2)).came_back
    assert not became(None, row(1, 2)).came_back
