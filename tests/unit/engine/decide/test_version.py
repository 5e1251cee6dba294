"""Versions: which row is news, which is late, and which tells that the source was set back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.decide.version import LAG_S, Known, Seen, seen

KNOWN = Known(version=10, updated_at=1000, timed=True, known_at=500.0)
LATER = 501.0


@pytest.mark.parametrize("asked_at", [0.0, LATER])
@pytest.mark.parametrize("may_lag", [True, False])
def test_a_higher_version_is_news_and_the_same_one_is_known(asked_at: float, may_lag: bool) -> None:
    """Whenever and however it was read."""
    assert seen(None, 1, 1, asked_at=asked_at, may_lag=may_lag) is Seen.NEWS
    assert seen(KNOWN, 11, 1, asked_at=asked_at, may_lag=may_lag) is Seen.NEWS
    assert seen(KNOWN, 10, 1000, asked_at=asked_at, may_lag=may_lag) is Seen.KNOWN


@pytest.mark.parametrize("may_lag", [True, False])
def test_what_was_asked_for_before_the_version_was_known_is_late(may_lag: bool) -> None:
    """Our own write-back overtook the answer."""
    assert seen(KNOWN, 9, 999, asked_at=500.0, may_lag=may_lag) is Seen.LATE
    assert seen(KNOWN, 9, 1001, asked_at=499.0, may_lag=may_lag) is Seen.LATE


def test_a_lower_version_with_a_later_time_is_an_edit_after_a_restore() -> None:
    """No older state was saved later."""
    assert seen(KNOWN, 5, 1001, asked_at=LATER, may_lag=True) is Seen.RESTORED


def test_a_record_asked_for_by_id_is_shown_as_it_is() -> None:
    """An audit page is no late read."""
    assert seen(KNOWN, 5, 900, asked_at=LATER, may_lag=False) is Seen.RESTORED


def test_a_listing_that_may_lag_is_believed_when_it_says_so_again() -> None:
    """At once it may be a replica that is behind."""
    shown = replace(KNOWN, lower_at=LATER)

    assert seen(KNOWN, 5, 900, asked_at=LATER, may_lag=True) is Seen.LATE
    assert seen(shown, 5, 900, asked_at=LATER + LAG_S - 1, may_lag=True) is Seen.LATE
    assert seen(shown, 5, 900, asked_at=LATER + LAG_S, may_lag=True) is Seen.RESTORED


def test_the_same_version_with_another_time_is_another_history() -> None:
    """Edits after the restore may count up to just the version that is known."""
    assert seen(KNOWN, 10, 1001, asked_at=LATER, may_lag=True) is Seen.RESTORED
    # The time of the version that our own write-back made is not known before it is shown.
    own = replace(KNOWN, timed=False)
    assert seen(own, 10, 1001, asked_at=LATER, may_lag=True) is Seen.KNOWN


def test_a_version_of_ours_that_does_not_carry_what_we_wrote_is_another_history() -> None:
    """Its time is not known yet, but what we wrote is."""
    own = replace(KNOWN, timed=False, told="7")

    assert seen(own, 10, 1001, asked_at=LATER, may_lag=True, carried="7") is Seen.KNOWN
    for carried in (None, "8"):
        found = seen(own, 10, 1001, asked_at=LATER, may_lag=True, carried=carried)
        assert found is Seen.RESTORED
