"""The forecast: when a backlog is done, by the pace that was seen and the budget there is."""

from __future__ import annotations

import math

import pytest

from engine.flow.allowance import BudgetLimits, Grant
from engine.flow.budget import Budget
from engine.flow.forecast import PIECES_MIN, REMEMBERED_S, Forecast, Left, Pieces, Tally
from engine.model.lane import Lane
from tests.unit.engine.stand_ins import NOW


def at_once(requests: float, _: Lane = Lane.BACKLOG) -> Grant:
    """No limit."""
    return Grant(0.0, requests)


def backlog(opportunities: int, relationships: int, not_before_s: float = 0.0) -> Left:
    """What is left of an import."""
    return Left(Pieces(), Pieces(opportunities, relationships), not_before_s)


def paced(opportunities: int, relationships: int, requests: int, over_s: float = 10.0) -> Forecast:
    """What was done in one spell of work."""
    forecast = Forecast()
    forecast.note(Tally(0.0, 0, 0, 0), working=True)
    forecast.note(
        Tally(over_s, opportunities, relationships, requests, created=relationships),
        working=True,
    )
    return forecast


def test_nothing_left_is_done() -> None:
    """Also before any pace is known."""
    assert Forecast().done_in_s(backlog(0, 0), at_once) == 0


def test_no_pace_is_no_forecast() -> None:
    """A number nobody could know would be believed."""
    few = paced(PIECES_MIN - 1, 0, 9)

    assert math.isnan(Forecast().done_in_s(backlog(1, 0), at_once))
    assert math.isnan(few.done_in_s(backlog(1, 0), at_once))


def test_the_pace_and_the_people_that_follow_tell_the_end() -> None:
    """An opportunity is done when its people are."""
    forecast = paced(opportunities=20, relationships=10, requests=60)

    # 100 opportunities with 50 tabs behind them, and 30 tabs, at 3 pieces a second.
    assert forecast.done_in_s(backlog(100, 30), at_once) == pytest.approx(60, rel=0.05)


def test_time_in_which_nothing_may_be_sent_is_no_pace() -> None:
    """While the budget is spent the pace is not nought; it is what it was."""
    forecast = paced(20, 20, 80)
    forecast.note(Tally(1000.0, 20, 20, 80), working=False)
    forecast.note(Tally(2000.0, 20, 20, 80), working=False)

    assert forecast.done_in_s(backlog(20, 0), at_once) == pytest.approx(10, rel=0.05)


def test_time_before_any_pace_is_known_is_none_either() -> None:
    """A service that began in a squeeze waited long before it did anything."""
    forecast = Forecast()
    forecast.note(Tally(0.0, 0, 0, 0), working=False)
    forecast.note(Tally(600.0, 0, 0, 0), working=False)
    forecast.note(Tally(610.0, 20, 0, 20), working=True)

    # Two a second, as soon as it did.
    assert forecast.done_in_s(backlog(40, 0), at_once) == pytest.approx(20, rel=0.1)


def test_what_the_budget_lets_through_one_by_one_is_no_pace() -> None:
    """It says how much is allowed, and nothing of how fast more of it would be done."""
    forecast = paced(opportunities=40, relationships=0, requests=40)
    for done in range(1, 201):
        forecast.note(Tally(10.0 + 5 * done, 40 + done, 0, 40 + done), working=False)

    # Four a second, as ever.
    assert forecast.done_in_s(backlog(400, 0), at_once) == pytest.approx(100, rel=0.05)


def test_what_was_done_between_two_pauses_tells_what_the_rest_takes() -> None:
    """After a restart in a squeeze each window allows no more than a moment's work."""
    forecast = Forecast()
    forecast.note(Tally(0.0, 0, 0, 0), working=False)
    forecast.note(Tally(5.0, 20, 0, 60), working=False)
    forecast.note(Tally(240.0, 20, 0, 60), working=False)

    def window(requests: float, _: Lane) -> Grant:
        return Grant(300.0, requests - 60)

    assert forecast.done_in_s(backlog(40, 0), window) == pytest.approx(305, rel=0.05)


def test_the_pace_of_an_hour_ago_is_forgotten() -> None:
    """A setting was changed since."""
    forecast = paced(1000, 0, 1000)
    for spell in range(1, 62):
        done = 1000 + 5 * spell
        forecast.note(Tally(10.0 + 5 * spell, done, 0, done), working=True)

    assert REMEMBERED_S < 61 * 5
    assert forecast.done_in_s(backlog(60, 0), at_once) == pytest.approx(60, rel=0.05)


def test_the_greater_of_pace_and_budget_counts() -> None:
    """Two numbers that contradict each other answer nothing."""
    forecast = paced(20, 0, 40)
    asked: list[float] = []

    def later(requests: float, _: Lane) -> Grant:
        asked.append(requests)
        return Grant(600.0, 40.0)

    # Two requests each; the last 40 of them are allowed after 600 s, and take 10 s.
    assert forecast.done_in_s(backlog(100, 0), later) == pytest.approx(610, rel=0.05)
    assert asked[0] == pytest.approx(200, rel=0.05)


def test_each_lane_has_a_pace_of_its_own() -> None:
    """Edits made up for after an outage tell nothing of what a record of an import costs."""
    forecast = paced(opportunities=20, relationships=20, requests=60)
    forecast.note(Tally(12.0, 60, 20, 100, 20, 40), working=True)
    asked: list[float] = []

    def grant(requests: float, _: Lane) -> Grant:
        asked.append(requests)
        return at_once(requests)

    left = Left(Pieces(10), Pieces(100))

    # A hundred with their people at 2 records a second, and ten edits at 20 a second.
    assert forecast.done_in_s(left, grant) == pytest.approx(50.5, rel=0.05)
    assert asked == pytest.approx([310, 300], rel=0.05)


def test_the_pace_of_the_other_lane_is_better_than_none() -> None:
    """The first import of a day begins after its first edits."""
    forecast = paced(20, 0, 20)

    assert forecast.done_in_s(Left(Pieces(20), Pieces()), at_once) == pytest.approx(10, rel=0.05)


def test_what_is_due_later_is_waited_for() -> None:
    """A backoff, or a pause, comes first."""
    assert 99 < paced(20, 0, 20).done_in_s(backlog(20, 0, not_before_s=90.0), at_once) < 102


def test_a_restart_that_counts_from_nothing_does_no_work_backwards() -> None:
    """Counts of a day fall when a day is forgotten."""
    forecast = paced(20, 0, 400)
    forecast.note(Tally(20.0, 40, 0, 10), working=True)

    assert forecast.done_in_s(backlog(20, 0), at_once) == pytest.approx(10, rel=0.05)


def asked_for(forecast: Forecast, left: Left) -> float:
    """The requests that it takes, those of fresh edits to come not among them."""
    asked: list[float] = []

    def grant(requests: float, _: Lane) -> Grant:
        asked.append(requests)
        return at_once(requests)

    forecast.done_in_s(left, grant)
    return asked[0]


def test_what_agreed_already_does_not_make_an_import_cheap() -> None:
    """A start looks at every tab, and nothing is to be sent for them."""
    forecast = Forecast()
    forecast.note(Tally(0.0, 0, 0, 0), working=True)
    forecast.note(Tally(5.0, 0, 300, 0, agreed=300), working=True)
    assert asked_for(forecast, backlog(100, 0)) >= 200

    forecast.note(Tally(10.0, 40, 340, 120, created=40, agreed=300), working=True)
    assert asked_for(forecast, backlog(100, 0)) == pytest.approx(300, rel=0.1)


def test_an_opportunity_and_its_people_cost_what_each_of_them_costs() -> None:
    """Those of an import are created first, and what is left then are mostly people."""
    forecast = Forecast()
    forecast.note(Tally(0.0, 0, 0, 0), working=True)
    forecast.note(Tally(5.0, 45, 5, 60, created=45), working=True)
    forecast.note(Tally(10.0, 50, 40, 170, created=50), working=True)

    assert asked_for(forecast, backlog(0, 100)) == pytest.approx(300, rel=0.1)


def test_a_hundred_pieces_outweigh_what_was_before_them() -> None:
    """What was made up for after a start says little of the import that follows."""
    forecast = paced(opportunities=500, relationships=0, requests=500)
    forecast.note(Tally(15.0, 600, 0, 800), working=True)

    assert asked_for(forecast, backlog(100, 0)) == pytest.approx(300, rel=0.1)


def test_what_a_start_finds_waiting_did_not_come_in_that_minute() -> None:
    """After a night without the service many edits wait at once, and are few a second."""
    forecast = paced(opportunities=20, relationships=20, requests=60)
    forecast.note(Tally(20.0, 20, 20, 60, waiting=300), working=False)
    forecast.note(Tally(80.0, 320, 20, 360, fresh=300, answered=300), working=False)
    forecast.note(Tally(380.0, 320, 20, 360, fresh=300, answered=300), working=False)

    def window(requests: float, _: Lane) -> Grant:
        windows = math.ceil(requests / 100)
        return Grant(300.0 * windows, requests - 100 * (windows - 1))

    assert forecast.done_in_s(backlog(20, 0), window) < 400


@pytest.mark.parametrize(
    ("edits", "in_sight"), [(0, True), (120, True), (220, False), (999, False)]
)
def test_edits_that_take_all_that_is_allowed_leave_no_end_in_sight(
    edits: int, in_sight: bool
) -> None:
    """A number would grow while one looks at it."""
    forecast, budget = (
        paced(opportunities=20, relationships=20, requests=60),
        Budget(BudgetLimits()),
    )
    budget.learn(100, 0, NOW + 300, NOW)
    forecast.note(
        Tally(600.0, 20 + edits, 20, 60 + edits, fresh=edits, answered=edits), working=False
    )

    done_s = forecast.done_in_s(
        backlog(100, 0),
        lambda requests, lane: budget.grant(requests, NOW, backlog=lane is Lane.BACKLOG),
    )

    assert math.isfinite(done_s) is in_sight


def test_what_an_outage_had_sent_again_and_again_did_not_come_in_it() -> None:
    """The end is that of an hour in which the same edits were sent once."""
    budget = Budget(BudgetLimits())
    budget.learn(200, 0, NOW + 300, NOW)

    def done_s(sent: int) -> float:
        forecast = paced(opportunities=20, relationships=20, requests=60)
        forecast.note(
            Tally(310.0, 20, 20, 60 + sent // 2, fresh=sent // 2, waiting=5), working=False
        )
        forecast.note(Tally(910.0, 30, 20, 60 + sent, fresh=sent, answered=10), working=False)
        return forecast.done_in_s(
            backlog(40, 0),
            lambda requests, lane: budget.grant(requests, NOW, backlog=lane is Lane.BACKLOG),
        )

    assert math.isfinite(done_s(10))
    assert done_s(250) == pytest.approx(done_s(10), rel=0.34)


PER_SECOND = 8
EACH = 3
SHARE = BudgetLimits().fresh_share
RECORDS = 400


@pytest.mark.parametrize("window_s", [300, 3600])
@pytest.mark.parametrize("an_hour", [0, 120, 200])
def test_in_a_squeeze_the_forecast_is_true_at_every_moment(window_s: int, an_hour: int) -> None:
    """Nobody should be told an hour and a half for what takes a quarter of an hour, or the reverse.

    Records are worked off as fast as the budget lets them, second by second, and fresh edits, so
    many an hour, before them; from the moment the system's limit is known each forecast is held
    against the end.
    """
    budget, forecast, limit, now = Budget(BudgetLimits()), Forecast(), 450, NOW
    left, used, window, waiting, edited = RECORDS, 0, 0, 0, 0
    sent = {Lane.FRESH: 0, Lane.BACKLOG: 0}
    budget.learn(limit, 0, NOW, NOW - 10)
    foretold: list[tuple[float, float]] = []

    def asks(lane: Lane, requests: int) -> bool:
        """Whether the budget let it."""
        nonlocal used
        if budget.wait_s(now, backlog=lane is Lane.BACKLOG) > 0:
            return False
        for _ in range(requests):
            budget.count(now)
            used, sent[lane] = used + 1, sent[lane] + 1
        budget.learn(limit, limit - used, NOW + window, now)
        return True

    while left:
        if now >= NOW + window:
            used, window = 0, window + window_s
        if an_hour and (now - NOW) % (3600 // an_hour) == 0:
            waiting += 1
        held = budget.wait_s(now, backlog=True) > 0
        while waiting and asks(Lane.FRESH, 1):
            waiting, edited = waiting - 1, edited + 1
        for _ in range(PER_SECOND):
            if left and asks(Lane.BACKLOG, EACH):
                left -= 1
        now += 1.0
        forecast.note(
            Tally(
                now - NOW,
                RECORDS - left + edited,
                0,
                sum(sent.values()),
                fresh=sent[Lane.FRESH],
                waiting=waiting,
                answered=sent[Lane.FRESH],
            ),
            working=not held and left > 0,
        )

        def granted(requests: float, lane: Lane, at: float = now) -> Grant:
            return budget.grant(requests, at, backlog=lane is Lane.BACKLOG)

        if (now - NOW) % 5 == 0:
            todo = Left(Pieces(waiting), Pieces(left))
            foretold.append((now, forecast.done_in_s(todo, granted)))
    assert window > 2 * window_s
    # What has come so far says little at first; a few edits more or less make a window's odds, and
    # what is let go of for the last record takes its time.
    learnt, odds = (240, window_s * 1.1) if an_hour else (1, EACH / (limit * SHARE / window_s))
    for at, seconds in foretold[learnt:]:
        assert seconds == pytest.approx(now - at, rel=1 / 3, abs=odds), at - NOW
