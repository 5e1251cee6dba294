"""Pairs that act as one user, on virtual time: none stands in the way of another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import anyio
import pytest

from engine.actors.dispatcher import CLOSED_S
from engine.errors import HeldBack
from engine.flow.allowance import BudgetLimits
from engine.flow.common import EXCHANGE_S
from engine.flow.governor import Governor
from engine.flow.lane import current_lane
from engine.model.lane import Lane
from tests.simulation import virtual_time
from tests.unit.engine.flow.users import Board, Process, Served
from tests.unit.engine.stand_ins import NOW, seeded

LIMIT, WINDOW_S = 1_000, 3600
WINDOWS = 2
LATENCY_S = 0.2
WORKERS = 4
EDIT_EVERY_S = 60.0
# A request of a fresh edit that is let through at once takes the latency.
AT_ONCE_S = 1.0
START = NOW - NOW % WINDOW_S


class LoopClock:
    """The wall clock of the virtual loop."""

    def now(self) -> float:
        """Unix seconds."""
        return START + anyio.current_time()


@dataclass
class Pair:
    """One pair: its governor, what its backlog has sent in each window, how long its edits took."""

    governor: Governor
    sent: list[int] = field(default_factory=lambda: [0] * WINDOWS)
    edits_s: list[float] = field(default_factory=list[float])


@dataclass
class Scene:
    """Pairs of as many processes as there are lists, all of one user."""

    limits: BudgetLimits
    served: Served = field(default_factory=lambda: Served(LIMIT, WINDOW_S))
    board: Board = field(default_factory=Board)
    processes: list[Process] = field(default_factory=list[Process])
    pairs: list[Pair] = field(default_factory=list[Pair])

    def add(self, *pairs_of: int) -> None:
        """So many pairs in each of further processes."""
        for number in pairs_of:
            process = Process(str(len(self.processes)), self.board)
            self.processes.append(process)
            for _ in range(number):
                governor = Governor(LoopClock(), seeded(), WORKERS, self.limits)
                governor.budget.join(process.common, _under_way(governor), START)
                self.pairs.append(Pair(governor))

    async def play(self, backlogs: Sequence[int], edits: Sequence[int]) -> None:
        """Let these pairs have a backlog larger than the hour, and those edits."""
        async with anyio.create_task_group() as tasks:
            for process in self.processes:
                tasks.start_soon(self._exchange, process)
            for place in backlogs:
                for _ in range(WORKERS):
                    tasks.start_soon(self._import, self.pairs[place])
            for place in edits:
                tasks.start_soon(self._edit, self.pairs[place])
            await anyio.sleep(WINDOWS * WINDOW_S - 1)
            tasks.cancel_scope.cancel()

    async def _exchange(self, process: Process) -> None:
        while True:
            process.pass_to(LoopClock().now())
            await anyio.sleep(EXCHANGE_S)

    async def _import(self, pair: Pair) -> None:
        current_lane.set(Lane.BACKLOG)
        while True:
            try:
                await self._request(pair.governor)
            except HeldBack as held:
                # Dispatchers look again so soon.
                await anyio.sleep(min(held.retry_after_s or 1.0, CLOSED_S))
            else:
                pair.sent[int(anyio.current_time() // WINDOW_S)] += 1

    async def _edit(self, pair: Pair) -> None:
        current_lane.set(Lane.FRESH)
        # The first window shows nobody's pace.
        await anyio.sleep(WINDOW_S)
        while True:
            began = anyio.current_time()
            with anyio.move_on_after(EDIT_EVERY_S):
                while True:
                    try:
                        await self._request(pair.governor)
                        break
                    except HeldBack:
                        await anyio.sleep(1.0)
            pair.edits_s.append(anyio.current_time() - began)
            await anyio.sleep(EDIT_EVERY_S)

    async def _request(self, governor: Governor) -> None:
        async with governor.admitted():
            await anyio.sleep(LATENCY_S)
            answer = self.served.answers(LoopClock().now())
        governor.learn(*answer)


def _under_way(governor: Governor) -> Callable[[], int]:
    return lambda: governor.in_flight


def backlogs_part(limits: BudgetLimits) -> int:
    """What backlogs may use of an hour: a window to its end, of a ceiling of ours a part."""
    per_hour = limits.per_hour
    return per_hour - limits.share_of(per_hour) if per_hour else LIMIT


# By the answers' own window, and by a setting of ours.
LIMITS = [BudgetLimits(reserve=0), BudgetLimits(per_hour=LIMIT - 100, reserve=0)]
SHAPES = [(2,), (1, 1)]


@pytest.mark.parametrize("limits", LIMITS, ids=["window", "per_hour"])
@pytest.mark.parametrize("shape", SHAPES, ids=["one process", "two processes"])
def test_edits_of_one_pair_get_through_while_another_imports(
    limits: BudgetLimits, shape: tuple[int, ...]
) -> None:
    """The share kept for fresh edits is kept for those of every pair."""

    async def story() -> Scene:
        scene = Scene(limits)
        scene.add(*shape)
        await scene.play(backlogs=[0], edits=[1])
        return scene

    scene = virtual_time.run(story)
    importing, editing = scene.pairs
    assert editing.edits_s
    assert max(editing.edits_s) < AT_ONCE_S
    assert min(importing.sent) > LIMIT * 0.5
    assert scene.served.refused == 0


@pytest.mark.parametrize("limits", LIMITS, ids=["window", "per_hour"])
@pytest.mark.parametrize("shape", SHAPES, ids=["one process", "two processes"])
def test_two_backlogs_share_about_evenly_and_leave_nothing_over(
    limits: BudgetLimits, shape: tuple[int, ...]
) -> None:
    """Two customers import at the same time: neither waits for the end of the other's import."""

    async def story() -> Scene:
        scene = Scene(limits)
        scene.add(*shape)
        await scene.play(backlogs=[0, 1], edits=[])
        return scene

    scene = virtual_time.run(story)
    one, two = (sum(pair.sent) for pair in scene.pairs)
    assert abs(one - two) < 0.2 * (one + two)
    assert one + two > 0.98 * backlogs_part(limits) * WINDOWS
    assert scene.served.refused == 0


def test_of_all_pairs_of_a_user_one_asks_how_a_changed_limit_stands() -> None:
    """All that were held would go at once otherwise, by a limit that nobody has seen yet."""

    async def story() -> list[bool]:
        scene = Scene(LIMITS[0])
        scene.add(2)
        one, two = (pair.governor for pair in scene.pairs)
        one.learn(LIMIT, 0, START + 500)
        one.retune(WORKERS, scene.limits, one.backoff)
        found: list[bool] = []
        async with one.admitted():
            with anyio.move_on_after(10.0):
                async with two.admitted():
                    found.append(True)
        one.learn(LIMIT, 5, START + 500)
        async with two.admitted():
            found.append(False)
        return found

    assert virtual_time.run(story) == [False]
