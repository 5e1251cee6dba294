"""The retry budget: how much of the traffic may be retries while a system is in trouble."""

from __future__ import annotations

from engine.flow.retry_budget import EARNED_EVERY_S, SAVED_MAX, RetryBudget


def in_trouble() -> RetryBudget:
    """Nothing was answered well of late, and everything saved is spent."""
    budget = RetryBudget()
    for _ in range(10):
        budget.answered(well=False)
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


def test_time_alone_earns_a_retry_now_and_then() -> None:
    """Without any new work somebody must still find out that the system is back."""
    budget = in_trouble()

    assert not budget.take(1.0)
    assert budget.wait_s(1.0) > 0
    assert budget.take(1.0 + EARNED_EVERY_S)
    assert not budget.take(1.0 + EARNED_EVERY_S)


def test_without_trouble_every_retry_goes() -> None:
    """What a short failure left behind is made up for at once."""
    budget = in_trouble()
    for _ in range(20):
        budget.answered(well=True)

    assert all(budget.take(0.0) for _ in range(1000))
