"""The processes: the engine started, killed, stopped and started again on one state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import cache
from typing import Any, Protocol

import anyio

from engine.assembly.assembly import Assembly
from engine.assembly.environment import Environment
from engine.assembly.opening import opened
from engine.clock import Clock
from engine.errors import EngineError, Misconfigured, first_engine_error
from engine.metrics import Metrics
from engine.service import working
from engine.service.status import Status
from engine.service.usage import keep_usage
from engine.wire.way import Way
from tests.simulation.life import Life
from tests.simulation.network import Server, Wire
from tests.simulation.plan import End
from tests.simulation.scene import Scene
from tests.ways import ThroughHttpx

# What a supervisor waits before it starts a process again that ended by itself.
RESTART_S = 10.0
# How often it is seen whether every worker gets somewhere.
LOOK_S = 20.0
# Rounds of the loop a dead process may take to fall apart, the latter half of them slow: a request
# for a token is not cut short, so that what the answer holds is kept.
FALLING_ROUNDS = 4_000
FALLING_ROUND_S = 0.01
# What must not be lost with the state: creates and deliveries that only it knows of.
UNFINISHED = """
SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM intent WHERE open = 1)
"""


class Broke(AssertionError):
    """The engine ended by itself although nothing was wrong with its configuration."""


@cache
def shared_metrics() -> Metrics:
    """One for all: nothing here is told from counts, and each costs more than a short life."""
    return Metrics()


class _Clock:
    """The clock of the machine, which somebody may have set wrong."""

    def __init__(self, scene: Scene, life: Life, started: int) -> None:
        self._scene = scene
        self._life = life
        ahead_s = scene.plan.rare.ahead_s
        self._ahead_s = ahead_s[started % len(ahead_s)] if ahead_s else 0.0

    def now(self) -> float:
        """Seconds since the epoch, as the machine believes."""
        return self._scene.now() + self._ahead_s - self._life.slept_s


def outside(
    scene: Scene, servers: Sequence[Server], life: Life, number: int
) -> tuple[Clock, str, dict[str, Way]]:
    """Clock, chance and network of the process of that number."""
    ways: dict[str, Way] = {server.system: ThroughHttpx(Wire(server, life)) for server in servers}
    return _Clock(scene, life, number), f"{scene.plan.seed}:{number}", ways


async def live(
    scene: Scene,
    environment: Environment,
    stop: anyio.Event,
    told: Callable[[Assembly], None],
    beside: Callable[[Assembly], Coroutine[Any, Any, None]],
) -> None:
    """Run the engine until it is to stop.

    Args:
        told: what it was built as.
        beside: what goes on beside it.
    """
    async with opened(scene.config, environment) as assembly:
        told(assembly)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(beside, assembly)
            await working.drive(assembly, Status(assembly), stop)
            tasks.cancel_scope.cancel()
        await keep_usage(assembly)


async def fall(task: asyncio.Task[None]) -> None:
    """Wait until nothing of the dead process is left in this one."""
    for each in range(FALLING_ROUNDS):
        if task.done():
            break
        task.cancel()
        await asyncio.sleep(0 if each < FALLING_ROUNDS // 2 else FALLING_ROUND_S)
    else:
        raise Broke("a dead process does not fall apart")
    if not task.cancelled():
        task.exception()


def why_ended(task: asyncio.Task[None]) -> EngineError:
    """Why an engine ended by itself.

    Raises:
        Broke: it blames the configuration, or does not say why.
    """
    error = None if task.cancelled() else task.exception()
    known = None if error is None else first_engine_error(error)
    if known is None or isinstance(known, Misconfigured):
        raise Broke(f"the engine ended by itself: {error!r}") from error
    return known


class Engines(Protocol):
    """Who runs the engine."""

    @property
    def assembly(self) -> Assembly | None:
        """That of the process that works now."""
        ...

    async def run(self) -> None:
        """Never returns; to be cancelled.

        Raises:
            Broke: an engine ended by itself and blames the configuration, or does not say why.
        """
        ...

    def copy(self) -> None:
        """Somebody copies the state while the service runs."""
        ...

    def end(self) -> None:
        """Whatever still runs gets nowhere."""
        ...


class Processes:
    """Runs the engine for ever, one process after the other, as the plan's ends say."""

    def __init__(self, scene: Scene, servers: Sequence[Server], ends: Sequence[End]) -> None:
        self.assembly: Assembly | None = None
        self.life: Life | None = None
        self.started = 0
        self._scene = scene
        self._servers = servers
        self._ends = list(ends)
        # The roles that were there when the state was copied.
        self._copied: frozenset[int] | None = None

    async def run(self) -> None:
        """See `Engines.run`."""
        while True:
            self.started += 1
            self._scene.trace.note("start", str(self.started))
            doubtful = self._scene.ledger.doubtful_roles
            # What a former process asked for may have been asked for until just now.
            doubtful.update(dict.fromkeys(doubtful, anyio.current_time()))
            await asyncio.sleep(await self._one_process())

    async def _one_process(self) -> float:
        """One process from start to end; returns the seconds nobody runs afterwards."""
        states = self._scene.states
        life = self.life = Life(self._scene.trace, states.set_aside)
        stop = anyio.Event()
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._live(life, stop))
        died = loop.create_task(life.died.wait())
        end: End | None = None
        try:
            end = await self._until_end(task, died)
            if end is None:
                return 0.0 if life.dead else self._ended(task)
            # Somebody who puts a copy back has stopped the service first, or lost it.
            dies = end.kind == "die" or (end.kind == "put back" and end.instants % 2 == 1)
            if dies:
                life.arm(end.instants)
                await asyncio.wait({task, died}, return_when=asyncio.FIRST_COMPLETED)
            else:
                self._scene.trace.note("stop", end.kind)
                stop.set()
                await asyncio.wait({task}, timeout=self._scene.config.engine.service.shutdown_s)
            if end.kind == "lose" and task.done() and task.exception() is None:
                self._lose()
            return end.away_s
        finally:
            died.cancel()
            life.dead = True
            await fall(task)
            if life.died.is_set():
                states.bury()
            if end is not None and end.kind == "put back":
                self._put_back()
            self.assembly = None

    async def _until_end(self, task: asyncio.Task[None], died: asyncio.Task[bool]) -> End | None:
        """The end that the plan has for this process; None when it ended before."""
        ends = self._ends[:1]
        timeout = max(0.0, ends[0].at_s - anyio.current_time()) if ends else None
        await asyncio.wait({task, died}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if task.done() or died.done():
            return None
        return self._ends.pop(0)

    async def _live(self, life: Life, stop: anyio.Event) -> None:
        scene = self._scene
        environment = Environment(
            *outside(scene, self._servers, life, self.started),
            lambda _: scene.states.place(life, scene.trace),
            shared_metrics,
        )

        def told(assembly: Assembly) -> None:
            self.assembly = assembly

        await live(scene, environment, stop, told, _see_progress)

    def _ended(self, task: asyncio.Task[None]) -> float:
        known = why_ended(task)
        self._scene.trace.note("gave up", f"{type(known).__name__}: {known}")
        return RESTART_S

    def end(self) -> None:
        """See `Engines.end`."""
        if self.life is not None:
            self.life.dead = True

    def copy(self) -> None:
        """See `Engines.copy`."""
        if self._scene.states.copy():
            self._copied = frozenset(row.id for row in self._scene.outreach.roles.rows())

    def _put_back(self) -> None:
        """The copy takes the place of the state: what was done since is known to nobody."""
        if self._copied is None:
            return
        scene = self._scene
        scene.states.put_back()
        scene.ledger.state_lost = True
        now = {row.id for row in scene.outreach.roles.rows()}
        scene.ledger.orphaned_roles |= now - self._copied
        scene.trace.note("state put back", "")

    def _told(self) -> bool:
        """Whether Workbooks carries every id: what it does not carry is lost with the state."""
        opportunities = self._scene.workbooks.opportunities
        for row in self._scene.outreach.opportunities.rows():
            record_id = int(str(row.attributes["customId"]).rpartition("-")[2])
            if opportunities.value(record_id, "cf_opportunity_outreach_id") != str(row.id):
                return False
        return True

    def _lose(self) -> None:
        """Somebody removes the state, which the README allows once nothing is unfinished."""
        scene = self._scene
        if not scene.states.is_there():
            return
        [(unfinished,)] = scene.states.rows(UNFINISHED)
        if unfinished or not self._told():
            return
        scene.states.lose()
        scene.ledger.state_lost = True
        scene.ledger.orphaned_roles |= {row.id for row in scene.outreach.roles.rows()}
        scene.trace.note("state lost", "")


async def _see_progress(assembly: Assembly) -> None:
    """Whatever goes wrong outside, no worker may look as if it were stuck: it would be killed."""
    while True:
        await anyio.sleep(LOOK_S)
        for actor in assembly.worktime.overdue():
            raise Broke(f"{actor} looks stuck: {assembly.worktime.where(actor)}")
