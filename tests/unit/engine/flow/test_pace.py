"""The pace: an interval that is another from now on, the wait under way included."""

from __future__ import annotations

import anyio
import pytest

from engine.flow.pace import Pace
from engine.flow.worktime import State, WorkTime
from tests.simulation import virtual_time


def rested(pace: Pace, changes: dict[float, float], *, since: float = 0.0) -> float:
    """When the rest is over, seconds after the start; `changes` are new intervals by moment."""

    ended: list[float] = []

    async def everything() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(change)
            await pace.rest(since)
            ended.append(anyio.current_time())
            group.cancel_scope.cancel()

    async def change() -> None:
        for moment, interval_s in changes.items():
            await anyio.sleep(moment - anyio.current_time())
            pace.change(interval_s)

    virtual_time.run(everything)
    return ended[0]


def test_without_a_change_it_is_the_interval() -> None:
    """From one beginning to the next, whatever the work took."""
    assert rested(Pace(60), {}) == pytest.approx(60)
    assert rested(Pace(60), {}, since=-20) == pytest.approx(40)


def test_an_interval_that_passed_already_is_not_waited_for() -> None:
    """A late run is followed at once by the next."""
    assert rested(Pace(60), {}, since=-61) == 0


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({10: 30}, 30),
        ({10: 5}, 10),
        ({10: 90}, 90),
        ({10: 90, 20: 40}, 40),
        ({59: 3600, 100: 120}, 120),
        ({10: 60}, 60),
    ],
    ids=["shorter", "over already", "longer", "longer, then shorter", "twice longer", "the same"],
)
def test_a_change_is_felt_during_the_wait(changes: dict[float, float], ends: float) -> None:
    """Nobody waits out an old hour to see whether the new minute works."""
    assert rested(Pace(60), changes) == pytest.approx(ends)


def test_a_change_between_two_waits_is_not_mistaken_for_the_end_of_one() -> None:
    """It was made while the poll was under way."""
    pace = Pace(60)

    async def everything() -> float:
        pace.change(50)
        await pace.rest(anyio.current_time())
        return anyio.current_time()

    assert virtual_time.run(everything) == pytest.approx(50)


def test_the_wait_is_idle_and_says_until_when() -> None:
    """A poller between two polls must neither be accused nor excused for ever."""
    times, pace = WorkTime(), Pace(3600)

    async def everything() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(times.timed, "poller", lambda: pace.rest(0))
            await anyio.sleep(3599)
            assert times.overdue() == []
            assert times.seconds("poller", anyio.current_time())[State.IDLE] == pytest.approx(3599)

    virtual_time.run(everything)


def nudged(pace: Pace, moments: list[float], *, since: float = 0.0) -> float:
    """When the rest is over for somebody who is nudged at these moments."""
    ended: list[float] = []

    async def everything() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(nudge)
            pace.nudges.looks(since)
            await pace.rest(since)
            ended.append(anyio.current_time())
            group.cancel_scope.cancel()

    async def nudge() -> None:
        for moment in moments:
            await anyio.sleep(moment - anyio.current_time())
            pace.nudge()

    virtual_time.run(everything)
    return ended[0]


def test_a_nudge_cuts_the_rest_short() -> None:
    """The next turn begins at that moment, and not at its time."""
    assert nudged(Pace(3600), [20]) == pytest.approx(20)
    assert nudged(Pace(3600), [20, 20, 20, 21]) == pytest.approx(20)


def test_a_nudge_right_after_the_turn_began_waits_for_its_distance() -> None:
    """And one after the interval has passed changes nothing."""
    assert nudged(Pace(3600), [0.25]) == pytest.approx(1)
    assert nudged(Pace(10), [30]) == pytest.approx(10)
