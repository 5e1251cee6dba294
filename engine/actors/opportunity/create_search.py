"""Create search: which creates in doubt the target shows, asked for many at once (rule 4).

Mailbox   none: callers ask through `look` and share one request
Sends     nothing: a record in doubt becomes due with its look
Store     reads which creates are to be looked for
Metrics   errors{opportunity_syncer}
Stops     when it is cancelled
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
import structlog

from engine.actors.tolerating import tolerated
from engine.clock import Clock
from engine.errors import (
    EngineError,
    HeldBack,
    Misconfigured,
    ProtocolError,
    Terminal,
    Unreachable,
)
from engine.flow.governor import Governor
from engine.flow.lane import retrying
from engine.flow.signal import Signal
from engine.flow.worktime import State, holding, pausing, spending
from engine.loop import to_next
from engine.metrics import Metrics
from engine.model.records import Match
from engine.ports import Target
from engine.store.port.store import Store

# Looks in one request at most; how many may be answered before anybody has asked for them, and for
# how long such an answer is kept.
LOOKS_MAX = 100
AHEAD_MAX = 1000
AHEAD_S = 600.0
# What is due within so many seconds is looked for with what is due.
EARLY_S = 15.0
# How much smaller the next request is after one that was refused or failed: a gateway may not
# take so many values at once, or none but one.
SHRINKING = 4
# Longest sleep without looking at the store, and the wait after a look that failed.
IDLE_S = 10.0
FAILED_S = 5.0

COMPONENT = "opportunity_syncer"

log = structlog.get_logger(component=COMPONENT)


@dataclass(frozen=True, slots=True)
class Look:
    """What the target showed of one create.

    Args:
        began_at: when the request began, unix seconds.
        refusal: why the target does not look for this value at all.
    """

    began_at: float
    matches: Sequence[Match] = ()
    refusal: EngineError | None = None

    @property
    def known_since(self) -> float:
        """A look that is due by then, unix seconds, has its answer: what was found was executed."""
        return math.inf if self.matches else self.began_at


@dataclass(frozen=True, slots=True)
class Batch:
    """The correlation values of one request: those that are due, and those that will be soon."""

    due: Sequence[str]
    early: Sequence[str] = ()


@dataclass(slots=True)
class CreateSearch:
    """Looks for creates in doubt on behalf of all opportunity syncers."""

    store: Store
    target: Target
    governor: Governor
    clock: Clock
    metrics: Metrics
    signal: Signal = field(default_factory=Signal)
    _asking: anyio.Lock = field(default_factory=anyio.Lock, init=False)
    _looks: dict[str, Look] = field(default_factory=dict[str, Look], init=False)
    _ahead: set[str] = field(default_factory=set[str], init=False)
    _size: int = field(default=LOOKS_MAX, init=False)

    async def run(self) -> None:
        """Look for what is due, so that the answer is there when its record is taken up."""
        while True:
            held_s = FAILED_S
            with tolerated(COMPONENT, "look_failed", self.metrics):
                held_s = await self._look_for_all()
            if held_s > 0:
                await pausing(min(held_s, IDLE_S))
            else:
                await self._rest()

    async def _look_for_all(self) -> float:
        """Look for whatever is due; returns the seconds after which the rest may be looked for."""
        try:
            while await self.step():
                pass
        except HeldBack as error:
            return error.retry_after_s or FAILED_S
        return 0.0

    async def step(self) -> int:
        """Ask once for as many as one request takes; returns how many that were."""
        async with holding(self._asking):
            self._forget_old()
            if len(self._ahead) >= AHEAD_MAX:
                return 0
            batch = await self._with_due([])
            if batch.due:
                await self._ask(batch)
            return len(batch.due)

    def forget(self, correlation: str) -> None:
        """A create with this value is sent anew: what was found of another one tells nothing."""
        self._looks.pop(correlation, None)
        self._ahead.discard(correlation)

    async def look(self, correlation: str, look_at: float) -> Look:
        """What the target shows of one create, at or after that time, unix seconds.

        Raises:
            EngineError: the target could not be asked, or does not look for this value.
        """
        async with holding(self._asking):
            known = self._looks.get(correlation)
            while known is None or known.known_since < look_at:
                look_at = min(look_at, self.clock.now())
                await self._ask(await self._with_due([correlation]))
                known = self._looks.get(correlation)
            self._ahead.discard(correlation)
            if known.refusal is not None:
                # Whoever asks again does so because something has changed.
                del self._looks[correlation]
                raise known.refusal
        return known

    async def _with_due(self, wanted: Sequence[str]) -> Batch:
        """These values, others that are due as well, and some that will be soon."""
        room = self._size - len(wanted)
        if room <= 0:
            return Batch(wanted)
        now, records = self.clock.now(), self.store.records
        # What follows from an answer may still be on its way to the store.
        since = {one: look.known_since for one, look in self._looks.items()}
        since |= dict.fromkeys(wanted, math.inf)
        due = [*wanted, *await records.due_looks(now, since=since, limit=room)]
        if not due or len(due) >= self._size:
            return Batch(due)
        # The room that is left costs nothing, and what is found needs no look when it is due.
        since |= dict.fromkeys(due, math.inf)
        room = self._size - len(due)
        return Batch(due, await records.due_looks(now + EARLY_S, since=since, limit=room))

    def _forget_old(self) -> None:
        oldest = self.clock.now() - AHEAD_S
        self._looks = {one: look for one, look in self._looks.items() if look.began_at > oldest}
        self._ahead &= self._looks.keys()

    async def _ask(self, batch: Batch) -> None:
        """Ask for these; a request that is refused for several of them is asked again smaller."""
        values = [*batch.due, *batch.early]
        # Taken before the look: only a look that began past the bound proves anything.
        began_at = self.clock.now()
        # A look that may prove a create repeats nothing.
        token = retrying.set(False)
        try:
            found = await self.target.find(values)
        except (Terminal, ProtocolError) as error:
            if len(values) > 1:
                # Whatever it says: only what a single value is answered is meant for all of us.
                self._shrink(values, error)
                return
            if isinstance(error, Misconfigured):
                raise
            self._note(values[0], Look(began_at, refusal=error))
            return
        except Unreachable as error:
            # It may be the size that is too much for the system.
            self._shrink(values, error)
            raise
        finally:
            retrying.reset(token)
        self._size = min(LOOKS_MAX, max(self._size, 2 * len(values)))
        for correlation in batch.due:
            self._note(correlation, Look(began_at, found.get(correlation, ())))
        for correlation in batch.early:
            # That it does not show yet proves nothing.
            if matches := found.get(correlation):
                self._note(correlation, Look(began_at, matches))
        if any(found.values()):
            # The creates were carried out, whatever became of their answers.
            self.governor.write_found()

    def _note(self, correlation: str, look: Look) -> None:
        self._looks[correlation] = look
        self._ahead.add(correlation)

    def _shrink(self, values: Sequence[str], error: EngineError) -> None:
        self._size = max(1, len(values) // SHRINKING)
        log.info("looks_made_smaller", values=len(values), reason=error.message)

    async def _rest(self) -> None:
        now = self.clock.now()
        due_at = await self.store.records.next_look(now)
        while due_at is None or due_at > now:
            idle_s = to_next(IDLE_S)
            if due_at is not None:
                idle_s = min(idle_s, due_at - now)
            with spending(State.IDLE, idle_s):
                if await self.signal.wait(idle_s):
                    return
            now = self.clock.now()
            due_at = await self.store.records.next_look(-math.inf)
