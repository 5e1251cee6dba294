"""The pool: more or fewer workers while they work, and no key lost or handled twice by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.flow.mailbox import Closed, Mailbox, Stop
from engine.flow.pool import Pool
from engine.flow.worktime import WorkTime, side_by_side
from engine.model.lane import Lane
from tests.searching import examples
from tests.simulation import virtual_time

PIECE_S = 1.0


@dataclass(slots=True)
class Floor:
    """Where everybody works: what is in whose hands, and what was done."""

    holding: Counter[int] = field(default_factory=Counter[int])
    done: list[int] = field(default_factory=list[int])
    done_by: dict[int, list[int]] = field(default_factory=dict[int, list[int]])


@dataclass(slots=True)
class Worker:
    """Takes `tasks` keys at once, a second each; notes who did what."""

    number: int
    inbox: Mailbox[int]
    floor: Floor
    tasks: int
    stop: Stop = field(default_factory=Stop)

    async def run(self) -> None:
        """Until there is nothing more to do here."""
        await side_by_side(*[self._work] * self.tasks)

    async def _work(self) -> None:
        with suppress(Closed):
            while True:
                async with self.inbox.holding(self.stop) as key:
                    self.floor.holding[key] += 1
                    assert self.floor.holding[key] == 1
                    await anyio.sleep(PIECE_S)
                    self.floor.holding[key] -= 1
                    self.floor.done.append(key)
                    self.floor.done_by.setdefault(self.number, []).append(key)


@dataclass(slots=True)
class Works:
    """A pool with its mailbox and its floor."""

    size: int
    capacity: int = 1000
    tasks: int = 1
    floor: Floor = field(default_factory=Floor)
    worktime: WorkTime = field(default_factory=WorkTime)
    made: list[int] = field(default_factory=list[int])
    inbox: Mailbox[int] = field(init=False)
    pool: Pool[Worker] = field(init=False)

    def __post_init__(self) -> None:
        self.inbox = Mailbox("changes", self.capacity)
        self.pool = Pool("syncer", self.size, self.inbox, self.worktime, self._make)

    def _make(self, number: int) -> Worker:
        self.made.append(number)
        return Worker(number, self.inbox, self.floor, self.tasks)

    @property
    def live(self) -> int:
        """Workers that have not left."""
        return len(self.worktime.workers.get("syncer", ()))

    async def send(self, *keys: int) -> None:
        """Give them something to do."""
        for key in keys:
            await self.inbox.send(key, Lane.FRESH)


def at_work(works: Works, script: Callable[[], Awaitable[None]]) -> Works:
    """The script beside the pool; then the mailbox is closed, and the pool must end."""

    async def everything() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(works.pool.run)
            await script()
            works.inbox.close()

    virtual_time.run(everything)
    assert works.live == 0
    return works


def test_as_many_work_as_were_asked_for() -> None:
    """The setting is a number of workers and means one."""
    works = Works(3)

    async def script() -> None:
        await works.send(*range(6))
        await anyio.sleep(0.5)
        assert works.live == 3
        assert works.inbox.held == 3
        await anyio.sleep(1)
        assert sorted(works.floor.done) == [0, 1, 2]

    assert sorted(at_work(works, script).floor.done) == list(range(6))


@pytest.mark.parametrize("tasks", [1, 2])
def test_a_pool_that_grows_takes_up_what_waits_at_once(tasks: int) -> None:
    """Whoever raises the number in the middle of an import wants to see it now."""
    works = Works(1, tasks=tasks)

    async def script() -> None:
        await works.send(*range(20))
        await anyio.sleep(0.5)
        assert works.inbox.held == tasks
        works.pool.resize(4)
        await anyio.sleep(0.1)
        assert works.live == 4
        assert works.inbox.held == 4 * tasks

    assert sorted(at_work(works, script).floor.done) == list(range(20))


@pytest.mark.parametrize("tasks", [1, 2])
def test_whoever_must_leave_finishes_what_it_holds_and_takes_nothing_more(tasks: int) -> None:
    """A reload that gave up a create half-way would leave it in doubt."""
    works = Works(4, tasks=tasks)

    async def script() -> None:
        await works.send(*range(12 * tasks))
        await anyio.sleep(0.5)
        works.pool.resize(1)
        assert works.live == 4
        await anyio.sleep(1)
        assert works.live == 1
        assert sorted(works.floor.done) == list(range(4 * tasks))
        assert works.inbox.held == tasks

    done_by = at_work(works, script).floor.done_by
    assert [len(done_by[number]) for number in (1, 2, 3)] == [tasks] * 3
    assert len(done_by[0]) == 9 * tasks


def test_whoever_has_nothing_to_do_leaves_at_once() -> None:
    """Nobody comes to wake them."""
    works = Works(5)

    async def script() -> None:
        await anyio.sleep(100)
        works.pool.resize(2)
        await anyio.sleep(0.001)
        assert works.live == 2
        await works.send(1, 2, 3)

    assert len(at_work(works, script).floor.done) == 3


def test_a_sender_that_waits_for_room_is_let_in_by_those_who_remain() -> None:
    """The mailbox is full and workers leave: what is held back must still get through."""
    works = Works(4, capacity=2)

    async def script() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(works.send, *range(12))
            await anyio.sleep(0.5)
            assert works.inbox.blocked_senders == 1
            works.pool.resize(1)

    assert sorted(at_work(works, script).floor.done) == list(range(12))


def test_a_pool_grows_again_after_it_has_shrunk_with_new_workers() -> None:
    """A number is never given twice: what two draw by chance must not be the same."""
    works = Works(3)

    async def script() -> None:
        await works.send(*range(30))
        for size in (1, 3, 1, 4):
            await anyio.sleep(1.5)
            works.pool.resize(size)
        await anyio.sleep(1.5)
        assert works.live == 4

    assert len(at_work(works, script).floor.done) == 30
    assert works.made == list(range(8))


def test_the_size_asked_for_before_the_start_is_the_one_it_starts_with() -> None:
    """A reload while the service still waits for a system that is down."""
    works = Works(4)
    works.pool.resize(2)

    async def script() -> None:
        await anyio.sleep(1)
        assert works.live == 2

    at_work(works, script)


@pytest.mark.parametrize("discard", [False, True])
def test_an_end_waits_for_what_is_in_hand(discard: bool) -> None:
    """The next stage closes only after this one: what it owes still gets there."""
    works = Works(2)

    async def everything() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(works.pool.run)
            await works.send(*range(5))
            await anyio.sleep(0.5)
            works.inbox.close(discard=discard)

    virtual_time.run(everything)

    assert sorted(works.floor.done) == (list(range(2)) if discard else list(range(5)))
    assert works.inbox.held == 0


def test_a_pool_that_grows_or_shrinks_while_it_ends_ends_all_the_same() -> None:
    """A reload in the middle of a drain must neither hold it up nor begin anything."""
    works = Works(2)

    async def everything() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(works.pool.run)
            await works.send(*range(8))
            await anyio.sleep(0.5)
            works.inbox.close(discard=True)
            works.pool.resize(6)
            await anyio.sleep(0.1)
            works.pool.resize(1)

    virtual_time.run(everything)

    assert sorted(works.floor.done) == [0, 1]
    assert works.live == 0
    works.pool.resize(3)
    assert works.live == 0


def test_a_pool_whose_work_was_cut_short_can_still_be_told_a_size() -> None:
    """A reload may arrive while a second SIGTERM ends everything."""
    works = Works(2)

    async def everything() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(works.pool.run)
            await anyio.sleep(0.5)
            group.cancel_scope.cancel()
        works.pool.resize(3)
        await anyio.sleep(1)

    virtual_time.run(everything)

    assert works.live == 0


Deed = tuple[str, int]
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("resize"), st.integers(1, 6)),
        st.tuples(st.just("send"), st.integers(1, 6)),
        st.tuples(st.just("sleep"), st.integers(0, 20)),
    ),
    max_size=40,
)


@settings(max_examples=examples(60))
@given(
    deeds=DEEDS,
    size=st.integers(1, 4),
    tasks=st.integers(1, 2),
    capacity=st.integers(1, 5),
    once_only=st.booleans(),
)
def test_however_the_pool_changes_every_key_is_handled_and_by_one_worker_at_a_time(
    deeds: Sequence[Deed], size: int, tasks: int, capacity: int, once_only: bool
) -> None:
    """Two holders of one key could create one record twice; a lost key is a lost change."""
    works = Works(size, capacity, tasks)
    sent: list[int] = []
    asked_for = size

    async def script() -> None:
        nonlocal asked_for
        for deed, number in deeds:
            if deed == "resize":
                asked_for = number
                works.pool.resize(number)
            elif deed == "send":
                key = len(sent) if once_only else number
                await works.send(key)
                sent.append(key)
            else:
                await anyio.sleep(number / 10)
        await anyio.sleep(PIECE_S + 0.1)
        assert works.live == len(works.pool.workers) == asked_for
        with anyio.fail_after(10 * PIECE_S * (len(sent) + 1)):
            while not works.inbox.idle:  # noqa: ASYNC110 # a mailbox tells its workers only
                await anyio.sleep(PIECE_S)

    at_work(works, script)

    handled, wanted = Counter(works.floor.done), Counter(sent)
    if once_only:
        assert handled == wanted
    else:
        assert handled.keys() == wanted.keys()
        assert all(handled[key] <= wanted[key] for key in wanted)
    assert works.floor.holding.total() == 0
