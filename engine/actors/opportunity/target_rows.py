"""Target rows: what target records hold is read for many at once, where the collection may tell it.

After a state was lost every linked record is to be looked at. One that the collection does not
show is looked at by itself: nothing follows from its absence.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field

import anyio
import structlog

from engine.actors.trust import Trust
from engine.clock import Clock
from engine.errors import EngineError, HeldBack
from engine.flow.worktime import holding
from engine.model.fields import Fields
from engine.model.records import SourceRecord
from engine.model.work import Work
from engine.ports import Target
from engine.store.port.store import Store

BATCH_MAX = 100
# A row is believed for so many seconds.
AGE_MAX_S = 60.0
# After a request that was refused or failed for several records they are read one by one for so
# long: what stands in between may not take so many ids at once.
ALONE_S = 600.0

log = structlog.get_logger(component="target_rows")


@dataclass(slots=True)
class TargetRows:
    """Shared by all workers, so that one reading serves them all."""

    store: Store
    target: Target
    trust: Trust
    clock: Clock
    _asking: anyio.Lock = field(default_factory=anyio.Lock, init=False)
    _rows: dict[int, Fields] = field(default_factory=dict[int, Fields], init=False)
    _names: frozenset[str] = field(default=frozenset(), init=False)
    _read_at: float = field(default=-math.inf, init=False)
    _failed_at: float = field(default=-math.inf, init=False)

    async def of(
        self, work: Work, record: SourceRecord, target_id: int, names: Collection[str]
    ) -> Fields:
        """The present values of these fields, canonical.

        Raises:
            Gone: there is no such target record.
            EngineError: the target could not be asked.
        """
        if self.trust.may_list(work, record):
            async with holding(self._asking):
                found = await self._listed(work, target_id, frozenset(names))
            if found is not None:
                return found
        return await self.target.get(target_id, names)

    async def _listed(self, work: Work, target_id: int, names: frozenset[str]) -> Fields | None:
        now = self.clock.now()
        # What was read in the future was read by another clock.
        if names != self._names or abs(now - self._read_at) > AGE_MAX_S:
            self._rows.clear()
        if target_id not in self._rows and abs(now - self._failed_at) > ALONE_S:
            await self._read(work, target_id, names)
        # Whoever comes back to it does so because it has changed.
        return self._rows.pop(target_id, None)

    async def _read(self, work: Work, target_id: int, names: frozenset[str]) -> None:
        now = self.clock.now()
        ahead = await self.store.records.carried_next(work.lane, now, BATCH_MAX)
        ids = list(dict.fromkeys([target_id, *ahead]))[:BATCH_MAX]
        if len(ids) == 1:
            return
        try:
            rows = await self.target.shown(ids, names)
        except HeldBack:
            raise
        except EngineError as error:
            # Whatever it says: only what a single one is answered is meant for that record.
            log.info("read_one_by_one", records=len(ids), reason=error.message)
            self._failed_at = now
            return
        self._rows, self._names, self._read_at = dict(rows), names, now
        log.debug("read_ahead", records=len(ids), shown=len(rows))
