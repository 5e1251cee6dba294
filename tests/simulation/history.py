"""One history: a seed from its first instant to the oracle's verdict."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import anyio
import structlog
from starlette.types import ASGIApp
from structlog.typing import EventDict

from connectors.sandbox.faults import Faults
from connectors.sandbox.outreach import outreach_app
from connectors.sandbox.workbooks import workbooks_app
from engine.loop import loop_clock
from tests.scratch import scratch
from tests.simulation import spells, virtual_time
from tests.simulation.copiers import Copiers
from tests.simulation.entering import Kept
from tests.simulation.importers import Importers
from tests.simulation.life import ProcessDied
from tests.simulation.network import Server, Weather
from tests.simulation.oddities import Oddity
from tests.simulation.oracle import Oracle, at_rest
from tests.simulation.outreach_people import Actor, OutreachUsers, working_day
from tests.simulation.people import CrmUsers
from tests.simulation.plan import Outage, Plan, System, planned
from tests.simulation.processes import Broke, Engines, Processes
from tests.simulation.rarities import Rarities
from tests.simulation.scene import START, Keep, Scene
from tests.simulation.states import Files
from tests.simulation.trace import Trace

T = TypeVar("T")

FILE = "file"
STATES = (FILE, "postgres")
"""What may keep the state of a history."""

# Virtual seconds between looks of the oracle while everything settles, and how long that may take:
# visibility, sweeps, times to live, and two of the longest waits the engine knows.
LOOK_S = 150.0
SETTLE_MAX_S = 12_000.0
# Then nobody writes anything for so long.
QUIET_S = 200.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a history ended; `complaints` is empty when all is well.

    Args:
        how: the options by which it was played.
    """

    seed: int
    digest: str
    virtual_s: float
    real_s: float
    complaints: tuple[str, ...]
    counts: Counter[str]
    how: str = ""

    def report(self) -> str:
        """The complaints, and how to see it all again."""
        replay = f"replay: {replaying(self.seed, self.how)}"
        return "\n".join([f"seed {self.seed}:", *self.complaints, replay])


def replaying(seed: int, how: str) -> str:
    """The command that runs one seed again."""
    return " ".join(f"python -m tests.simulation --seed {seed} {how} --verbose".split())


def kept(state: str, seed: int) -> Keep:
    """What keeps a state of that name."""
    if state == FILE:
        return Files
    # Whoever keeps it in a file needs no driver.
    from tests.simulation.cuts import Drawn
    from tests.simulation.tables import in_postgres

    return in_postgres(Drawn(Random(f"{seed}:cuts")))  # noqa: S311 # chance, not secrets


def simulate(seed: int, *, verbose: bool = False, state: str = FILE) -> Outcome:
    """Run the history of a seed.

    Args:
        state: what keeps it, one of `STATES`.
    """
    started = time.perf_counter()
    directory = Path(tempfile.mkdtemp(prefix=f"wosync-{seed}-", dir=scratch()))
    try:
        surprises: list[str] = []
        with quiet(surprises, verbose=verbose):
            found = virtual_time.run(
                lambda: History(planned(seed), directory, verbose, kept(state, seed)).run()
            )
    finally:
        shutil.rmtree(directory)
    trace, virtual_s, complaints = found
    complaints += surprises
    real_s = time.perf_counter() - started
    how = "" if state == FILE else f"--state {state}"
    return Outcome(seed, trace.digest, virtual_s, real_s, tuple(complaints), trace.counts, how)


class _Surprises:
    """Collects what the engine itself calls unexpected: a mistake of its own."""

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    def __call__(self, _logger: object, _name: str, event: EventDict) -> EventDict:
        if event["event"] == "unexpected":
            self.seen.append(f"unexpected: {event.get('exc_info')!r} on {event.get('record')}")
        return event


def _dropped(_logger: object, _name: str, _event: EventDict) -> EventDict:
    raise structlog.DropEvent


@contextmanager
def quiet(surprises: list[str], *, verbose: bool = False) -> Generator[None]:
    """The engine's log: nothing, or every line at its virtual time."""
    before = structlog.get_config()
    plain = structlog.dev.plain_traceback
    shown = [
        _at_virtual_time,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain),
    ]
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("debug" if verbose else "error"),
        processors=[_Surprises(surprises), *(shown if verbose else [_dropped])],
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)


def _at_virtual_time(_logger: object, _name: str, event: EventDict) -> EventDict:
    try:
        at = anyio.current_time()
    except RuntimeError:
        at = 0.0
    event["timestamp"] = f"{at:.3f}"
    return event


class History:
    """One seed's scene with everybody in it."""

    quiet_s = QUIET_S

    def __init__(self, plan: Plan, directory: Path, echo: bool, keep: Keep = Files) -> None:
        self._plan = plan
        self._directory = directory
        self._echo = echo
        self._keep = keep

    async def run(self) -> tuple[Trace, float, list[str]]:
        """Play it; returns the trace, the virtual seconds it took, and the complaints."""
        self.trace = Trace(loop_clock(), echo=self._echo)
        self.scene = Scene(self._plan, self._directory, self.trace, self._keep)
        self._crm = CrmUsers(self.scene)
        self.begin()
        self.scene.outreach.knobs.index_lag_s = self._plan.index_lag_s
        self.processes = self.started()
        running = asyncio.get_running_loop().create_task(self.processes.run())
        try:
            complaints = await self._played(running)
        finally:
            self.processes.end()
            running.cancel()
            await asyncio.wait({running})
            self.scene.states.end()
        return self.trace, anyio.current_time(), complaints

    async def _played(self, running: asyncio.Task[None]) -> list[str]:
        try:
            await self._unless_broken(running, self._acted())
            self.scene.turn_fair()
            self.make_good()
            return await self._unless_broken(running, self._settle())
        except Broke as error:
            return [str(error)]

    async def _unless_broken(self, running: asyncio.Task[None], doing: Coroutine[Any, Any, T]) -> T:
        """Do it, unless the engine breaks first."""
        task = asyncio.get_running_loop().create_task(doing)
        await asyncio.wait({running, task}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            task.cancel()
            await running
        return await task

    def servers(self) -> list[Server]:
        """Both systems, as the network has them."""
        scene = self.scene
        apps: dict[System, ASGIApp] = {
            "workbooks": workbooks_app(scene.workbooks),
            "outreach": outreach_app(scene.outreach),
        }
        return [
            Server(system, Faults(Kept(app), scene.faults[system]), self.weather(system), scene)
            for system, app in apps.items()
        ]

    def weather(self, system: System) -> Weather:
        """The weather of one system."""
        plan = self._plan
        outages = tuple(one for one in plan.outages if one.system == system)
        rng = self.scene.rng(f"weather of {system}")
        over = spells.over(system, plan.spells, plan.seed)
        return Weather(system, rng, plan.odds, outages, plan.busy_s, over)

    def started(self) -> Engines:
        """Those that run the engine."""
        return Processes(self.scene, self.servers(), self._plan.ends)

    def begin(self) -> None:
        """What is there before the engine first runs."""
        self._crm.begin()

    def make_good(self) -> None:
        """What people still do when the faults have ended."""
        self._crm.make_good()

    async def busy(self) -> None:
        """What people do while faults last."""
        scene, plan = self.scene, self._plan
        actors: list[tuple[Actor, float]] = [
            (self._crm, plan.pause_s),
            (OutreachUsers(scene), plan.pause_s * 3),
        ]
        if plan.copies:
            actors.append((Copiers(scene), plan.pause_s * 4))
        await asyncio.gather(
            *(
                working_day(actor, scene.rng(f"day {place}"), pause_s, plan.busy_s)
                for place, (actor, pause_s) in enumerate(actors)
            ),
            *(self._at(at, scene.outreach.expire_access_tokens) for at in plan.token_losses),
            *(self._at(at, scene.workbooks.expire_sessions) for at in plan.session_losses),
            *(self._odd(one) for one in plan.oddities),
            *self._rare(plan.rare),
            *(self._stamped(at, ahead_s) for at, ahead_s in plan.stamped),
            *self._maintenance(),
            *([] if plan.copy_s is None else [self._at(plan.copy_s, self.processes.copy)]),
        )

    async def _acted(self) -> None:
        await self.busy()
        await asyncio.sleep(max(0.0, self._plan.busy_s - anyio.current_time()))

    async def _stamped(self, at_s: float, ahead_s: float) -> None:
        """One record is saved by a server whose clock is far ahead."""
        opportunities = self.scene.workbooks.opportunities

        def save() -> None:
            if ids := opportunities.ids():
                record_id = self.scene.rng("stamped").choice(ids)
                opportunities.restamp(record_id, updated_at=int(self.scene.now() + ahead_s))

        await self._at(at_s, save)

    def _rare(self, rare: Rarities) -> Iterator[Coroutine[Any, Any, None]]:
        """What is seldom done."""
        importers = Importers(self.scene, self._crm)
        moments = [(at, importers.imports) for at, _ in rare.undone]
        moments += [(at + after_s, importers.undoes) for at, after_s in rare.undone]
        if rare.restored is not None:
            made_s, back_s = rare.restored
            moments += [(made_s, importers.backs_up), (back_s, importers.puts_back)]
        yield from (self._at(at, action) for at, action in moments)
        yield from (self._approved(at) for at in rare.approvals)

    async def _approved(self, at_s: float) -> None:
        await asyncio.sleep(max(0.0, at_s - anyio.current_time()))
        await self._approve()

    async def _approve(self) -> None:
        """An operator says that what is held is meant."""
        if self.processes.assembly is not None:
            with suppress(ProcessDied):
                released = await self.processes.assembly.fuse_keeper.approve()
                self.trace.note("approved", str(released.edits))

    async def _odd(self, oddity: Oddity) -> None:
        """From now on it may happen."""
        scene = self.scene

        def begin() -> None:
            twins = [row.id for row in scene.outreach.opportunities.rows()] or [0]
            scene.begin(oddity, scene.rng(oddity.name).choice(twins))

        await self._at(oddity.at_s, begin, oddity.name)

    def _maintenance(self) -> list[Coroutine[Any, Any, None]]:
        """The windows in which a system says that it is being maintained."""
        windows = [one for one in self._plan.outages if one.kind == "maintenance"]
        return [self._maintained(one) for one in windows]

    async def _maintained(self, outage: Outage) -> None:
        if outage.system == "outreach":
            # Outreach says when it ends, and ends it by itself.
            knobs, until = self.scene.outreach.knobs, START + outage.end_s

            def begin() -> None:
                knobs.maintenance_until = until

            await self._at(outage.start_s, begin)
            return
        await self._at(outage.start_s, self.scene.workbooks.start_maintenance)
        await self._at(outage.end_s, self.scene.workbooks.end_maintenance)

    async def _at(self, at_s: float, action: Callable[[], None], name: str = "") -> None:
        await asyncio.sleep(max(0.0, at_s - anyio.current_time()))
        self.trace.note("trouble", name or getattr(action, "__name__", "?"))
        action()

    async def _settle(self) -> list[str]:
        plan = self._plan
        settings = plan.settings
        least_s = settings["outreach"]["visibility_s"] + settings["poller"]["sweep_interval_s"]
        least_s += settings["owners"]["ttl_s"] + 3 * settings["poller"]["interval_s"]
        started = anyio.current_time()
        await asyncio.sleep(least_s)
        oracle = Oracle(self.scene)
        while complaints := oracle.complaints(self.processes.assembly):
            if anyio.current_time() - started > SETTLE_MAX_S:
                return complaints
            if plan.settings.get("fuse"):
                await self._approve()
            await asyncio.sleep(LOOK_S)
        return await self._rest(oracle)

    async def _rest(self, oracle: Oracle) -> list[str]:
        before = Counter(self.scene.ledger.writes)
        await asyncio.sleep(self.quiet_s)
        complaints = oracle.complaints(self.processes.assembly)
        # A poll may just be under way.
        for _ in range(60):
            if at_rest(self.processes.assembly):
                break
            await asyncio.sleep(1)
        else:
            complaints.append("requests are under way, or mailboxes full, all the time")
        complaints += [
            f"{n} writes to {system} although nobody edits anything"
            for system, n in sorted((self.scene.ledger.writes - before).items())
        ]
        return complaints
