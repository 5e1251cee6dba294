"""Turns: engines on several machines with one state in PostgreSQL, of which one works at a time.

Whoever works is killed, stopped, cut off from the database, or stands still wherever it waits for
something, for shorter or for longer than its lease lasts, and goes on as if nothing had happened;
another one takes over meanwhile.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import anyio

from engine.assembly.assembly import Assembly
from engine.assembly.environment import Environment
from engine.assembly.opening import plain_errors
from engine.errors import StateAway, StateInUse
from engine.service.standby import LOOKS, end_with_lease
from engine.store.port.place import Place
from engine.wire.way import Guard, Incoming, Outgoing, Way, Wrapped
from tests.scratch import scratch
from tests.simulation import virtual_time
from tests.simulation.history import History, Outcome, kept, quiet
from tests.simulation.leases import Leases
from tests.simulation.life import Life
from tests.simulation.network import Server
from tests.simulation.plan import Plan, planned
from tests.simulation.processes import (
    Broke,
    Engines,
    fall,
    live,
    outside,
    shared_metrics,
    why_ended,
)
from tests.simulation.scene import BASE_URLS, Scene
from tests.simulation.tables import Tables

STATE = "postgres"
# Where somebody stands still: anywhere, or in the middle of what must not be done twice.
ANYWHERE = ""
CREATES = "/api/v2/opportunities"
PLACES = (
    ANYWHERE,
    ANYWHERE,
    f"before POST {BASE_URLS['outreach']}{CREATES}",
    f"after POST {BASE_URLS['outreach']}{CREATES}",
    "before POST",
    "before P",
    "after P",
    "after open_intent",
    "before settle",
    "after begin",
    "before announce",
    "after announce",
    "before delivered",
)
PATIENCE_S = 200.0
DEEDS = ("freeze", "freeze", "freeze", "pause", "cut off", "kill", "stop")
LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Turn:
    """What happens to whoever works at that time.

    Args:
        kind: one of DEEDS; a pause stands still with the machine and all its clocks.
        after: so many instants, or such places, from then on.
        where: it stands still, if it does.
        lasts_s: until it goes on, or another one takes its place.
    """

    at_s: float
    kind: str
    after: int
    where: str
    lasts_s: float


class Halting(Wrapped):
    """A way on which a process may stand still, before it is asked whether it may send."""

    def __init__(self, way: Way, life: Life) -> None:
        super().__init__(way)
        self._life = life

    async def send(self, request: Outgoing) -> Incoming:
        """See `Way.send`."""
        await self._life.halt(f"before {request.method} {request.url}")
        answer = await self._way.send(request)
        await self._life.halt(f"after {request.method} {request.url}")
        return answer


@dataclass(frozen=True)
class HaltingEnvironment(Environment):
    """The outside of a process that may stand still."""

    life: Life | None = None

    def way(self, system: str, guard: Guard | None = None) -> Way:
        """See `Environment.way`."""
        assert self.life is not None
        return Halting(super().way(system, guard), self.life)


class Member:
    """A machine with a process, which is started again whenever it has ended."""

    def __init__(self, name: str, team: Team) -> None:
        self.life: Life | None = None
        self.assembly: Assembly | None = None
        self.stop = anyio.Event()
        self.away_s = 0.0
        self._name = name
        self._team = team

    async def run(self) -> None:
        """Never returns; to be cancelled.

        Raises:
            Broke: see `Engines.run`.
        """
        while True:
            await self._one_process()
            await asyncio.sleep(self.away_s)

    async def _one_process(self) -> None:
        life = self.life = Life(self._team.scene.trace, lambda: None)
        self.stop = anyio.Event()
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._work(life))
        died = loop.create_task(life.died.wait())
        try:
            await asyncio.wait({task, died}, return_when=asyncio.FIRST_COMPLETED)
            if not life.dead and not self.stop.is_set():
                raise Broke(f"{self._name} ended by itself: {why_ended(task)}")
        finally:
            died.cancel()
            life.dead = True
            life.thaw()
            await fall(task)
            self.assembly = None

    async def _work(self, life: Life) -> None:
        """Stand by, and work whenever it is our turn, as the service does."""
        team = self._team
        place = team.states.place_on(
            team.states.directory / self._name, life, team.scene.trace, team.leases
        )
        while not self.stop.is_set():
            await life.halt("standing by")
            life.check()
            try:
                if team.leases.free and place.occupant() is None:
                    await self._serve(life, place)
            except (StateInUse, StateAway) as error:
                self.assembly = None
                team.scene.trace.note("lost", f"{self._name}: {type(error).__name__}: {error}")
            await asyncio.sleep(team.leases.lasts_s / LOOKS)

    async def _serve(self, life: Life, place: Place) -> None:
        team = self._team
        team.started += 1
        team.scene.trace.note("start", f"{team.started} {self._name}")
        environment = HaltingEnvironment(
            *outside(team.scene, team.servers, life, team.started),
            lambda _: place,
            shared_metrics,
            life=life,
        )

        def told(assembly: Assembly) -> None:
            self.assembly = assembly
            # What a former process asked for may have been asked for until just now.
            doubtful = team.scene.ledger.doubtful_roles
            doubtful.update(dict.fromkeys(doubtful, anyio.current_time()))

        with plain_errors():
            await live(team.scene, environment, self.stop, told, end_with_lease)
        self.assembly = None


class Team:
    """Several machines, and what happens to whoever works; see `Engines`."""

    def __init__(
        self, scene: Scene, servers: list[Server], lease_s: float, turns: list[Turn], members: int
    ) -> None:
        assert isinstance(scene.states, Tables)
        self.scene = scene
        self.servers = servers
        self.states = scene.states
        self.leases = Leases(lease_s, scene.trace)
        self.started = 0
        self._turns = turns
        self._members = [Member(name, self) for name in "abc"[:members]]
        self.states.directory.mkdir(parents=True)

    @property
    def assembly(self) -> Assembly | None:
        """See `Engines.assembly`."""
        works = self._works()
        return None if works is None else works.assembly

    def _works(self) -> Member | None:
        """Whoever works, and is not just standing still."""
        for member in self._members:
            life = member.life
            if member.assembly is not None and life is not None and not life.frozen:
                return member
        return None

    async def run(self) -> None:
        """See `Engines.run`."""
        loop = asyncio.get_running_loop()
        members = [loop.create_task(member.run()) for member in self._members]
        turns = [loop.create_task(self._turn(one)) for one in self._turns]
        try:
            ended, _ = await asyncio.wait(members, return_when=asyncio.FIRST_COMPLETED)
            for one in ended:
                one.result()
        finally:
            for task in (*turns, *members):
                task.cancel()
            await asyncio.wait((*turns, *members))

    async def _turn(self, turn: Turn) -> None:
        await asyncio.sleep(turn.at_s)
        works = self._works()
        if works is None or works.life is None:
            return
        life = works.life
        works.away_s = turn.lasts_s
        self.scene.trace.note("turn", f"{turn.kind} {turn.where} {turn.lasts_s:.0f} s")
        if turn.kind == "kill":
            life.arm(turn.after)
        elif turn.kind == "stop":
            works.stop.set()
        elif turn.kind == "cut off":
            life.cut_off = True
            await asyncio.sleep(turn.lasts_s)
            life.cut_off = False
        else:
            await self._freeze(life, turn)

    async def _freeze(self, life: Life, turn: Turn) -> None:
        for where in (turn.where, ANYWHERE):
            life.freeze_at(where, turn.after)
            gave_up_s = anyio.current_time() + PATIENCE_S
            while not (life.frozen or life.dead or anyio.current_time() > gave_up_s):  # noqa: ASYNC110 # where it waits
                await asyncio.sleep(LOOK_S)
            if life.frozen or life.dead:
                break
        since = anyio.current_time()
        await asyncio.sleep(turn.lasts_s)
        if turn.kind == "pause":
            life.slept_s += anyio.current_time() - since
        self.scene.trace.note("thaw", f"after {anyio.current_time() - since:.0f} s")
        life.thaw()

    def copy(self) -> None:
        """See `Engines.copy`; nobody does."""

    def end(self) -> None:
        """See `Engines.end`."""
        for member in self._members:
            if member.life is not None:
                member.life.dead = True
                member.life.thaw()


class InTurns(History):
    """A history with a team in the place of one process after the other."""

    def __init__(self, plan: Plan, directory: Path, echo: bool) -> None:
        super().__init__(plan, directory, echo, kept(STATE, plan.seed))
        self.team: Team | None = None

    def started(self) -> Engines:
        """See `History.started`."""
        rng = self.scene.rng("turns")
        lease_s = rng.choice((6.0, 6.0, 20.0, 60.0))
        turns = drawn(rng, self.scene.plan.busy_s, lease_s)
        self.team = Team(self.scene, self.servers(), lease_s, turns, rng.choice((2, 2, 3)))
        return self.team


def drawn(rng: Random, busy_s: float, lease_s: float) -> list[Turn]:
    """What happens in one history."""
    return [
        Turn(
            rng.uniform(5.0, busy_s),
            rng.choice(DEEDS),
            rng.choice((0, 0, 1, 2, 5, 12)),
            rng.choice(PLACES),
            rng.choice((0.5, 1.2, 2.0, 2.0, 10.0, 40.0)) * lease_s,
        )
        for _ in range(rng.randint(4, 14))
    ]


def take_turns(seed: int, *, verbose: bool = False) -> Outcome:
    """Run the history of a seed with several engines."""
    plan = replace(planned(seed), ends=(), copy_s=None)
    started = time.perf_counter()
    directory = Path(tempfile.mkdtemp(prefix=f"wosync-{seed}-", dir=scratch()))
    try:
        surprises: list[str] = []
        history = InTurns(plan, directory, verbose)
        with quiet(surprises, verbose=verbose):
            trace, virtual_s, complaints = virtual_time.run(history.run)
    finally:
        shutil.rmtree(directory)
    complaints += surprises
    if history.team is not None and history.team.leases.zombies:
        complaints.append("something was written under a lease that had ended")
    real_s = time.perf_counter() - started
    return Outcome(
        seed, trace.digest, virtual_s, real_s, tuple(complaints), trace.counts, "--turns"
    )
