"""A fleet of a thousand pairs on virtual time: who works on what, and how much of everything.

Processes join, leave in order, die and freeze; leases, signs of life and sharing are as the service
has them, by its own `shared`. A pair is a cheap model: it starts, polls, brings edits over as its
budget allows, sweeps and audits. What happens is counted, and nothing else is known of costs.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random

from engine.decide.sharing import shared
from engine.model.fleet import Member
from engine.store.postgres.lease import SAFETY
from tests.benchmarks.projection import DAY_S, HOUR_S, Scenario, UnitCosts, Work

# A runner that finds the pair taken tries so soon again; to end in order it takes so long.
AGAIN_S, STOP_S = 0.5, 1.0
# Somebody comes or goes so often, and nobody towards the end, seconds.
CHURN_S, QUIET_S = 150.0, 120.0
PROCESSES_MIN = 3
ROUNDING_S = 1e-6


@dataclass(slots=True, eq=False)
class Table:
    """What the database has of one pair."""

    number: int = 0
    until: float = float("-inf")
    edits: int = 0
    drawn: dict[int, int] = field(default_factory=dict[int, int])


@dataclass(slots=True, eq=False)
class Runner:
    """The work of one process on one pair."""

    pair: str
    number: int | None = None
    working: bool = False
    stopped: bool = False


@dataclass(slots=True, eq=False)
class Process:
    """One of the fleet.

    Args:
        until: by the database, from when on it counts as dead.
        heard_at: its last sign of life that was answered.
        frozen_until: nothing happens in it before.
        busy_until: its start-ups take turns.
        starts: when each of them ends.
    """

    id: str
    heard_at: float
    until: float = float("-inf")
    dead: bool = False
    leaving: bool = False
    frozen_until: float = float("-inf")
    busy_until: float = 0.0
    starts: list[float] = field(default_factory=list[float])
    runners: dict[str, Runner] = field(default_factory=dict[str, Runner])


@dataclass(slots=True)
class Played:
    """What was seen.

    Args:
        counts: polls, edits, renewals, beats, looks, and who came and went.
        worked_s: seconds that pairs were worked on, all together.
        loads: pairs of each process at the end.
        takeovers_s: until each pair of a process that died was worked on again.
    """

    seconds: float = 0.0
    worked_s: float = 0.0
    counts: Counter[str] = field(default_factory=Counter[str])
    complaints: list[str] = field(default_factory=list[str])
    takeovers_s: list[float] = field(default_factory=list[float])
    loads: dict[str, int] = field(default_factory=dict[str, int])

    def second(self, costs: UnitCosts, fleet: Scenario) -> Work:
        """What a second of it cost, of what was counted and nothing else."""
        counts = self.counts
        beat = costs.beat + Work(wal_bytes=fleet.pairs * costs.beat_wal_bytes)
        whole = (
            counts["edits"] * costs.edit
            + counts["polls"] * costs.poll
            + counts["renewals"] * costs.renewal
            + counts["beats"] * beat
            + self.worked_s * costs.idle_second
            + Work(source_requests=counts["looks"])
        )
        return whole / self.seconds


class Fleet:
    """Plays a scenario with one seed.

    Args:
        start_s: until a pair is ready, where its process starts nothing else.
        target_requests: of an edit, which count against the hour.
        per_hour: requests to the target that each pair may send.
    """

    def __init__(
        self,
        seed: int,
        scenario: Scenario,
        *,
        start_s: float,
        target_requests: int = 2,
        per_hour: int = 60,
    ) -> None:
        self.scenario, self.rng = scenario, Random(seed)  # noqa: S311 # a simulation's chance
        self.start_s, self.target_requests, self.per_hour = start_s, target_requests, per_hour
        self.now = 0.0
        self.pairs = {f"pair-{number:04}": Table() for number in range(scenario.pairs)}
        self.weights = dict.fromkeys(self.pairs, 1.0)
        self.processes: dict[str, Process] = {}
        self.played = Played()
        self.lost_at: dict[str, float] = {}
        self._events: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._numbers = count()
        self._owners: dict[tuple[tuple[str, bool], ...], Mapping[str, str]] = {}

    def play(self, warm_s: float, seconds: float) -> Played:
        """Let it come to work for a while, and count what it does from then on."""
        for _ in range(self.scenario.processes):
            self._join()
        self._run(warm_s)
        self.played = Played(seconds, -self._at_work() * self.now)
        end = warm_s + seconds
        self._after(CHURN_S, self._churn, end - QUIET_S)
        self._run(end)
        self.played.worked_s += self._at_work() * self.now
        self._judge()
        return self.played

    def lose_one(self, warm_s: float) -> list[float]:
        """How long it takes until each pair of a process that dies is worked on again."""
        for _ in range(self.scenario.processes):
            self._join()
        self._run(warm_s)
        self._die(self.rng.choice(self._alive()))
        self._run(warm_s + QUIET_S)
        return self.played.takeovers_s

    def _run(self, end: float) -> None:
        while self._events and self._events[0][0] <= end:
            self.now, _, act, given = heapq.heappop(self._events)
            act(*given)
        self.now = end

    def _after(self, seconds: float, act: Callable[..., None], *given: object) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), act, given))

    # Who comes and goes.

    def _join(self) -> None:
        process = Process(f"{self.rng.getrandbits(64):016x}", self.now)
        self.processes[process.id] = process
        self._beat(process)

    def _churn(self, until: float) -> None:
        if self.now >= until:
            return
        alive = [one for one in self.processes.values() if self._well(one) and not one.leaving]
        many = len(alive) > PROCESSES_MIN
        act = self.rng.choice(["join", "die", "freeze", "leave"] if many else ["join"])
        if act == "join":
            self._join()
        else:
            self._befall(act, self.rng.choice(alive))
        self.played.counts[act] += 1
        # As many as there were in the mean, so that what was projected stays comparable.
        if act in {"die", "leave"}:
            self._after(self.rng.uniform(1, CHURN_S), self._join)
        elif act == "join":
            self._after(self.rng.uniform(1, CHURN_S), self._befall, "leave", self.rng.choice(alive))
        self._after(self.rng.uniform(0.5, 1.5) * CHURN_S, self._churn, until)

    def _befall(self, what: str, process: Process) -> None:
        if process.dead:
            return
        if what == "freeze":
            lease_s = self.scenario.lease_s
            process.frozen_until = self.now + self.rng.uniform(0.2, 5) * lease_s
        elif what == "leave":
            process.leaving = True
            self._beat(process, again=False)
        else:
            self._die(process)

    def _die(self, process: Process) -> None:
        process.dead = True
        for runner in process.runners.values():
            if runner.number is not None:
                self._ends(runner)
                self.lost_at[runner.pair] = self.now
        process.runners.clear()

    def _well(self, process: Process) -> bool:
        return not process.dead and self.now >= process.frozen_until

    # What the keeper does.

    def _beat(self, process: Process, *, again: bool = True) -> None:
        if process.dead:
            return
        scenario = self.scenario
        if not self._well(process):
            # Whichever thread comes first when it wakes up.
            late_s = self.rng.uniform(0, AGAIN_S)
            self._after(process.frozen_until - self.now + late_s, self._beat, process)
            return
        self.played.counts["beats"] += 1
        process.until = self.now + scenario.lease_s
        for runner in list(process.runners.values()):
            if runner.number is None:
                continue
            table = self.pairs[runner.pair]
            if table.number == runner.number:
                table.until = self.now + scenario.lease_s
                self.played.counts["renewals"] += 1
            else:
                self._lose(process, runner)
        process.heard_at = self.now
        self._distribute(process)
        if process.leaving and not process.runners:
            process.dead, process.until = True, self.now
        elif again:
            self._after(scenario.lease_s / scenario.renewals, self._beat, process)

    def _distribute(self, process: Process) -> None:
        seen = tuple(
            sorted((one.id, one.leaving) for one in self.processes.values() if one.until > self.now)
        )
        owners = self._owners.get(seen)
        if owners is None:
            members = [
                Member(name, name, 1.0, "files", {} if leaving else self.weights)
                for name, leaving in seen
            ]
            owners = self._owners[seen] = shared(members)
        ours = {pair for pair, owner in owners.items() if owner == process.id}
        for runner in list(process.runners.values()):
            if runner.pair not in ours and not runner.stopped:
                runner.stopped = True
                if runner.pair in self.lost_at:
                    # Handed on before it was ready: from now on it is the next one's to begin.
                    self.lost_at[runner.pair] = self.now + STOP_S + AGAIN_S
                self._after(STOP_S, self._stop, process, runner)
        for pair in sorted(ours - process.runners.keys()):
            process.runners[pair] = Runner(pair)
            self._start(process, process.runners[pair])

    def _stands(self, process: Process) -> bool:
        return self.now < process.heard_at + self.scenario.lease_s * (1 - SAFETY)

    # What a runner does.

    def _start(self, process: Process, runner: Runner) -> None:
        if not self._goes_on(process, runner, self._start) or runner.stopped:
            return
        table = self.pairs[runner.pair]
        if table.until > self.now:
            self._after(AGAIN_S, self._start, process, runner)
            return
        table.number += 1
        table.until = self.now + self.scenario.lease_s
        runner.number = table.number
        process.busy_until = max(self.now, process.busy_until) + self.start_s
        process.starts.append(process.busy_until)
        self._after(process.busy_until - self.now, self._ready, process, runner)

    def _ready(self, process: Process, runner: Runner) -> None:
        if not self._goes_on(process, runner, self._ready) or runner.stopped:
            return
        if not self._stands(process):
            self._lose(process, runner)
            return
        runner.working = True
        self.played.worked_s -= self.now
        lost_at = self.lost_at.pop(runner.pair, None)
        if lost_at is not None:
            self._taken_over(process, lost_at)
        scenario, some = self.scenario, self.rng.random()
        self._poll(process, runner)
        self._after(some * scenario.sweep_s, self._sweep, process, runner)
        if scenario.edits_per_day:
            self._after(self._next_edit(), self._edit, process, runner)

    def _goes_on(self, process: Process, runner: Runner, act: Callable[..., None]) -> bool:
        """Whether it is still the process's own; what is frozen does it later."""
        if process.dead or process.runners.get(runner.pair) is not runner:
            return False
        if not self._well(process):
            self._after(process.frozen_until - self.now, act, process, runner)
            return False
        return True

    def _works(self, process: Process, runner: Runner, act: Callable[..., None]) -> bool:
        """Whether it may do something now, and nobody else works on the pair."""
        if not self._goes_on(process, runner, act):
            return False
        if not self._stands(process):
            self._lose(process, runner)
            return False
        if self.pairs[runner.pair].number != runner.number:
            self.played.complaints.append(f"{self.now:.1f}: two work on {runner.pair}")
        return True

    def _poll(self, process: Process, runner: Runner) -> None:
        if not self._works(process, runner, self._poll):
            return
        counts, table = self.played.counts, self.pairs[runner.pair]
        counts["polls"] += 1
        hour = int(self.now // HOUR_S)
        room = (self.per_hour - table.drawn.get(hour, 0)) // self.target_requests
        done = min(room, table.edits)
        table.edits -= done
        table.drawn[hour] = table.drawn.get(hour, 0) + done * self.target_requests
        counts["edits"] += done
        self._after(self.scenario.interval_s, self._poll, process, runner)

    def _sweep(self, process: Process, runner: Runner) -> None:
        if not self._works(process, runner, self._sweep):
            return
        scenario = self.scenario
        slice_ = scenario.records * min(1.0, scenario.sweep_s / scenario.audit_s)
        self.played.counts["looks"] += 1 + max(1, round(slice_ / scenario.page_size))
        self._after(scenario.sweep_s, self._sweep, process, runner)

    def _edit(self, process: Process, runner: Runner) -> None:
        """Somebody edits, whoever works on the pair."""
        if process.runners.get(runner.pair) is not runner or process.dead:
            return
        self.pairs[runner.pair].edits += 1
        self._after(self._next_edit(), self._edit, process, runner)

    def _next_edit(self) -> float:
        return self.rng.expovariate(self.scenario.edits_per_day / DAY_S)

    def _stop(self, process: Process, runner: Runner) -> None:
        if not self._goes_on(process, runner, self._stop):
            return
        table = self.pairs[runner.pair]
        if runner.number == table.number:
            table.until = self.now
        self._lose(process, runner)

    def _lose(self, process: Process, runner: Runner) -> None:
        self._ends(runner)
        del process.runners[runner.pair]

    def _ends(self, runner: Runner) -> None:
        if runner.working:
            self.played.worked_s += self.now
        runner.working = False

    # What is seen.

    def _taken_over(self, process: Process, lost_at: float) -> None:
        scenario, took_s = self.scenario, self.now - lost_at
        self.played.takeovers_s.append(took_s)
        begun = sum(lost_at <= at <= self.now for at in process.starts)
        most_s = scenario.lease_s * (1 + 1 / scenario.renewals) + begun * self.start_s
        if took_s > most_s + ROUNDING_S:
            self.played.complaints.append(f"{self.now:.1f}: taken over after {took_s:.1f} s")

    def _at_work(self) -> int:
        return sum(
            runner.working for process in self._alive() for runner in process.runners.values()
        )

    def _alive(self) -> list[Process]:
        return [process for process in self.processes.values() if not process.dead]

    def _judge(self) -> None:
        """At the end, when nobody has come or gone for a while."""
        played, alive = self.played, self._alive()
        played.loads = {one.id: sum(r.working for r in one.runners.values()) for one in alive}
        if sum(played.loads.values()) != len(self.pairs):
            played.complaints.append("not every pair is worked on")
        if max(played.loads.values()) > len(self.pairs) / len(alive) + 1:
            played.complaints.append("somebody has more than its part and a pair")
        if self.lost_at:
            played.complaints.append(f"nobody has taken over {len(self.lost_at)} pairs")
        for pair, table in self.pairs.items():
            if max(table.drawn.values(), default=0) > self.per_hour:
                played.complaints.append(f"{pair} has sent more than it may")
