"""Several processes that act as one user keep to one hour, but for what none of them can know."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.flow.allowance import HOUR_S, BudgetLimits
from engine.flow.common import EXCHANGE_S
from tests.searching import examples
from tests.unit.engine.flow.users import Board, Process, Served, sends
from tests.unit.engine.stand_ins import NOW

# Who wants to send, how many, in which lane, and how long after the one before.
STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(1, 6),
        st.booleans(),
        st.one_of(st.floats(0, 3), st.floats(0, 40), st.sampled_from([0.0, 600.0, 1800.0])),
    ),
    min_size=1,
    max_size=150,
)


def unheard(sent: Sequence[float]) -> int:
    """The most that one process sends within two exchanges."""
    return max(
        (bisect_right(sent, at + 2 * EXCHANGE_S) - place for place, at in enumerate(sent)),
        default=0,
    )


@settings(max_examples=examples(150))
@given(number=st.integers(1, 3), per_hour=st.integers(1, 30), steps=STEPS)
def test_no_sixty_minutes_hold_more_than_allowed_but_for_what_is_not_heard_yet(
    number: int, per_hour: int, steps: list[tuple[int, int, bool, float]]
) -> None:
    """The bound that is promised; one process alone keeps to the number itself."""
    board, limits = Board(), BudgetLimits(per_hour=per_hour)
    processes = [Process(str(place), board) for place in range(number)]
    pairs = [process.pair(limits) for process in processes]
    sent: list[list[float]] = [[] for _ in processes]
    now = NOW
    for who, requests, backlog, after_s in steps:
        now = passed(processes, now, after_s)
        place = who % number
        for _ in range(requests):
            if pairs[place].wait_s(now, backlog=backlog) == 0:
                pairs[place].count(now)
                sent[place].append(now)

    everything = sorted(at for of_one in sent for at in of_one)
    busiest = max(
        (place - bisect_left(everything, at - HOUR_S) + 1 for place, at in enumerate(everything)),
        default=0,
    )
    more = sum(map(unheard, sent)) if number > 1 else 0
    assert busiest <= per_hour + more


@settings(max_examples=examples(150))
@given(number=st.integers(1, 3), limit=st.integers(5, 60), steps=STEPS)
def test_no_request_is_refused_but_for_what_is_not_heard_yet(
    number: int, limit: int, steps: list[tuple[int, int, bool, float]]
) -> None:
    """By the system's own window: each answer tells of everybody, so that is even less."""
    board, served = Board(), Served(limit)
    processes = [Process(str(place), board) for place in range(number)]
    pairs = [process.pair(BudgetLimits(reserve=0)) for process in processes]
    sent: list[list[float]] = [[] for _ in processes]
    now = NOW
    for who, requests, backlog, after_s in steps:
        now = passed(processes, now, after_s)
        place = who % number
        for _ in range(requests):
            if sends(pairs[place], served, now, backlog=backlog):
                sent[place].append(now)

    more = sum(map(unheard, sent)) if number > 1 else 0
    assert served.refused <= more


def passed(processes: Sequence[Process], now: float, after_s: float) -> float:
    """Time passes, and processes exchange when it is time to."""
    until = now + after_s
    while now < until:
        now = min(until, now + EXCHANGE_S / 4)
        for process in processes:
            process.pass_to(now)
    return now
