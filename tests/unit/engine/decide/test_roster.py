"""Who counts after a listing that lacks somebody."""

from __future__ import annotations

from engine.decide.roster import CONFIRM_S, Listed, believed, missing

NOW = 1_790_000_000.0
ADA, BOB = '{"id": 1}', '{"id": 2}'


def test_who_is_lacking_once_counts_still() -> None:
    """One odd listing is more likely."""
    counting = believed({1: Listed(ADA)}, {2: BOB}, whole=True, now=NOW)

    assert counting == {1: Listed(ADA, NOW), 2: Listed(BOB)}
    assert missing(counting) == [1]


def test_who_is_lacking_twice_some_time_apart_is_gone() -> None:
    """Two readings in one second are one."""
    lacking = {1: Listed(ADA, NOW)}

    assert believed(lacking, {}, whole=True, now=NOW + CONFIRM_S - 1) == lacking
    assert believed(lacking, {}, whole=True, now=NOW + CONFIRM_S) == {}


def test_a_listing_that_is_not_whole_says_nothing_of_whom_it_lacks() -> None:
    """However often it is read."""
    lacking = {1: Listed(ADA, NOW)}

    assert believed(lacking, {}, whole=False, now=NOW + 10 * CONFIRM_S) == lacking


def test_who_is_shown_again_counts_as_before() -> None:
    """Whatever was said of them meanwhile."""
    assert believed({1: Listed(ADA, NOW)}, {1: ADA}, whole=True, now=NOW + 1) == {1: Listed(ADA)}
