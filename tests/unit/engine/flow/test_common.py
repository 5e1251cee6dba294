"""What several pairs draw that act as one user: counted together, and shared between processes."""

from __future__ import annotations

import pytest

from engine.flow.allowance import BudgetLimits
from engine.flow.budget import Budget
from engine.flow.common import Common
from engine.flow.minutes import MINUTE_S
from engine.model.fleet import Drawn
from tests.unit.engine.flow.users import ACCOUNT, Board, Process, Served, seconds, sends
from tests.unit.engine.stand_ins import NOW

START = NOW - NOW % MINUTE_S
MINUTE = int(START // MINUTE_S)
FREE = BudgetLimits(reserve=0)


def test_pairs_of_one_user_share_the_hour_and_keep_counts_of_their_own() -> None:
    """Each of them would otherwise send as many as all of them may."""
    process = Process("one", Board())
    first, second = (process.pair(BudgetLimits(per_hour=4)) for _ in range(2))
    for budget in (first, first, second, first):
        budget.count(START)

    assert first.wait_s(START, backlog=False) > 0
    assert second.wait_s(START, backlog=False) > 0
    assert second.used_last_hour(START) == 4
    assert second.hour(START) == (4, 0)
    assert second.grant(1, START, backlog=False).after_s > 0
    assert (dict(first.minutes), dict(second.minutes)) == ({MINUTE: 3}, {MINUTE: 1})
    assert (first.used_last_year(START), second.used_last_year(START)) == (3, 1)
    assert second.wait_s(START + 61 * MINUTE_S, backlog=False) == 0


def test_pairs_of_one_user_share_the_window() -> None:
    """What one is told counts for all, and what any sends is taken off."""
    process = Process("one", Board())
    first, second = process.pair(FREE), process.pair(FREE)
    first.learn(100, 2, START + 500, START)
    second.count(START)
    assert first.window.remaining == 1
    first.count(START)

    assert second.wait_s(START, backlog=False) > 0
    assert second.hour(START) == (100, 0)


def test_requests_of_any_pair_that_are_under_way_are_no_draws_of_others() -> None:
    """Who asked when a window was met may belong to another pair."""
    common = Common(ACCOUNT)
    first, second = Budget(FREE), Budget(FREE)
    first.join(common, lambda: 0, START)
    second.join(common, lambda: 3, START)

    first.learn(100, 90, START + 500, START)
    first.learn(100, 87, START + 500, START + 1)
    assert common.window.others.per_second() == 0
    first.learn(100, 84, START + 500, START + 2)
    assert common.window.others.per_second() > 0


def test_what_a_pair_has_sent_before_is_brought_along_and_nothing_twice() -> None:
    """Starting asks; what an earlier process sent, it has told the others itself."""
    process = Process("one", Board())
    budget, other = Budget(BudgetLimits(per_hour=100)), process.pair(BudgetLimits(per_hour=100))
    budget.restore({MINUTE - 5: 20, MINUTE: 10}, {}, START)
    budget.count(START)
    budget.learn(100, 40, START + 500, START)
    budget.join(process.common, lambda: 0, START)

    assert other.used_last_hour(START) == 1
    assert budget.used_last_hour(START) == 31
    assert other.window.remaining == 40

    process.common.hear(Drawn(ACCOUNT, {MINUTE - 5: 20, MINUTE: 10}), START)
    assert other.used_last_hour(START) == 31
    assert budget.used_last_hour(START) == 31


def test_whoever_parts_leaves_what_it_has_sent_and_knows_no_window() -> None:
    """Its requests count for their hour; those of another user would be another's."""
    process = Process("one", Board())
    first, second = (process.pair(BudgetLimits(per_hour=100)) for _ in range(2))
    first.count(START)
    first.learn(100, 40, START + 500, START)
    first.part()
    assert second.used_last_hour(START) == 1
    assert first.window.remaining is None

    another = Process("two", Board())
    first.join(another.common, lambda: 0, START)
    assert another.pair(BudgetLimits()).used_last_hour(START) == 0

    second.part()
    assert not process.common.idle(START)
    assert process.common.idle(START + 62 * MINUTE_S)


def test_a_process_hears_what_others_have_drawn_even_of_one_that_died() -> None:
    """They were sent, whoever sent them."""
    board = Board()
    one, two = Process("one", board), Process("two", board)
    ours, theirs = one.pair(BudgetLimits(per_hour=10)), two.pair(BudgetLimits(per_hour=10))
    for _ in range(7):
        theirs.count(START)
    two.exchange(START)
    one.exchange(START)
    assert ours.hour(START) == (10, 3)

    third = Process("three", board)
    restarted = third.pair(BudgetLimits(per_hour=10))
    third.exchange(START + 60)
    assert restarted.hour(START + 60) == (10, 3)
    assert restarted.hour(START + 61 * MINUTE_S) == (10, 10)


def test_what_another_process_counted_in_a_time_to_come_counts_as_of_now() -> None:
    """Its clock is ahead; nobody is to be held for longer than an hour for that."""
    one = Process("one", Board())
    budget = one.pair(BudgetLimits(per_hour=10))
    one.common.hear(Drawn(ACCOUNT, {MINUTE + 1000: 6, MINUTE: 1}), START)

    assert budget.used_last_hour(START) == 7
    assert budget.used_last_hour(START + 61 * MINUTE_S) == 0


def facts(remaining: int, reset_at: float, told_at: float) -> Drawn:
    """What another process was told of the window."""
    return Drawn(ACCOUNT, {}, 100, remaining, reset_at, told_at)


@pytest.mark.parametrize(
    ("heard", "remaining"),
    [
        (facts(30, START + 500, START + 2), 30),
        (facts(60, START + 500, START + 2), 50),
        (facts(30, START + 500, START), 50),
        (facts(99, START + 3600, START + 2), 99),
        (facts(30, START + 100, START + 2), 50),
        (facts(30, START - 1, START + 2), 50),
        (facts(30, START + 90_000, START + 2), 50),
        (Drawn(ACCOUNT, {}), 50),
    ],
    ids=["less", "more", "older", "next", "earlier", "over", "absurd", "nothing"],
)
def test_of_what_others_were_told_the_newest_counts(heard: Drawn, remaining: int) -> None:
    """Of one window the least is believed, and a later window is another."""
    one = Process("one", Board())
    budget = one.pair(FREE)
    budget.learn(100, 50, START + 500, START + 1)
    one.common.hear(heard, START + 3)

    assert budget.window.remaining == remaining


def test_a_window_in_doubt_is_not_passed_on() -> None:
    """The next answer shows it to each of them, if there is anything to it."""
    one = Process("one", Board())
    budget = one.pair(FREE)
    assert one.common.told(START).remaining is None
    budget.learn(100, 50, START + 90_000, START)
    assert one.common.told(START).remaining is None
    budget.learn(100, 50, START + 500, START)
    told = one.common.told(START)
    assert (told.limit, told.remaining, told.reset_at) == (100, 50, START + 500)
    budget.window.ask_anew()
    one.common.hear(facts(30, START + 500, START + 2), START + 2)
    assert budget.window.remaining is None


def test_what_is_drawn_is_to_be_told_until_it_is() -> None:
    """A database that was away for a moment must not lose any of it."""
    common = Common(ACCOUNT)
    budget = Budget(FREE)
    budget.join(common, lambda: 0, START)
    assert common.untold
    common.told(START)
    assert not common.untold
    budget.count(START)
    assert common.told(START).minutes == {MINUTE: 1}
    common.not_told()
    assert common.untold


def test_our_own_other_processes_are_no_strangers() -> None:
    """Two backlogs would otherwise each leave the other what it draws, and both stand still."""
    board, served = Board(), Served(10_000)
    processes = [Process("one", board), Process("two", board)]
    pairs = [process.pair(FREE) for process in processes]
    sent = [0, 0]
    for now in seconds(600):
        for place, budget in enumerate(pairs):
            for _ in range(6):
                sent[place] += sends(budget, served, now, backlog=True)
            processes[place].pass_to(now)

    assert sent == [3600, 3600]
    assert all(process.common.window.others.per_second() == 0 for process in processes)


def test_strangers_are_told_from_our_own_other_processes() -> None:
    """A backlog leaves them what they draw."""
    board, served = Board(), Served(10_000)
    processes = [Process("one", board), Process("two", board)]
    pairs = [process.pair(FREE) for process in processes]
    for now in seconds(1200):
        served.answers(now)
        for place, budget in enumerate(pairs):
            sends(budget, served, now, backlog=True)
            processes[place].pass_to(now)

    for process in processes:
        assert 0.8 < process.common.window.others.per_second() < 1.2


@pytest.mark.parametrize(
    ("limits", "served"),
    [
        (BudgetLimits(per_hour=100, fresh_share=0), Served(10**6)),
        (BudgetLimits(fresh_share=0), Served(100, 15 * MINUTE_S)),
    ],
    ids=["an hour of ours", "a window of the system"],
)
def test_whoever_competes_for_an_hour_is_part_of_the_estimate(
    limits: BudgetLimits, served: Served
) -> None:
    """What is left is not all one's own: two with the same to do take twice the time."""
    process = Process("one", Board())
    first, second = process.pair(limits), process.pair(limits)
    left, estimated_s, asked_at = 700, 0.0, 0.0
    for now in seconds(24 * 3600.0, 20.0):
        if left == 600 and not asked_at:
            estimated_s, asked_at = first.grant(left, now, backlog=True).after_s, now
        left -= sends(first, served, now, backlog=True)
        sends(second, served, now, backlog=True)
        if not left:
            assert estimated_s == pytest.approx(now - asked_at, rel=0.2)
            return
    pytest.fail("it is never done")
