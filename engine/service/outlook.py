"""The outlook: when what waits will be done, by what the engine knows of its pace and budget."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import anyio

from engine.assembly.assembly import Assembly
from engine.flow.forecast import Forecast, Left, Pieces, Tally
from engine.model.lane import Lane
from engine.model.measure import Measured
from engine.model.purpose import Purpose
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
    _longer: Lane = field(default=Lane.FRESH, init=False)

    async def watch(self) -> None:
        """Take a tally again and again."""
        while True:
            self.note()
            await anyio.sleep(EVERY_S)

    def note(self) -> None:
        """Take a tally; time counts as work while keys were queued from its begin to its end."""
        assembly, governor = self.assembly, self.assembly.systems.target_governor
        settled = Counter[str]()
        for (kind, outcome), count in assembly.metrics.reconciles.counted():
            if outcome in _SETTLED:
                settled[kind] += int(count)
        queued = {lane: assembly.changes.queued(lane) + assembly.tabs.queued(lane) for lane in Lane}
        waits = any(queued.values()) and not governor.closed(Lane.BACKLOG)
        tally = Tally(
            anyio.current_time(),
            settled["opportunity"],
            settled["relationship"],
            sum(governor.budget.days.values()),
            self._spent_on_fresh(),
        )
        # What was done since the tally before is of the lane that was the longer one then.
        self._forecast.note(tally, working=waits and self._waited, lane=self._longer)
        self._waited, self._longer = waits, max(Lane, key=queued.__getitem__)

    def _spent_on_fresh(self) -> float:
        of = (self.assembly.config.connectors.target.name, Purpose.FRESH)
        return dict(self.assembly.metrics.requests_spent.counted()).get(of, 0.0)

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
        pieces = {
            lane: Pieces(
                state.pending["opportunity", lane].due, state.pending["relationship", lane].due
            )
            for lane in Lane
        }
        not_before_s = max(0.0, last - now, governor.paused_s)
        left = Left(pieces[Lane.FRESH], pieces[Lane.BACKLOG], not_before_s)
        return self._forecast.done_in_s(
            left, lambda requests: governor.budget.grant(requests, now, backlog=True)
        )
