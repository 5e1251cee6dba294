"""Fresh rows: what waited is read anew before the target first hears of it.

A record that was captured and had to wait may have been unticked, flagged or deleted since, and no
poll shows that: polls ask for eligible records. So one whose row was shown too long ago is read
by id, together with those who come next in its lane and have waited as long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import anyio
import structlog

from engine.clock import Clock
from engine.decide.reasons import because
from engine.errors import TheirFault
from engine.flow.worktime import holding
from engine.model.reason import Code
from engine.model.records import RecordType
from engine.model.work import Work
from engine.ports import Source
from engine.store.port.store import Store

BATCH_MAX = 100
# More changes than this in one batch are a mass edit, and no reason to overtake anybody.
FRESH_MAX = 25
# However often is polled, a row is believed for so many seconds.
AGE_MIN_S = 2.0
# From the look at a row's age to the create, other readings may take so many seconds.
DECIDING_S = 15.0

log = structlog.get_logger(component="fresh_rows")


class Look(Enum):
    """What the age of a row means for a decision about its record."""

    YOUNG = "decide"
    ANEW = "it was read anew: decide on what is stored now"
    GONE = "the source does not show it any more"


@dataclass(slots=True)
class FreshRows:
    """Shared by all workers, so that one reading serves them all.

    Args:
        age_max_s: how long ago the source may have shown a row that is decided on, seconds.
    """

    source: Source
    store: Store
    clock: Clock
    age_max_s: float
    _asking: anyio.Lock = field(default_factory=anyio.Lock, init=False)

    def shown_since(self) -> float:
        """A create may be announced for a row that was shown at this time or later."""
        return self.clock.now() - self.age_max_s - DECIDING_S

    async def look(self, work: Work) -> Look:
        """Whether the row may be decided on; it is read anew when it is too old for that.

        Raises:
            TheirFault: the source shows the record, but in a state older than the one known.
            EngineError: the source could not be asked.
        """
        if self._is_young(work.proved_at) and not work.reread:
            return Look.YOUNG
        async with holding(self._asking):
            shown_at = await self.store.records.shown_at(work.id)
            if shown_at is None or self._is_young(shown_at):
                # Somebody else's reading showed it, or left it out.
                return Look.ANEW
            return await self._read(work)

    async def _read(self, work: Work) -> Look:
        now = self.clock.now()
        ahead = await self.store.records.shown_before(
            work.lane, now, now - self.age_max_s, BATCH_MAX
        )
        ids = list(dict.fromkeys([work.id, *ahead]))[:BATCH_MAX]
        found = await self.source.fetch(RecordType.OPPORTUNITY, ids)
        if (fault := found.unreadable.get(work.id)) is not None:
            raise fault
        shown = [one for one in ids if one not in found.unreadable]
        left_out = await self.store.feeds.take_asked_for(
            shown, found.rows, now, self.clock.now(), fresh_max=FRESH_MAX
        )
        log.debug("read_anew", records=len(shown), left_out=left_out)
        if work.id not in {row.id for row in found.rows}:
            return Look.GONE
        shown_at = await self.store.records.shown_at(work.id)
        if shown_at is not None and shown_at < now:
            raise TheirFault(
                because(Code.SOURCE_LAGS),
                operation="fetch",
                remedy="none needed: it is read again until the source shows its newest state",
            )
        return Look.ANEW

    def _is_young(self, shown_at: float) -> bool:
        # What was shown in the future was shown by another clock.
        return abs(self.clock.now() - shown_at) <= self.age_max_s
