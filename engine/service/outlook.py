"""The outlook: when what waits will be done, by what the engine knows of its pace and budget."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import anyio

from engine.assembly.assembly import Assembly
from engine.flow.forecast import Forecast, Left, Pieces, Tally
from engine.model.lane import Lane
from engine.model.measure import SOON_S, Measured
from engine.model.purpose import Purpose

EVERY_S = 5.0
# So many pauses in a row for a 429, with nothing carried out between them: nobody knows the end.
THROTTLES_BELIEVED = 3
# These are followed by their people.
_CREATED = frozenset({"created", "adopted"})
_SETTLED = frozenset({"created", "updated", "noop", "adopted", "refused", "related", "agreed"})


@dataclass(slots=True)
class Outlook:
    """Watches the pace of an assembly."""

    assembly: Assembly
    forecast: Forecast = field(default_factory=Forecast, init=False)
    _waited: bool = field(default=False, init=False)
    _fresh: int = field(default=0, init=False)

    async def watch(self) -> None:
        """Take a tally again and again."""
        while True:
            self.note()
            await anyio.sleep(EVERY_S)

    def note(self) -> None:
        """Take a tally; time counts as work while keys were queued from its begin to its end."""
        assembly, governor = self.assembly, self.assembly.systems.target_governor
        settled, created, agreed = Counter[str](), 0, 0
        for (kind, outcome), count in assembly.metrics.reconciles.counted():
            if outcome in _SETTLED:
                settled[kind] += int(count)
            if outcome in _CREATED and kind == "opportunity":
                created += int(count)
            if (kind, outcome) == ("relationship", "agreed"):
                agreed += int(count)
        queued = sum(assembly.changes.queued(lane) + assembly.tabs.queued(lane) for lane in Lane)
        waits = queued > 0 and governor.held_s(Lane.BACKLOG) <= 0
        tally = Tally(
            anyio.current_time(),
            settled["opportunity"],
            settled["relationship"],
            sum(governor.budget.days.values()),
            created,
            self._spent_on_fresh(),
            self._fresh,
            agreed,
            governor.answered[Purpose.FRESH],
        )
        self.forecast.note(tally, working=waits and self._waited)
        self._waited = waits

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
        self._fresh = state.pending["opportunity", Lane.FRESH].due
        if not any(
            state.pending[kind, Lane.BACKLOG].due for kind in ("opportunity", "relationship")
        ):
            self.forecast.forget_the_backlog()
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
        return self.forecast.done_in_s(
            left,
            lambda requests, lane: governor.budget.grant(
                requests, now, backlog=lane is Lane.BACKLOG
            ),
        )
