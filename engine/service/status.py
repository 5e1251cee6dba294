"""The status: what the service knows about itself, for `/status`, the gauges and readiness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.about import about
from engine.assembly.assembly import Assembly
from engine.decide import health
from engine.errors import StateInUse
from engine.model.health import ServiceFacts, Trouble, Verdict
from engine.model.lane import Lane
from engine.model.mass_change import Held
from engine.model.report import Progress
from engine.service import facts
from engine.service.gauges import Gauges
from engine.service.shadow.opening import Shadow

# So many failed polls in a row, and the service is no longer ready.
LATE_POLLS = 3
# Nothing is sent for longer than this, and the service is not ready: edits do not arrive.
HELD_BACK_S = 120.0


@dataclass(slots=True)
class Status:
    """Reads the assembly.

    `shadow` where the service only looks; `stopping` is set when the service drains, `stalled`
    names actors that get nowhere, and `reload_refused` says why the last reload was.
    """

    assembly: Assembly
    shadow: Shadow | None = None
    stopping: bool = False
    started: bool = False
    waiting: Trouble | None = None
    stalled: list[str] = field(default_factory=list[str])
    reload_refused: str | None = None
    gauges: Gauges = field(init=False)
    _progress: Progress | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.gauges = Gauges(self.assembly)

    def leads(self) -> bool:
        """Whether nobody else can work on the state."""
        guard = self.assembly.systems.guard
        try:
            if guard is not None:
                guard()
        except StateInUse:
            return False
        return True

    def not_ready(self) -> str | None:
        """Why the service is not ready, or None when it is."""
        if self.stopping:
            return "stopping"
        if not self.started:
            return self.waiting.text if self.waiting is not None else "starting"
        if self.stalled:
            return f"no progress in: {', '.join(self.stalled)}"
        for name, governor in self.assembly.systems.governors(self.assembly.config).items():
            if governor.pause_reason is not None and governor.paused_s:
                return f"{name} is paused: {governor.pause_reason}"
            if governor.refusal is not None:
                return f"{name} refuses us: {governor.refusal}"
            if governor.no_writes is not None:
                return f"{name} carries out no changes: {governor.no_writes}"
            if governor.down:
                return f"{name} does not answer"
            held_s = governor.held_s(Lane.FRESH)
            if held_s > HELD_BACK_S:
                return f"{name} is held back for {held_s:.0f} s: {governor.cause(Lane.FRESH)}"
        poller = self.assembly.poller
        if poller.trouble is not None and (
            not poller.polled.is_set() or poller.failures >= LATE_POLLS
        ):
            return f"the last {poller.failures} polls failed: {poller.trouble}"
        return None if poller.polled.is_set() else "the first poll is under way"

    async def refresh(self) -> None:
        """Set the gauges."""
        await self.gauges.set(ready=self.not_ready() is None, leads=self.leads())

    async def look(self) -> None:
        """Count what there is to do."""
        self._progress = await self.assembly.store.report.progress()

    def line(self) -> str:
        """How the service did at the last look, in one line."""
        parts = [self.not_ready() or "ready"]
        if self.shadow is not None:
            parts.insert(0, "shadow: nothing is sent")
        if self._progress is not None:
            oldest = self._progress.oldest_at
            now = self.assembly.environment.clock.now()
            lag = 0.0 if oldest is None else max(0.0, now - oldest)
            errors = self._progress.refused + self._progress.people_refused
            waiting = self._progress.records + self._progress.tabs + self._progress.outbox
            parts.append(f"lag {lag:.0f} s, {waiting} pending, {errors} in error")
        if self.reload_refused is not None:
            parts.append(f"reload refused: {self.reload_refused}")
        return "; ".join(parts)

    async def document(self) -> dict[str, Any]:
        """Everything, as JSON can carry it."""
        held = await self.assembly.store.fuse.held()
        stored = await self.assembly.store.report.summary()
        waiting = await self.assembly.store.report.waiting_reasons(5)
        reason = self.not_ready()
        verdicts = await self.verdicts(stored["creates_paused"], stored["clocks"] or (), held)
        return {
            "schema_version": 1,
            "version": about().version,
            "config_stamp": self.assembly.config.stamp,
            "ready": reason is None,
            "reason": reason,
            "shadow": None if self.shadow is None else self.shadow.document(),
            "verdicts": health.documents(verdicts),
            "captured": self.assembly.poller.captured + self.assembly.people_poller.captured,
            **stored,
            "approval": {"records": held.records, "needed": held.tripped},
            "requests": self._requests(),
            "held_back": list(self._held_back()),
            "reload_refused": self.reload_refused,
            "waiting": [asdict(one) for one in waiting],
        }

    async def verdicts(
        self, creates_paused: str | None, clocks: Sequence[str], held: Held
    ) -> tuple[Verdict, ...]:
        """What is said of the service and of both systems, the service first."""
        words = self.assembly.config.connectors.words
        since = await self.assembly.store.fuse.held_since() if held.tripped else None
        own = ServiceFacts(
            stopping=self.stopping,
            started=self.started,
            polled=self.assembly.poller.polled.is_set() or self.assembly.poller.trouble is not None,
            stalled=tuple(self.stalled),
            waiting=self.waiting,
            held=held.records if held.tripped else 0,
            held_since=since,
            creates_paused=creates_paused,
            reload_refused=self.reload_refused,
            clocks=tuple(clocks),
        )
        systems = await facts.systems(self.assembly)
        return (health.service(own, words), *(health.system(one, words) for one in systems))

    def _held_back(self) -> Iterator[str]:
        """Why requests are not sent, and for how long, by system and lane."""
        for name, governor in self.assembly.systems.governors(self.assembly.config).items():
            for lane, words in ((Lane.FRESH, "fresh edits"), (Lane.BACKLOG, "the backlog")):
                seconds = governor.held_s(lane)
                if seconds:
                    cause = governor.cause(lane)
                    yield f"{name}, {words}, for {seconds:.0f} s: {cause}"

    def _requests(self) -> dict[str, int]:
        connectors = self.assembly.config.connectors
        names = (connectors.source.name, connectors.target.name)
        return {name: facts.asked(self.assembly, name) for name in names}
