"""The retry budget: how much of the traffic may be retries while a system is in trouble."""

from __future__ import annotations

import pytest

from engine.flow.retry_budget import (
    EARNED_EVERY_S,
    HALF_LIFE_S,
    SAVED_MAX,
    TURN_MAX_S,
    TURN_MIN_S,
    RetryBudget,
)


def fail(budget: RetryBudget, now: float = 0.0) -> None:
    """Nothing is answered well any more."""
    for _ in range(20):
        budget.answered(now, well=False)


def in_trouble() -> RetryBudget:
    """Nothing was answered well of late, and everything saved is spent."""
    budget = RetryBudget()
    fail(budget)
    for _ in range(int(SAVED_MAX)):
        assert budget.take(0.0)
    return budget


def test_retries_are_a_tenth_of_the_traffic_in_trouble() -> None:
    """An outage must not be answered with more requests than a good day has."""
    budget = in_trouble()
    retries = 0
    for _ in range(1000):
        budget.first_attempt()
        retries += budget.take(0.0)

    assert 95 <= retries <= 100


def test_while_the_trouble_lasts_time_earns_a_retry_now_and_then() -> None:
    """Without any new work somebody must still find out that the system is back."""
    budget = in_trouble()
    fail(budget, 1.0)
    assert not budget.take(1.0)

    fail(budget, 1.0 + EARNED_EVERY_S)

    assert budget.take(1.0 + EARNED_EVERY_S)
    assert not budget.take(1.0 + EARNED_EVERY_S)


def test_trouble_is_forgotten_by_time() -> None:
    """What a bad minute left behind must not wait for answers that nobody asks for."""
    budget = in_trouble()

    assert all(budget.take(2 * HALF_LIFE_S) for _ in range(1000))


def test_without_trouble_every_retry_goes() -> None:
    """What a short failure left behind is made up for at once."""
    budget = in_trouble()
    for _ in range(20):
        budget.answered(0.0, well=True)

    assert all(budget.take(0.0) for _ in range(1000))


@pytest.mark.parametrize("waiting", [1, 100, 3000])
def test_those_who_wait_ask_again_soon_and_not_all_at_once(waiting: int) -> None:
    """A herd would be refused as one, again and again."""
    budget = in_trouble()

    turns = [budget.next_turn_s(50.0) for _ in range(waiting)]

    assert all(TURN_MIN_S <= turn <= TURN_MAX_S + 0.1 for turn in turns)
    assert max(turns.count(turn) for turn in set(turns)) <= waiting / 100 + 1
