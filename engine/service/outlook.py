"""The outlook: when what waits will be done, by what the engine knows of its pace and budget."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import anyio

from engine.assembly.assembly import Assembly
from engine.flow.forecast import Forecast, Left, Tally
from engine.model.lane import Lane
from engine.model.measure import Measured
from engine.store.sqlite.measure import SOON_S

EVERY_S = 5.0
# So many pauses in a row for a 429, with nothing carried out between them: nobody knows the end.
THROTTLES_BELIEVED = 3
_SETTLED = frozenset({"created", "updated", "noop", "adopted", "refused", "related", "agreed"})


@dataclass(slots=True)
class Outlook:
    """Watches the pace of an assembly."""

    assembly: Assembly
    _forecast: Forecast = field(default_factory=Forecast, init=False)
    _waited: bool = field(default=False, init=False)

    async def watch(self) -> None:
        """Take a tally again and again."""
        while True:
            self.note()
            await anyio.sleep(EVERY_S)

    def note(self) -> None:
        """Take a tally; time counts as work while keys were queued from its begin to its end."""
        assembly, governor = self.assembly, self.assembly.systems.target_governor
        settled = Counter[str]()
        for family in assembly.metrics.reconciles.collect():
            for sample in family.samples:
                if sample.name.endswith("_total") and sample.labels["outcome"] in _SETTLED:
                    settled[sample.labels["kind"]] += int(sample.value)
        waits = bool(len(assembly.changes) or len(assembly.tabs))
        waits = waits and not governor.closed(Lane.BACKLOG)
        tally = Tally(
            anyio.current_time(),
            settled["opportunity"],
            settled["relationship"],
            sum(governor.budget.days.values()),
        )
        self._forecast.note(tally, working=waits and self._waited)
        self._waited = waits

    def soon(self, now: float) -> float:
        """What is due by then, unix seconds, is part of the backlog."""
        held_s = self.assembly.systems.target_governor.held_s(Lane.BACKLOG)
        return now + max(SOON_S, held_s + SOON_S / 10)

    def done_in_s(self, state: Measured, now: float) -> float:
        """Seconds until it is done; infinite while nobody knows, NaN while no pace is known yet."""
        governor = self.assembly.systems.target_governor
        opportunities = state.waiting("opportunity")
        relationships = state.waiting("relationship")
        if not opportunities.due and not relationships.due:
            return 0.0
        if governor.condition.stands_still or governor.throttles >= THROTTLES_BELIEVED:
            return math.inf
        last = max(opportunities.due_at or now, relationships.due_at or now)
        left = Left(opportunities.due, relationships.due, max(0.0, last - now, governor.paused_s))
        return self._forecast.done_in_s(
            left, lambda requests: governor.budget.grant(requests, now, backlog=True)
        )
