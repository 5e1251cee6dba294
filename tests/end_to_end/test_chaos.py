"""Hosts with a process each, the database on another, both systems on one more; all may fail."""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import dropwhile, pairwise
from pathlib import Path
from random import Random
from statistics import median

import anyio
import pytest

from connectors.sandbox.faults import FaultPlan, Faults
from connectors.sandbox.outreach import outreach_app
from connectors.sandbox.sandbox import Ports, Sandbox, SandboxOptions
from connectors.sandbox.workbooks import workbooks_app
from tests import postgres
from tests.end_to_end import namespaces, wall_clock
from tests.end_to_end.database_host import Leadership, Server, server
from tests.end_to_end.hands import Hands
from tests.end_to_end.members import LOG_CHARS, leader, until
from tests.end_to_end.namespaces import Host, network
from tests.end_to_end.test_kills import configured, let_pass, settled, things_go_wrong
from tests.end_to_end.traffic import Arrived, Recorder
from tests.end_to_end.troubles import (
    FREEZE,
    Machine,
    Trouble,
    clock_set,
    cut_off,
    database_down,
    frozen,
    killed,
    stopped,
    unplugged,
)
from tests.end_to_end.verdict import Verdict, twins
from tests.end_to_end.wall_clock import WallClock
from tests.searching import SEED
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

ROUNDS = int(os.environ.get("WOSYNC_CHAOS", "8"))
SCHEMA = "chaos"
LEASE_S = 2.0
# Another one has taken over so long after the end of the lease at the latest.
SOON_S = 2.0
PORT = 9464
# Links to what is gone, and a person whom Outreach does not take.
EXPECTED = (404, 422)
# A system that does not answer for so long is taken for away.
SILENT_S = 3
# Until what was on its way when a network was cut is in the hands of the kernel.
SWALLOWED_S = 1
# So much of the story is told around what must not be.
STORY_S = 8.0
# A part of what befalls hosts befalls the one that works.
AIMED = 0.7


@pytest.fixture(scope="module", autouse=True)
def possible() -> None:
    """Skip where there can be no such hosts."""
    if (reason := namespaces.missing()) is not None:
        pytest.skip(reason)
    try:
        postgres.binaries()
    except postgres.NoServer as missing:
        # In CI, where `.ci/run` installs it, it is no excuse.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))


@dataclass(slots=True)
class World:
    """All hosts, what is on them, and what came of it so far.

    Args:
        systems: where the emulators are; `recorders` has one for each.
        no_clocks: why no clock can be set.
    """

    server: Server
    machines: list[Machine]
    systems: Host
    sandbox: Sandbox
    hands: Hands
    recorders: list[Recorder]
    rng: Random
    no_clocks: str | None
    told: list[str] = field(default_factory=list[str])
    moments: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    frozen: list[str] = field(default_factory=list[str])
    takeovers: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])

    async def round(self) -> None:
        """Something happens to one or two hosts; then all is well again."""
        works = await leader(self.machines)
        await until(self.all_is_well, self.machines)
        await let_pass(self.sandbox, self.rng.randrange(5, 60), LEASE_S)
        self.hands.do_something()
        troubles = self._drawn(works)
        self.told.append(" and ".join(f"{_whom(one, works)}{one.name}" for one in troubles))
        gone_at: float | None = None
        for one in troubles:
            await one.begin()
            self.moments.append((time.time(), f"began: {_whom(one, works)}{one.name}"))
            if one.name == FREEZE and one.whom is not None:
                self.frozen.append(one.whom.host.address)
            if one.idles and one.whom is works:
                gone_at = time.time()
        self.hands.do_something()
        reachable = all(one.whom for one in troubles)
        if gone_at is not None and reachable and self.rng.random() < AIMED:
            await self._takeover(works, gone_at)
            await let_pass(self.sandbox, self.rng.randrange(60), LEASE_S)
        else:
            await anyio.sleep(self.rng.uniform(0.1, 3 * LEASE_S))
        for one in reversed(troubles):
            await one.end()
            self.moments.append((time.time(), f"ended: {_whom(one, works)}{one.name}"))
        if not reachable:
            await self._worked_on(time.time())
        self.judge()

    def judge(self) -> None:
        """What must hold at any time.

        Raises:
            AssertionError: it does not.
        """
        assert list(twins(self.sandbox)) == [], self.told
        removed = [one for each in self.recorders for one in each.writes if _removes_twin(one)]
        assert removed == [], self.told
        for one in self.machines:
            ended = None if one.process is None else one.process.returncode
            assert ended is None, f"{ended}: {one.log.read_text(encoding='utf-8')[-LOG_CHARS:]}"

    def host_of(self, leadership: Leadership) -> Machine:
        """Whose process that was."""
        pid = int(leadership.holder.split()[1])
        [found] = [one for one in self.machines if pid in one.pids]
        return found

    def refused(self) -> list[tuple[str, str, int, str]]:
        """What an emulator would not have, but for what the sample data is meant to bring about."""
        return [one for each in self.recorders for one in each.refusals if one[2] not in EXPECTED]

    def out_of_turn(self) -> list[Arrived]:
        """What came from another host than the one that works once that had begun to write.

        Who stands still between the last question and the first byte sends that request afterwards:
        nobody can prevent that one, for which the next one waits.
        """
        writes = sorted((one for each in self.recorders for one in each.writes), key=_moment)
        turns = self.server.leaderships()
        found: list[Arrived] = []
        for turn, ends_at in zip(turns, [*(one.at for one in turns[1:]), math.inf], strict=True):
            mine = self.host_of(turn).host.address
            within = [one for one in writes if turn.at <= one.at < ends_at]
            begun = dropwhile(lambda one, mine=mine: one.caller != mine, within)
            found += [one for one in begun if one.caller != mine]
        frozen = Counter(self.frozen)
        return [one for one in found if not _taken(frozen, one.caller)]

    def story_of(self, strangers: Sequence[Arrived]) -> str:
        """Who took the lease, and what arrived, around the first of them."""
        if not strangers:
            return ""
        at = strangers[0].at
        turns = [
            (one.at, f"{self.host_of(one).name} takes it, free since {one.free_at - at:+.3f} s")
            for one in self.server.leaderships()
        ]
        names = {one.host.address: one.name for one in self.machines}
        writes = [
            (one.at, f"{names[one.caller]}: {one.method} {one.path}")
            for each in self.recorders
            for one in each.writes
        ]
        all_of_it = sorted(turns + writes + self.moments)
        near = (one for one in all_of_it if abs(one[0] - at) < STORY_S)
        return "\n".join(f"{when - at:+.3f} s {what}" for when, what in near)

    async def all_is_well(self) -> bool:
        """Whether one works, and the others are ready to take over."""
        leading = [await one.leads() for one in self.machines]
        return all(
            [
                lead or await one.stands_by()
                for one, lead in zip(self.machines, leading, strict=True)
            ]
        )

    def _drawn(self, works: Machine) -> list[Trouble]:
        others = [one for one in self.machines if one is not works]
        self.rng.shuffle(others)
        aimed = self.rng.random() < AIMED
        first, second = (works, others[0]) if aimed else (others[0], others[1])
        troubles = [self._trouble(first)]
        more = self.rng.random()
        if more < 0.2:
            troubles.append(database_down(self.server, self.rng))
        elif more < 0.5:
            troubles.append(self._trouble(second))
        return troubles

    def _trouble(self, whom: Machine) -> Trouble:
        rng = self.rng
        kinds: list[Callable[[], Trouble]] = [
            lambda: killed(whom),
            lambda: stopped(whom),
            lambda: frozen(whom),
            lambda: cut_off(whom, self.server.host, "database", rng),
            lambda: cut_off(whom, self.systems, "systems", rng),
            lambda: unplugged(whom, rng),
        ]
        if whom.clock is not None:
            kinds.append(lambda: clock_set(whom, rng, restarted=rng.random() < AIMED))
        return rng.choice(kinds)()

    async def _takeover(self, gone: Machine, gone_at: float) -> None:
        """Wait until another one has the lease."""

        async def taken() -> bool:
            return self.host_of(self.server.leaderships()[-1]) is not gone

        await until(taken, self.machines)
        # On a busy machine it may have lost its lease before anything befell it.
        if later := [one for one in self.server.leaderships() if one.at > gone_at]:
            self.takeovers.append((self.told[-1], later[0].at - gone_at))

    async def _worked_on(self, since: float) -> None:
        """Wait until somebody has the lease, in a database that is back."""

        async def held() -> bool:
            return self.server.holder() is not None

        await until(held, self.machines)
        self.takeovers.append((f"{self.told[-1]}, from its return on", time.time() - since))


def _whom(trouble: Trouble, works: Machine) -> str:
    return "leader: " if trouble.whom is works else "other: " if trouble.whom is not None else ""


def _taken(of: Counter[str], one: str) -> bool:
    """Take one away, if there is one left."""
    of[one] -= 1
    return of[one] >= 0


def _moment(one: Arrived) -> float:
    return one.at


def _seconds(takeover: tuple[str, float]) -> float:
    return takeover[1]


def _removes_twin(one: Arrived) -> bool:
    return one.method == "DELETE" and "/opportunities/" in one.path


def recorded(sandbox: Sandbox, seed: int) -> list[Recorder]:
    """Have both systems note what arrives."""
    outreach = Recorder(outreach_app(sandbox.outreach))
    source = Recorder(workbooks_app(sandbox.workbooks))
    latency_s = sandbox.outreach_traffic.latency_s
    sandbox.outreach_traffic = Faults(outreach, FaultPlan(seed=seed), latency_s=latency_s)
    sandbox.workbooks_traffic = Faults(source, FaultPlan(seed=seed), latency_s=latency_s)
    return [outreach, source]


@asynccontextmanager
async def world(
    directory: Path, seed: int, *, names: str = "abc", bulk: int = 150
) -> AsyncGenerator[World]:
    """Everything in its place, and everybody at work.

    Args:
        names: of the hosts that have a process.
        bulk: opportunities that wait beside those of the sample data.
    """
    rng = Random(seed)  # noqa: S311 # moments, not secrets
    no_clocks = wall_clock.missing(directory)
    sandbox = Sandbox(SandboxOptions(seed=5, bulk=bulk, latency_s=0.005, mint_interval_s=0))
    recorders = recorded(sandbox, seed)
    hands = Hands(sandbox, rng)
    things_go_wrong(sandbox)
    async with AsyncExitStack() as stack:
        *hosts, there, systems = stack.enter_context(network([*names, "db", "systems"]))
        database = stack.enter_context(server(there, SCHEMA))
        await database.start()
        database.watch()
        with systems.within():
            addresses = await stack.enter_async_context(sandbox.serving(Ports(), systems.address))
        machines: list[Machine] = []
        for name, host in zip(names, hosts, strict=True):
            settings = configured(directory / name, addresses, sandbox)
            machine = Machine(
                name=name,
                settings=settings,
                log=directory / f"{name}.log",
                url=f"http://{host.address}:{PORT}",
                host=host,
                clock=_clock(directory / f"{name}.clock") if no_clocks is None else None,
            )
            _settle(machine, database)
            stack.push_async_exit(machine.stack)
            machines.append(machine)
        for machine in machines:
            await machine.start()
        yield World(database, machines, systems, sandbox, hands, recorders, rng, no_clocks)


def _clock(file: Path) -> WallClock:
    clock = WallClock(file)
    clock.set(0)
    return clock


def _settle(machine: Machine, database: Server) -> None:
    """Have the configuration name what is to be reached across the network."""
    text = machine.settings.path.read_text(encoding="utf-8")
    port = text.split("http = ", 1)[1].split("\n", 1)[0]
    lines = (
        f'state = "{database.address}"\nstate_schema = "{SCHEMA}"\nlease_s = {LEASE_S}\n'
        f'http = "0.0.0.0:{PORT}"'
    )
    text = text.replace(f"http = {port}", lines, 1)
    for system in ("workbooks", "outreach"):
        text = text.replace(f"[{system}]\n", f"[{system}]\ntimeout_s = {SILENT_S}\n", 1)
    machine.settings.path.write_text(text, encoding="utf-8")


@pytest.mark.slow
async def test_hosts_that_fail_in_every_way_do_nothing_twice_and_lose_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    """Killed, frozen, cut off, with a wrong clock or without a database: another one goes on."""
    async with world(tmp_path, SEED) as all_of_it:
        for _ in range(ROUNDS):
            await all_of_it.round()
        sandbox = all_of_it.sandbox
        sandbox.outreach_traffic.plan.clear()
        sandbox.workbooks_traffic.plan.clear()
        works = await leader(all_of_it.machines)
        found = await settled(works.url, sandbox, all_of_it.hands)
        await until(all_of_it.all_is_well, all_of_it.machines)
        all_of_it.judge()
        leading = [one.name for one in all_of_it.machines if await one.leads()]
        turns, strangers = all_of_it.server.leaderships(), all_of_it.out_of_turn()
        story = all_of_it.story_of(strangers)
        codes = [await one.end(signal.SIGTERM) for one in all_of_it.machines]

    summary = summed_up(all_of_it, found, turns)
    record_property("summary", summary)
    with capsys.disabled():
        sys.stdout.write(f"\n{summary}\n")
    assert (found.duplicates, found.misses, strangers) == ([], [], []), f"{all_of_it.told}\n{story}"
    assert all_of_it.refused() == []
    assert (leading, codes) == ([works.name], [0, 0, 0])
    for former, turn in pairwise(turns):
        assert former.number == turn.former < turn.number
        assert turn.free_at <= turn.at


def summed_up(all_of_it: World, found: Verdict, turns: Sequence[Leadership]) -> str:
    """In one line what was done, and what came of it."""
    took = sorted(seconds for _, seconds in all_of_it.takeovers)
    longest = max(all_of_it.takeovers, key=_seconds, default=("none", 0.0))
    late = sum(1 for one in took if one > LEASE_S + SOON_S)
    clocks = "clocks set" if all_of_it.no_clocks is None else all_of_it.no_clocks
    return (
        f"{len(all_of_it.told)} rounds, {clocks}: records {found.records}, people {found.people},"
        f" roles {found.roles}, duplicates {len(found.duplicates)}, misses {len(found.misses)},"
        f" changes of hands {len(turns)}, takeovers {len(took)}, median"
        f" {median(took or [0.0]):.1f} s, longest {longest[1]:.1f} s ({longest[0]}),"
        f" beyond {LEASE_S + SOON_S:.0f} s {late}"
    )


@pytest.mark.slow
@pytest.mark.parametrize("then", ["killed", "frozen", "waiting in vain"])
async def test_what_a_network_swallowed_does_not_arrive_when_nobody_waits_for_it_any_more(
    tmp_path: Path, then: str
) -> None:
    """The kernel sends it again for minutes; by then it was looked for, and made anew."""
    async with world(tmp_path, seed=3, names="ab", bulk=0) as all_of_it:
        sandbox, systems = all_of_it.sandbox, all_of_it.systems
        sandbox.outreach_traffic.plan.clear()
        sandbox.workbooks_traffic.plan.clear()
        works = await leader(all_of_it.machines)
        # Creates of records come one after the other by then.
        await let_pass(sandbox, 60, DEADLINE_S)
        works.host.lose(systems)
        await anyio.sleep(SWALLOWED_S)
        if then == "killed":
            await works.end(signal.SIGKILL)
        elif then == "frozen":
            works.told(signal.SIGSTOP)
        # Of one that stands still until its lease has ended, on a busy machine as well.
        gone_s = 2 * SILENT_S if then == "frozen" else SILENT_S
        await anyio.sleep(gone_s)
        gone_at = time.time()
        works.host.find(systems)
        # The kernel waits at most as long again as it has waited so far.
        await anyio.sleep(2 * (gone_s + SWALLOWED_S))
        sent = [one for each in all_of_it.recorders for one in each.by(works.host.address)]
        if then == "frozen":
            works.told(signal.SIGCONT)
        found = await settled((await leader(all_of_it.machines)).url, sandbox, all_of_it.hands)

    assert then == "waiting in vain" or [one for one in sent if one.at > gone_at] == []
    assert (found.duplicates, found.misses) == ([], [])
