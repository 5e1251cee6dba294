"""The dispatcher on virtual time: when it looks, and when it does not."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio

from engine.actors.dispatcher import CLOSED_S, LOOK_AGAIN_S, Dispatcher
from engine.flow.allowance import BudgetLimits
from engine.flow.governor import Governor
from engine.flow.mailbox import Mailbox
from engine.model.lane import Lane
from engine.model.wait import BackoffLimits
from tests.simulation import virtual_time
from tests.unit.engine.stand_ins import NOW, FakeClock, governor


@dataclass(slots=True)
class Backlog:
    """Keys by the time they are due, and the moments somebody looked, or asked when the next is."""

    due: dict[int, float] = field(default_factory=dict[int, float])
    looks: list[float] = field(default_factory=list[float])
    asked: list[float] = field(default_factory=list[float])

    async def due_keys(self, now: float, limit: int) -> list[int]:
        """What is due."""
        self.looks.append(anyio.current_time())
        return sorted(key for key, at in self.due.items() if at <= now)[:limit]

    async def next_due(self, now: float) -> float | None:
        """When the next one is."""
        self.asked.append(anyio.current_time())
        return min((at for at in self.due.values() if at > now), default=None)


class LoopClock(FakeClock):
    """Wall time that goes with the loop's."""

    def now(self) -> float:
        """Unix seconds."""
        return NOW + anyio.current_time()


@dataclass(slots=True)
class Lot:
    """A dispatcher with everything around it."""

    backlog: Backlog
    mailbox: Mailbox[int]
    governor: Governor
    dispatcher: Dispatcher[int]


def lot(limits: BudgetLimits | None = None) -> Lot:
    """One that has nothing to do."""
    backlog, mailbox, subject = Backlog(), Mailbox[int]("changes", 8), governor(limits=limits)
    subject.clock = LoopClock()
    dispatcher = Dispatcher(
        mailbox, Lane.FRESH, subject.clock, backlog.due_keys, backlog.next_due, subject
    )
    return Lot(backlog, mailbox, subject, dispatcher)


async def for_a_while(one: Lot, *happens: tuple[float, str]) -> list[int]:
    """Let it run, and things happen at their seconds; the number of keys sent after each."""
    sent: list[int] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.dispatcher.run)
        for moment, what in happens:
            await anyio.sleep(moment - anyio.current_time())
            if what == "raise":
                one.governor.retune(4, BudgetLimits(), BackoffLimits(1, 1))
            if what in ("raise", "notify"):
                one.dispatcher.signal.notify()
            await anyio.sleep(0.1)
            sent.append(len(one.mailbox))
        tasks.cancel_scope.cancel()
    return sent


def test_who_has_nothing_to_do_looks_seldom() -> None:
    """An idle service must cost nearly nothing."""

    async def everything() -> tuple[int, int]:
        one = lot()
        await for_a_while(one, (3 * LOOK_AGAIN_S + 1, "nothing"))
        return len(one.backlog.looks), len(one.backlog.asked)

    # One statement each time.
    assert virtual_time.run(everything) == (1, 4)


def test_a_key_is_sent_when_it_becomes_due_and_when_it_is_notified() -> None:
    """Neither a retry nor a fresh change waits for the next look."""

    async def everything() -> list[int]:
        one = lot()
        one.backlog.due[1] = NOW + 2.5
        by_itself = await for_a_while(one, (2.2, "nothing"), (2.6, "nothing"))
        one.backlog.due[2] = NOW
        return [*by_itself, *await for_a_while(one, (4, "notify"))]

    assert virtual_time.run(everything) == [0, 1, 2]


def test_rings_in_a_row_cost_one_look() -> None:
    """Under load one comes for each record."""

    async def everything() -> int:
        one, before = lot(), 0
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.dispatcher.run)
            await anyio.sleep(1)
            before = len(one.backlog.looks)
            for _ in range(100):
                one.dispatcher.signal.notify()
                await anyio.sleep(0.0001)
            await anyio.sleep(0.1)
            tasks.cancel_scope.cancel()
        return len(one.backlog.looks) - before

    assert virtual_time.run(everything) <= 2


def test_the_first_ring_after_a_rest_is_answered_at_once() -> None:
    """An edit that finds the service idle waits for nobody."""

    async def everything() -> list[float]:
        one = lot()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.dispatcher.run)
            await anyio.sleep(1)
            one.dispatcher.signal.notify()
            await anyio.sleep(0.1)
            tasks.cancel_scope.cancel()
        return one.backlog.looks[1:]

    assert virtual_time.run(everything) == [1.0]


def test_a_raised_budget_is_felt_at_once() -> None:
    """Until then no key is handed to workers who could do nothing with it."""

    async def everything() -> list[int]:
        one = lot(BudgetLimits(per_hour=1))
        async with one.governor.admitted():
            pass
        one.backlog.due = {1: NOW}
        return await for_a_while(one, (CLOSED_S + 1, "notify"), (2 * CLOSED_S + 0.5, "raise"))

    assert virtual_time.run(everything) == [0, 1]
