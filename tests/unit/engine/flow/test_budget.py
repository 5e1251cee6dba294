"""The budget: our own ceilings and the window the system's headers describe."""

from __future__ import annotations

import pytest
from pytest import approx

from engine.flow.allowance import HOUR_S, BudgetLimits, Grant
from engine.flow.budget import MINUTE_S, Budget
from engine.flow.window import SKEW_S, UNSURE_S
from engine.model.sample import DAY_S, YEAR_DAYS
from tests.unit.engine.stand_ins import NOW

# On a full minute, so that the arithmetic can be read off.
START = NOW - NOW % MINUTE_S


def spent(limits: BudgetLimits, *times: float) -> Budget:
    """A budget with one request at each of the times."""
    budget = Budget(limits)
    for at in times:
        budget.count(at)
    return budget


def test_without_limits_nothing_waits() -> None:
    """Most tenants start without any setting here."""
    assert spent(BudgetLimits(), *[START] * 1000).wait_s(START, backlog=True) == 0


def test_the_hour_is_full_until_its_oldest_minute_has_left_it() -> None:
    """The ceiling holds in any 60 minutes, not from full hour to full hour."""
    budget = spent(BudgetLimits(per_hour=2), START, START + 60)

    assert budget.wait_s(START + 60, backlog=False) == 60 * MINUTE_S
    assert budget.wait_s(START + 61 * MINUTE_S, backlog=False) == 0


def test_a_backlog_leaves_a_share_for_fresh_edits() -> None:
    """A bulk import must not make the next edit wait for an hour."""
    budget = spent(BudgetLimits(per_hour=10, fresh_share=0.2), *[START] * 8)

    assert budget.wait_s(START, backlog=False) == 0
    assert budget.wait_s(START, backlog=True) > 0


def test_the_reserve_is_left_to_others_but_never_more_than_half() -> None:
    """A reserve larger than the limit would stop the service for ever."""
    modest, greedy = BudgetLimits(per_hour=10, reserve=3), BudgetLimits(per_hour=10, reserve=500)

    assert spent(modest, *[START] * 6).wait_s(START, backlog=False) == 0
    assert spent(modest, *[START] * 7).wait_s(START, backlog=False) > 0
    assert spent(greedy, *[START] * 4).wait_s(START, backlog=False) == 0
    assert spent(greedy, *[START] * 5).wait_s(START, backlog=False) > 0


def test_the_year_waits_for_the_next_day() -> None:
    """The yearly allowance is bought; exceeding it costs money."""
    budget = spent(BudgetLimits(per_year=2), START, START)
    until_midnight = DAY_S - START % DAY_S

    assert budget.wait_s(START, backlog=False) == until_midnight
    assert budget.used_last_year(START + YEAR_DAYS * DAY_S) == 0
    assert budget.days == {}


def test_a_clock_that_steps_back_forgets_nothing() -> None:
    """Time synchronisation must not give the hour's requests back."""
    budget = spent(BudgetLimits(per_hour=3), START, START - 120, START - 300)

    assert budget.used_last_hour(START) == 3
    assert budget.wait_s(START - 300, backlog=False) > 0


@pytest.mark.parametrize(
    ("backlog", "remaining", "waits"),
    [
        (False, 11, False),
        (False, 10, True),
        (True, 20, False),
        (True, 19, True),
    ],
)
def test_the_systems_own_window_is_respected(backlog: bool, remaining: int, waits: bool) -> None:
    """Headers say what is left; the reserve and the share are kept from that too."""
    budget = Budget(BudgetLimits(reserve=10, fresh_share=0.1))
    budget.learn(100, remaining, START + 500, START)

    assert (budget.wait_s(START, backlog=backlog) > 0) is waits
    assert budget.wait_s(START + 500, backlog=backlog) == 0


def test_answers_that_overtake_each_other_do_not_raise_what_is_left() -> None:
    """An older answer arriving late would otherwise hand requests out twice."""
    budget = Budget(BudgetLimits())
    budget.learn(100, 5, START + 500, START)
    budget.learn(100, 8, START + 500.4, START)

    assert budget.window.remaining == 5
    budget.count(START)
    assert budget.window.remaining == 4


def test_a_limit_that_is_raised_within_its_window_is_believed() -> None:
    """The contract was changed, and the window of the new limit has much left."""
    budget = Budget(BudgetLimits())
    budget.learn(100, 0, START + 500, START)
    budget.learn(1000, 900, START + 500, START + 1)

    assert budget.window.remaining == 900
    assert budget.wait_s(START + 1, backlog=True) == 0


def test_a_new_window_is_believed_as_it_says() -> None:
    """After the reset the whole allowance is back."""
    budget = Budget(BudgetLimits())
    budget.learn(100, 0, START + 500, START)
    budget.learn(100, 99, START + 500 + HOUR_S, START + 501)

    assert budget.window.remaining == 99
    assert budget.wait_s(START + 501, backlog=False) == 0


@pytest.mark.parametrize("ahead_s", [HOUR_S + SKEW_S + 1, 5 * HOUR_S, 1e9, 1.79e12, 1.79e15])
def test_an_end_of_the_window_that_cannot_be_true_is_asked_about_again(ahead_s: float) -> None:
    """Of another unit or another clock, it once silenced the service until a restart."""
    budget = Budget(BudgetLimits())
    budget.learn(100, 0, START + ahead_s, START)

    assert budget.wait_s(START, backlog=False) == UNSURE_S
    assert "cannot be true" in budget.cause(START, backlog=False)
    assert budget.wait_s(START + UNSURE_S, backlog=False) == 0
    budget.learn(100, 0, START + UNSURE_S + ahead_s, START + UNSURE_S)
    assert budget.wait_s(START + UNSURE_S, backlog=False) == UNSURE_S


def test_a_window_is_waited_for_to_its_end_and_no_longer_than_an_hour() -> None:
    """An hour is the longest any single wait is believed."""
    budget = Budget(BudgetLimits())
    budget.learn(100, 0, START + HOUR_S + SKEW_S, START)

    assert budget.wait_s(START, backlog=False) == HOUR_S
    assert "until its window ends" in budget.cause(START, backlog=False)
    assert budget.wait_s(START + HOUR_S + SKEW_S, backlog=False) == 0


@pytest.mark.parametrize("ahead_s", [120, HOUR_S, 5 * HOUR_S, DAY_S, 400 * DAY_S])
def test_a_clock_that_was_ahead_holds_for_an_hour_at_most(ahead_s: float) -> None:
    """While it was ahead the hour was spent; set back, that hour counts as the present one."""
    limits = BudgetLimits(per_hour=5)
    budget = spent(limits, *(START + ahead_s - minute * MINUTE_S for minute in (4, 3, 2, 1, 0)))

    assert budget.used_last_hour(START) == 5
    assert 0 < budget.wait_s(START, backlog=False) <= HOUR_S + MINUTE_S
    budget.count(START + MINUTE_S)
    assert budget.used_last_hour(START + MINUTE_S) == 6
    assert budget.used_last_year(START + MINUTE_S) == 6
    assert max(budget.days) == int(START // DAY_S)
    assert budget.wait_s(START + HOUR_S + 2 * MINUTE_S, backlog=False) == 0


def test_a_window_that_a_clock_ahead_has_put_far_off_is_asked_about_again() -> None:
    """Its end was a moment of that clock."""
    budget = Budget(BudgetLimits())
    budget.count(START + 5 * HOUR_S)
    budget.learn(100, 0, START + 6 * HOUR_S, START + 5 * HOUR_S)

    assert budget.wait_s(START, backlog=False) == UNSURE_S


def test_counts_of_a_time_to_come_are_restored_as_of_now() -> None:
    """The process that kept them ran on a clock that was ahead."""
    minute, day = int(START // MINUTE_S), int(START // DAY_S)
    budget = Budget(BudgetLimits(per_hour=20, per_year=1000))

    budget.restore(
        {minute + 500_000: 7, minute - 3: 2, minute + 1: 1}, {day + 365: 90, day - 2: 10}, START
    )

    assert list(budget.minutes) == [(minute - 3, 2), (minute, 8)]
    assert budget.days == {day - 2: 10, day: 90}
    assert budget.used_last_hour(START + HOUR_S + MINUTE_S) == 0


def test_what_no_limit_looks_at_is_forgotten_even_without_limits() -> None:
    """A service runs for months; what it counts must not grow with that."""
    budget = spent(BudgetLimits(), *(START + minute * MINUTE_S for minute in range(600)))
    budget.count(START + (YEAR_DAYS + 2) * DAY_S)

    assert (len(budget.minutes), len(budget.days)) == (1, 1)

    budget = spent(BudgetLimits(), *(START + minute * MINUTE_S for minute in range(600)))
    assert len(budget.minutes) == 61


def test_a_window_of_unknown_size_is_used_to_its_end() -> None:
    """Some gateways say what remains and not of how much."""
    budget = Budget(BudgetLimits(reserve=100))
    budget.learn(None, 2, START + 600, START)

    assert budget.wait_s(START, backlog=True) == 0
    budget.count(START)
    budget.count(START)
    assert budget.wait_s(START, backlog=True) == 600


def test_what_is_left_is_granted_at_once() -> None:
    """No wait where there is room."""
    budget = Budget(BudgetLimits())
    assert budget.grant(10_000, NOW, backlog=True) == Grant(0.0, 10_000)
    budget.learn(100, 60, NOW + 50, NOW)

    assert budget.grant(50, NOW, backlog=True) == Grant(0.0, 50)


def test_what_the_window_lacks_is_granted_window_by_window() -> None:
    """Of each, the share for fresh edits is kept."""
    budget = Budget(BudgetLimits(fresh_share=0.1))
    # A window is seen from its begin, after another: it lasts five minutes.
    budget.learn(100, 0, NOW, NOW - 10)
    budget.learn(100, 100, NOW + 300, NOW)
    for _ in range(60):
        budget.count(NOW + 240)
    budget.learn(100, 40, NOW + 300, NOW + 240)
    now = NOW + 240

    # Of the 10 that are kept for fresh edits one is kept to the end, and a fifth of the others is
    # left now, and let go of until then.
    assert budget.grant(37, now, backlog=True) == Grant(0.0, 37)
    assert budget.grant(39, now, backlog=True).after_s == approx(60.0)
    # Then 90 come with every window, and 9 as it passes.
    assert budget.grant(129, now, backlog=True) == Grant(60.0, 90)
    assert budget.grant(130, now, backlog=True).after_s == approx(60.0 + 300 / 9)
    assert budget.grant(139, now, backlog=True) == Grant(360.0, 1)
    assert budget.grant(40, now, backlog=False) == Grant(0.0, 40)
    assert budget.grant(141, now, backlog=False) == Grant(360.0, 1)


def test_a_window_of_another_limit_has_another_length() -> None:
    """An hour seen before would be hoped for in vain, or dreaded."""
    budget = Budget(BudgetLimits(fresh_share=0.0))
    budget.learn(10_000, 9_000, NOW + 3000, NOW)
    budget.learn(100, 0, NOW + 200, NOW)

    # Nobody saw how long it was open already.
    assert budget.grant(101, NOW, backlog=True) == Grant(200.0 + 300.0, 1)

    budget.learn(100, 0, NOW + 440, NOW + 200)
    assert budget.grant(101, NOW + 200, backlog=True) == Grant(480.0, 1)


@pytest.mark.parametrize(
    ("left_s", "length_s"),
    [(1, 60), (59, 60), (62, 60), (64, 300), (110, 300), (620, 900), (1801, 1800), (1810, 3600)],
)
def test_a_window_that_was_met_in_the_middle_lasts_a_time_that_is_easily_said(
    left_s: float, length_s: float
) -> None:
    """The next one is as long as limits are set for, not as what was left of this one."""
    budget = Budget(BudgetLimits(fresh_share=0.0))
    budget.learn(100, 0, NOW + left_s, NOW)
    assert budget.grant(101, NOW, backlog=True) == Grant(left_s + length_s, 1)


def test_a_limit_that_is_changed_within_its_window_leaves_it_its_length() -> None:
    """Three windows of an hour last longer than three of the minutes that are left of this one."""
    budget = Budget(BudgetLimits(fresh_share=0.0))
    budget.learn(10_000, 9_000, NOW + 3600, NOW)
    budget.learn(100, 0, NOW + 3600, NOW + 3000)

    assert budget.grant(101, NOW + 3000, backlog=True) == Grant(600.0 + 3600.0, 1)


def test_our_own_hour_grants_what_gets_an_hour_old() -> None:
    """The ceiling is rolling: each minute gives back its own."""
    budget = spent(BudgetLimits(per_hour=10, fresh_share=0.0), *[START] * 4, *[START + 60] * 6)
    now = START + 120

    assert budget.grant(4, now, backlog=True) == Grant(61 * MINUTE_S - 120, 4)
    assert budget.grant(5, now, backlog=True) == Grant(62 * MINUTE_S - 120, 1)
    assert budget.grant(11, now, backlog=True).after_s == 2 * HOUR_S


def test_the_limit_that_holds_longest_decides() -> None:
    """Whichever it is."""
    budget = spent(BudgetLimits(per_hour=2, fresh_share=0.0), START, START)
    budget.learn(100, 0, START + 30, START)

    assert budget.grant(1, START, backlog=True).after_s == 61 * MINUTE_S
