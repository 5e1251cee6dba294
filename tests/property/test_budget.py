"""The budget: whoever obeys it never exceeds the hour, in any 60 minutes."""

from __future__ import annotations

from bisect import bisect_left

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.flow.allowance import HOUR_S, BudgetLimits
from engine.flow.budget import Budget
from tests.searching import examples

START = 1_790_000_000.0
STEPS = st.lists(
    st.tuples(st.floats(0, 1500, allow_nan=False), st.booleans()), min_size=1, max_size=120
)
LIMITS = st.builds(
    BudgetLimits,
    per_hour=st.integers(1, 12),
    reserve=st.integers(0, 20),
    fresh_share=st.floats(0, 0.9),
)


def busiest_hour(sent: list[float]) -> int:
    """Most requests in any 60 minutes; times ascending."""
    return max(
        (number - bisect_left(sent, at - HOUR_S) + 1 for number, at in enumerate(sent)), default=0
    )


@settings(max_examples=examples(60))
@given(limits=LIMITS, steps=STEPS)
def test_no_sixty_minutes_ever_hold_more_than_the_hour_allows(
    limits: BudgetLimits, steps: list[tuple[float, bool]]
) -> None:
    """A blown budget locks everybody out of the target who shares the allowance."""
    budget, now, sent = Budget(limits), START, list[float]()
    for pause, backlog in steps:
        now += pause
        if budget.wait_s(now, backlog=backlog) == 0:
            budget.count(now)
            sent.append(now)

    allowed = max(1, limits.per_hour - min(limits.reserve, limits.per_hour // 2))
    assert busiest_hour(sent) <= allowed


@settings(max_examples=examples(60))
@given(limits=LIMITS, steps=STEPS)
def test_waiting_as_long_as_told_always_leads_to_a_request(
    limits: BudgetLimits, steps: list[tuple[float, bool]]
) -> None:
    """A wait that ends in another wait, for ever, would be a service that stands still."""
    budget, now = Budget(limits), START
    for pause, backlog in steps:
        now += pause
        waits = 0
        while (wait := budget.wait_s(now, backlog=backlog)) > 0:
            assert wait >= 1
            now += wait
            waits += 1
            assert waits <= 2 * limits.per_hour
        budget.count(now)


@settings(max_examples=examples(60))
@given(limits=LIMITS, times=st.lists(st.floats(0, 8000), max_size=40), at=st.floats(0, 9000))
def test_a_backlog_never_goes_where_a_fresh_edit_must_wait(
    limits: BudgetLimits, times: list[float], at: float
) -> None:
    """The share kept for fresh edits is kept from the backlog, and not the other way round."""
    budget = Budget(limits)
    for one in sorted(times):
        budget.count(START + one)

    fresh = budget.wait_s(START + at, backlog=False)
    assert budget.wait_s(START + at, backlog=True) >= fresh


@settings(max_examples=examples(60))
@given(
    answers=st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=30),
    reserve=st.integers(0, 60),
)
def test_in_one_window_no_more_is_sent_than_any_answer_allowed(
    answers: list[tuple[int, bool]], reserve: int
) -> None:
    """Answers overtake each other; the lowest is the truth."""
    budget = Budget(BudgetLimits(reserve=reserve))
    allowed = 10**9
    for remaining, send in answers:
        budget.learn(100, remaining, START + 900, START)
        allowed = min(allowed, remaining)
        if send and budget.wait_s(START, backlog=False) == 0:
            assert allowed > 0
            budget.count(START)
            allowed -= 1
