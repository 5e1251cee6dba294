"""Worker time: it adds up whatever workers do, and tells who hangs from who has nothing to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.flow import worktime
from engine.flow.worktime import (
    BLOCKED_MAX_S,
    STALL_S,
    State,
    WorkTime,
    holding,
    pausing,
    resting,
    side_by_side,
    spending,
)
from tests.searching import examples
from tests.simulation import virtual_time

Step = tuple[State, float]
"""What is done for so many seconds."""
Run = Callable[[], Awaitable[None]]


async def steps(*script: Step) -> None:
    """Do one thing after the other."""
    for state, seconds in script:
        if state is State.BUSY:
            await anyio.sleep(seconds)
        else:
            with spending(state, seconds):
                await anyio.sleep(seconds)


def spent(times: WorkTime, now: float = 0.0) -> dict[str, float]:
    """Seconds by state, those with none left out; the time matters while a worker is at work."""
    seconds = times.seconds("syncer", now)
    return {state.value: round(spent, 9) for state, spent in seconds.items() if round(spent, 9)}


def employed(*runs: Run, watch: Callable[[WorkTime], Awaitable[None]] | None = None) -> WorkTime:
    """One worker for each, to their ends, with somebody who watches them."""
    times = WorkTime()

    async def everything() -> None:
        async with anyio.create_task_group() as tasks:
            for run in runs:
                tasks.start_soon(times.timed, "syncer", run)
            if watch is not None:
                await watch(times)
                tasks.cancel_scope.cancel()

    virtual_time.run(everything)
    return times


def test_every_second_is_spent_on_what_was_said() -> None:
    """A dashboard that shows a waiting worker as busy sends the operator the wrong way."""

    async def day() -> None:
        await anyio.sleep(3)
        await resting(2)
        await pausing(4)
        with spending(State.BLOCKED):
            await anyio.sleep(1)

    assert spent(employed(day)) == {"busy": 3, "idle": 2, "throttled": 4, "blocked": 1}


def test_the_interval_under_way_counts_already() -> None:
    """A request that hangs for an hour must not appear only when it ends."""

    async def look(times: WorkTime) -> None:
        await anyio.sleep(5)
        assert spent(times, anyio.current_time()) == {"busy": 3, "idle": 2}
        await anyio.sleep(5)
        assert spent(times, anyio.current_time()) == {"busy": 3, "idle": 7}

    employed(lambda: steps((State.BUSY, 3), (State.IDLE, 60)), watch=look)


STEPS = st.lists(
    st.tuples(st.sampled_from(list(State)), st.integers(0, 20).map(lambda tenths: tenths / 10)),
    max_size=6,
)


@settings(max_examples=examples(50))
@given(
    workers=st.lists(st.lists(STEPS, min_size=1, max_size=2), min_size=1, max_size=4),
    looks=st.lists(st.integers(1, 30).map(lambda tenths: tenths / 10), max_size=4),
)
def test_the_states_add_up_to_the_time_the_workers_worked(
    workers: list[list[list[Step]]], looks: list[float]
) -> None:
    """Shares of a whole are shares only while the whole is the time that passed."""
    times = WorkTime()
    ended: list[float] = []

    async def work(tasks: Sequence[list[Step]]) -> None:
        await side_by_side(*(partial(steps, *script) for script in tasks))
        ended.append(anyio.current_time())

    async def look() -> None:
        for pause in looks:
            await anyio.sleep(pause)
            running = len(workers) - len(ended)
            expected = sum(ended) + running * anyio.current_time()
            assert sum(times.seconds("syncer", anyio.current_time()).values()) == pytest.approx(
                expected
            )

    async def everything() -> None:
        async with anyio.create_task_group() as group:
            for tasks in workers:
                group.start_soon(times.timed, "syncer", partial(work, tasks))
            group.start_soon(look)

    virtual_time.run(everything)

    longest = [max(sum(span for _, span in script) for script in tasks) for tasks in workers]
    assert sum(times.seconds("syncer", 0.0).values()) == pytest.approx(sum(longest))


# From the one that counts most.
RANKED = (State.BUSY, State.THROTTLED, State.BLOCKED, State.IDLE)


@pytest.mark.parametrize("first", RANKED)
@pytest.mark.parametrize("second", RANKED)
def test_of_two_tasks_the_one_nearer_to_work_is_what_the_worker_does(
    first: State, second: State
) -> None:
    """A worker that prepares its next record while a request is under way is busy, once."""

    async def both() -> None:
        await side_by_side(lambda: steps((first, 5)), lambda: steps((second, 5)))

    counted = min(first, second, key=RANKED.index)

    assert spent(employed(both)) == {counted.value: 5}


def test_two_tasks_side_by_side_take_turns_in_being_the_workers_state() -> None:
    """What is left when one of the two ends, or goes over to something else."""

    async def both() -> None:
        await side_by_side(
            lambda: steps((State.IDLE, 10)),
            lambda: steps((State.BUSY, 2), (State.THROTTLED, 2), (State.BLOCKED, 2)),
        )

    assert spent(employed(both)) == {"busy": 2, "throttled": 2, "blocked": 2, "idle": 4}


def test_of_two_waits_of_one_task_the_one_it_cannot_help_counts() -> None:
    """Waiting out a pause while the mailbox waits for it is still the pause."""

    async def nested() -> None:
        with spending(State.IDLE), spending(State.THROTTLED):
            await anyio.sleep(3)
        with spending(State.THROTTLED):
            await anyio.sleep(1)
            with spending(State.BLOCKED):
                await anyio.sleep(1)

    assert spent(employed(nested)) == {"throttled": 5}


def overdue_at(run: Run, *moments: float) -> list[bool]:
    """Whether the worker is overdue, at each of these moments."""
    found: list[bool] = []

    async def look(times: WorkTime) -> None:
        for moment in moments:
            await anyio.sleep(moment - anyio.current_time())
            found.append(times.overdue() == ["syncer"])

    employed(run, watch=look)
    return found


def test_a_worker_without_a_sign_is_found_when_its_time_is_over_and_not_before() -> None:
    """The watchdog restarts the whole service on this; nobody may be accused too early."""
    assert overdue_at(anyio.sleep_forever, STALL_S - 0.1, STALL_S + 0.1) == [False, True]


def test_each_sign_gives_the_same_time_again() -> None:
    """Work of many short steps is progress, however long it lasts."""

    async def busily() -> None:
        for _ in range(20):
            await anyio.sleep(STALL_S / 2)
            with spending(State.BUSY):
                await checkpoint()
        await anyio.sleep_forever()

    last_sign = 10 * STALL_S
    moments = (STALL_S + 1, last_sign - 1, last_sign + STALL_S - 1, last_sign + STALL_S + 1)
    assert overdue_at(busily, *moments) == [False, False, False, True]


@pytest.mark.parametrize("state", list(State))
def test_a_wait_that_said_how_long_is_found_only_after_that(state: State) -> None:
    """A slow request or a full disk is not a worker that hangs."""

    async def waits() -> None:
        with spending(state, 100):
            await anyio.sleep_forever()

    assert overdue_at(waits, STALL_S + 1, 99, 101) == [False, False, True]


def test_a_wait_without_an_end_is_never_found() -> None:
    """An idle service waits for work for days."""

    async def waits() -> None:
        with spending(State.IDLE):
            await anyio.sleep_forever()

    assert overdue_at(waits, 1_000_000) == [False]


@pytest.mark.parametrize("sleep", [resting, pausing])
def test_a_sleep_may_be_as_long_as_it_is(sleep: Callable[[float], Awaitable[None]]) -> None:
    """Whoever rests for an hour said so."""
    assert overdue_at(lambda: sleep(3600), STALL_S + 1, 3599) == [False, False]


def test_a_short_wait_inside_a_long_one_does_not_shorten_it() -> None:
    """A piece of work with a bound of its own may wait for the disk in between."""

    async def nested() -> None:
        with spending(State.BUSY, 100):
            with spending(State.BUSY, 20):
                await anyio.sleep(1)
            await anyio.sleep_forever()

    assert overdue_at(nested, 30, 99, 101) == [False, False, True]


def test_a_short_wait_that_hangs_has_the_time_of_the_long_one_around_it() -> None:
    """Whoever announced a long piece of work announced what happens inside it."""

    async def nested() -> None:
        with spending(State.BUSY, 100), spending(State.BUSY, 20):
            await anyio.sleep_forever()

    assert overdue_at(nested, 30, 99, 101) == [False, False, True]


def test_whoever_waits_for_a_lock_may_wait_while_its_holder_gets_on() -> None:
    """A first reading of a whole collection may take longer than any fixed bound."""
    lock = anyio.Lock()

    async def gets_on() -> None:
        async with holding(lock):
            while True:
                await resting(1)

    async def waits() -> None:
        await _hold(lock)

    async def look(times: WorkTime) -> None:
        await anyio.sleep(2 * BLOCKED_MAX_S)
        assert times.overdue() == []

    employed(gets_on, waits, watch=look)


def test_whoever_waits_for_a_lock_is_found_when_its_holder_hangs() -> None:
    """The one who is held up is often the only one an operator knows."""
    lock = anyio.Lock()

    async def hangs() -> None:
        async with holding(lock):
            await anyio.sleep_forever()

    async def waits() -> None:
        await _hold(lock)

    async def look(times: WorkTime) -> None:
        await anyio.sleep(STALL_S - 1)
        assert times.where("syncer") == []
        await anyio.sleep(2)
        assert len(times.where("syncer")) == 2

    employed(hangs, waits, watch=look)


def test_one_stuck_task_of_two_is_found_and_shown_where_it_waits() -> None:
    """Half a worker that hangs holds a record for ever; its line is where to begin looking."""

    async def stuck() -> None:
        await anyio.Event().wait()

    async def both() -> None:
        await side_by_side(stuck, lambda: resting(1000))

    async def look(times: WorkTime) -> None:
        await anyio.sleep(STALL_S + 1)
        assert times.overdue() == ["syncer"]
        [where] = times.where("syncer")
        assert f"{__name__}:{stuck.__code__.co_firstlineno + 1}" in where
        assert where.index("worktime") < where.index(__name__) < where.index("asyncio.locks")
        assert times.where("nobody") == []

    employed(both, watch=look)


def test_whoever_has_left_is_counted_and_not_missed() -> None:
    """A reload to fewer workers must not make a counter go back, nor leave somebody to accuse."""

    async def look(times: WorkTime) -> None:
        await anyio.sleep(10 * STALL_S)
        assert spent(times, anyio.current_time()) == {"busy": 7}
        assert times.overdue() == []
        assert times.workers["syncer"] == []
        assert times.longest_busy_s("syncer", anyio.current_time()) == 0

    three, four = (partial(steps, (State.BUSY, seconds)) for seconds in (3, 4))
    employed(three, four, watch=look)


def test_a_worker_that_fails_is_counted_too() -> None:
    """The time was spent, whatever came of it."""
    times = WorkTime()

    async def fails() -> None:
        await anyio.sleep(2)
        raise LookupError

    async def everything() -> None:
        with pytest.raises(LookupError):
            await times.timed("syncer", fails)

    virtual_time.run(everything)

    assert spent(times) == {"busy": 2}
    assert times.workers["syncer"] == []


def test_a_wait_that_is_cancelled_leaves_no_mark() -> None:
    """A mark left behind would excuse the worker from then on, or count it idle for ever."""

    async def impatient() -> None:
        for sleep in (resting, pausing):
            with anyio.move_on_after(1):
                await sleep(1000)
        lock = anyio.Lock()
        async with lock:
            with anyio.move_on_after(1):
                await side_by_side(partial(_hold, lock), partial(resting, 1000))
        await anyio.sleep_forever()

    async def look(times: WorkTime) -> None:
        await anyio.sleep(3 + STALL_S - 1)
        assert times.overdue() == []
        [worker] = times.workers["syncer"]
        assert len(worker.tasks) == 1
        await anyio.sleep(2)
        assert times.overdue() == ["syncer"]
        assert spent(times, anyio.current_time()) == {
            "idle": 1,
            "throttled": 1,
            "blocked": 1,
            "busy": STALL_S + 1,
        }

    employed(impatient, watch=look)


async def _hold(lock: anyio.Lock) -> None:
    async with holding(lock):
        raise AssertionError("somebody else has it")


def test_waiting_for_a_lock_is_blocked_and_holding_it_is_work() -> None:
    """Two workers that share something: one works, the other waits for it."""
    lock = anyio.Lock()

    async def holds() -> None:
        async with holding(lock):
            await anyio.sleep(5)

    assert spent(employed(holds, holds)) == {"busy": 10, "blocked": 5}


def test_a_lock_is_let_go_of_when_its_holder_fails() -> None:
    """One record's error must not stop every worker behind it."""
    lock = anyio.Lock()

    async def fails() -> None:
        with pytest.raises(LookupError):
            async with holding(lock):
                raise LookupError

    employed(fails)

    assert not lock.locked()


def test_the_longest_piece_of_work_counts_from_the_last_rest() -> None:
    """Waiting for another worker belongs to the piece of work, a rest or a pause ends it."""
    seen: list[float] = []

    async def look(times: WorkTime) -> None:
        for _ in range(5):
            await anyio.sleep(2)
            seen.append(times.longest_busy_s("syncer", anyio.current_time()))

    script = ((State.IDLE, 3), (State.BUSY, 2), (State.BLOCKED, 2), (State.THROTTLED, 2))
    employed(lambda: steps(*script, (State.BUSY, 9)), watch=look)

    assert seen == [0, 1, 3, 0, 1]


def test_the_same_code_runs_for_nobody_in_particular() -> None:
    """Start-up and the commands use what workers use."""

    async def everything() -> None:
        await side_by_side(partial(resting, 1), partial(pausing, 1))
        async with holding(anyio.Lock()):
            assert worktime.WorkTime().seconds("nobody", 0.0) == dict.fromkeys(State, 0.0)

    virtual_time.run(everything)
