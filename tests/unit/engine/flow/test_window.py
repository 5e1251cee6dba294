"""The window that all share: what a backlog leaves in it, and that nothing is left over."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from engine.flow.allowance import BudgetLimits
from engine.flow.window import Window
from tests.unit.engine.stand_ins import NOW

LIMIT, LASTS_S = 10_000, 3600


@dataclass
class Served:
    """The system: a limit for each hour, drawn from by us and by others."""

    limits: BudgetLimits = field(default_factory=lambda: BudgetLimits(reserve=0))
    window: Window = field(default_factory=Window)
    now: float = NOW
    ends_at: float = NOW + LASTS_S
    remaining: int = LIMIT
    refused: int = 0
    """From the second window on."""

    def pass_s(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds
        if self.now >= self.ends_at:
            self.ends_at, self.remaining = self.ends_at + LASTS_S, LIMIT

    def draws(self, requests: int) -> None:
        """Others send so many; what is not left they do not get."""
        self.remaining = max(0, self.remaining - requests)

    def sends(self, *, backlog: bool) -> bool:
        """Send one request, if the window lets it; whether it did."""
        if self.window.wait_s(self.limits, self.now, backlog=backlog) > 0:
            return False
        self.window.count()
        self.refused += self.remaining == 0 and self.now >= NOW + LASTS_S
        self.remaining = max(0, self.remaining - 1)
        self.window.learn(LIMIT, self.remaining, self.ends_at, self.now)
        return True


@pytest.mark.parametrize("a_second", [3, 200])
@pytest.mark.parametrize(("others", "every_s"), [(0.0, 1), (0.3, 1), (0.6, 1), (0.3, 60)])
def test_a_backlog_leaves_others_and_fresh_edits_theirs_and_nothing_over(
    a_second: int, others: float, every_s: int
) -> None:
    """It once left them a tenth, which others drew; edits then waited for the end of the hour.

    From the second window on, when the pace of others is known.
    """
    served, owed = Served(), 0.0
    waited: list[int] = []
    over: list[int] = []
    for second in range(2 * LASTS_S):
        if second % every_s == 0:
            owed += others * LIMIT / LASTS_S * every_s
            served.draws(int(owed))
            owed -= int(owed)
        if second % 20 == 0 and not served.sends(backlog=False):
            waited.append(second)
        for _ in range(a_second):
            if not served.sends(backlog=True):
                break
        if (second + 1) % LASTS_S == 0:
            over.append(served.remaining)
        served.pass_s(1.0)

    assert [second for second in waited if second >= LASTS_S] == []
    assert served.refused == 0
    left_to_us = LIMIT * (1 - others)
    assert all(left <= 0.02 * left_to_us for left in over[1:]), over


def test_others_who_would_draw_everything_leave_a_backlog_something() -> None:
    """To wait for those who never stop would be to wait for ever."""
    served, sent = Served(), 0
    for second in range(2 * LASTS_S):
        served.draws(8)
        for _ in range(8):
            sent += second >= LASTS_S and served.sends(backlog=True)
        served.pass_s(1.0)

    assert sent > LIMIT / 20


def test_what_others_draw_between_two_answers_is_left_to_them() -> None:
    """What was left at the last answer is not left any more."""
    window, limits = Window(), BudgetLimits(reserve=0, fresh_share=0.0)
    for second in range(101):
        window.learn(LIMIT, 2_100 - second, NOW + 2_000, NOW + second)

    # 2,000 are left, and others will draw 1,900 of them by the end of the window.
    assert window.wait_s(limits, NOW + 100, backlog=True) == 0
    for _ in range(99):
        window.count()
    assert window.wait_s(limits, NOW + 100, backlog=True) == 0
    window.count()
    assert window.wait_s(limits, NOW + 100, backlog=True) > 0
    assert window.wait_s(limits, NOW + 150, backlog=True) > 0


def test_the_reserve_is_left_at_the_end_too() -> None:
    """Whatever others draw before."""
    served = Served(BudgetLimits(reserve=500))
    for _ in range(2 * LASTS_S - 1):
        served.draws(1)
        for _ in range(200):
            if not served.sends(backlog=True):
                break
        served.pass_s(1.0)

    assert 500 <= served.remaining < 500 + 0.02 * LIMIT


def test_requests_of_ours_that_are_under_way_are_no_draws_of_others() -> None:
    """The answers to what is sent together come one after the other."""
    window = Window()
    window.learn(LIMIT, 9_000, NOW + LASTS_S, NOW)
    for _ in range(100):
        window.count()
    for answered in range(100):
        window.learn(LIMIT, 8_999 - answered, NOW + LASTS_S, NOW + 1 + answered / 100)

    assert window.others.per_second() == 0


def test_requests_of_ours_that_were_under_way_when_a_window_was_met_are_none_either() -> None:
    """They are not taken off what its first answer leaves, and come to be counted after it."""
    window = Window()
    window.learn(LIMIT, 9_999, NOW + LASTS_S, NOW, under_way=15)
    for answered in range(15):
        window.learn(LIMIT, 9_998 - answered, NOW + LASTS_S, NOW + 1 + answered / 100)
    assert window.others.per_second() == 0

    window.learn(LIMIT, 9_984 - 40, NOW + LASTS_S, NOW + 40)
    assert window.others.per_second() == 1.0


def test_what_comes_long_after_a_window_was_met_is_of_others() -> None:
    """Whatever was under way then: a few draws less at each window made edits wait for its end."""
    window = Window()
    window.learn(LIMIT, 9_999, NOW + LASTS_S, NOW, under_way=15)
    window.learn(LIMIT, 9_985, NOW + LASTS_S, NOW + 40)

    assert window.others.per_second() == 14 / 40


def test_what_others_draw_is_seen_by_pairs_of_answers_about_one_window() -> None:
    """Between the last answer about one window and the first about the next nobody knows."""
    window = Window()
    window.learn(LIMIT, 9_000, NOW + 3000, NOW)
    window.learn(LIMIT, 8_900, NOW + 3000, NOW + 100)
    assert window.others.per_second() == 1.0

    window.learn(LIMIT, 5_000, NOW + 3000 + LASTS_S, NOW + 3100)
    window.learn(LIMIT, 4_900, NOW + 3000 + LASTS_S, NOW + 3200)
    assert window.others.per_second() == 1.0


def test_an_answer_that_leaves_nothing_says_little_of_others() -> None:
    """They would have drawn more if there had been more, and may have stopped long ago."""
    window = Window()
    window.learn(LIMIT, 1_000, NOW + 3000, NOW)
    window.learn(LIMIT, 900, NOW + 3000, NOW + 100)
    window.learn(LIMIT, 0, NOW + 3000, NOW + 2900)

    assert window.others.per_second() == 1.0


def test_the_pace_of_others_is_that_of_the_last_hour_that_was_watched() -> None:
    """Who has drawn much yesterday may draw nothing today."""
    window, at, remaining = Window(), NOW, 10**9
    for drawn in (10, 0):
        for _ in range(LASTS_S + 120):
            at, remaining = at + 1, remaining - drawn
            window.learn(10**9, remaining, NOW + 2.5 * LASTS_S, at)

    assert window.others.per_second() == 0


def test_a_wait_for_what_is_let_go_ends_when_it_is() -> None:
    """Not before, when it would be asked for in vain, and not much later."""
    served = Served(BudgetLimits(reserve=500, fresh_share=0.2))
    while served.sends(backlog=True):
        pass
    waited = served.window.wait_s(served.limits, served.now, backlog=True)
    assert waited == pytest.approx(LASTS_S / (9_500 * 0.2), abs=1.0)
    served.pass_s(waited + 0.01)

    assert served.sends(backlog=True)


@pytest.mark.parametrize("limit", [0, 1])
def test_no_fewer_than_none_are_said_to_be_left(limit: int) -> None:
    """What is sent is taken off at once, also where the system grants nothing at all."""
    window = Window()
    window.learn(limit, limit, NOW + 60, NOW)
    for _ in range(2):
        window.count()

    assert window.cause() == f"the system leaves 0 of {limit} requests until its window ends"
