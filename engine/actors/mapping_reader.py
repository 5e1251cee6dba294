"""Mapping reader: put the mapping in force, follow its changes, and re-evaluate what is linked.

Mailbox   none: it is driven by time
Sends     a notification of the dispatchers when records are to be reconciled again
Store     keeps the fingerprint of the mapping and how far a re-evaluation has come
Metrics   errors{mapping_reader}
Stops     when it is cancelled; a re-evaluation goes on at the next start
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import anyio
import structlog

from engine.actors import unreadable_rows
from engine.actors.tolerating import tolerated
from engine.clock import Clock
from engine.flow.pace import Pace
from engine.flow.worktime import resting
from engine.mapping_in_force import IN_SOURCE, Mappings
from engine.metrics import Metrics
from engine.model.kept import MAPPING
from engine.model.records import Captured, RecordType
from engine.ports import Source
from engine.store.port.store import Store

BATCH_MAX = 100
# A batch in which more records than this were edited meanwhile holds a bulk import.
FRESH_MAX = 25
# What waits is read anew before it is reconciled; where that fails, it goes on after so long.
HOLD_S = 3600.0
# So many seconds after a re-evaluation has failed it goes on.
RESUME_S = 15.0

COMPONENT = "mapping_reader"

log = structlog.get_logger(component=COMPONENT)


@dataclass(slots=True)
class MappingReader:
    """Keeps `mappings` what the configuration and the source say."""

    mappings: Mappings
    source: Source
    store: Store
    clock: Clock
    pace: Pace
    metrics: Metrics
    wake: Callable[[], None]
    _told: list[str] = field(default_factory=list[str], init=False)

    async def run(self) -> None:
        """Finish what a former process began, then follow the lines kept in the source."""
        while True:
            with tolerated("mapping_reader", "mapping_not_read", self.metrics) as turn:
                await self.evaluate_anew()
            if turn.error is not None:
                # All that it has read waits for the rest.
                await resting(RESUME_S)
                continue
            await self.pace.rest(anyio.current_time())
            with tolerated("mapping_reader", "mapping_not_read", self.metrics):
                if self.mappings.kept_in_source:
                    await self.load()

    async def _rows(self, ids: Sequence[int]) -> list[Captured]:
        found = await self.source.fetch(RecordType.OPPORTUNITY, ids)
        unreadable_rows.tell(self.metrics, COMPONENT, found.why_unreadable, feed="mapping")
        await self.store.feeds.read_anew([*found.unreadable], self.clock.now())
        return found.rows

    async def load(self) -> None:
        """Put the mapping in force, and remember when it is another one.

        Raises:
            Misconfigured: a line of the configuration cannot work; what was in force stays.
            Transient: the source could not be asked.
        """
        await self.mappings.load()
        await self.note()

    async def note(self) -> None:
        """Remember the mapping just loaded, and tell of what was left out of it."""
        said = [mistake.text for mistake in self.mappings.mistakes]
        if said != self._told:
            for text in said:
                log.warning("mapping_line_left_out", origin=IN_SOURCE, reason=text)
        self._told = said
        now, fingerprint = self.clock.now(), self.mappings.fingerprint
        if await self.store.feeds.note_fingerprint(fingerprint, now + HOLD_S, now):
            log.info("mapping_changed", lines=len(self.mappings.of(RecordType.OPPORTUNITY).lines))

    async def evaluate_anew(self) -> int:
        """Read linked records anew, with the columns needed now, and reconcile them.

        Only what differs is sent, behind every fresh edit. Returns how many were read.
        """
        total = 0
        while (cursor := await self.store.kept.setting(MAPPING)) is not None:
            ids = await self.store.feeds.reconciled_ids(int(cursor), BATCH_MAX)
            asked_at = self.clock.now()
            rows = await self._rows(ids) if ids else []
            now = self.clock.now()
            await self.store.feeds.take_anew(
                rows, max(ids, default=None), asked_at, now, fresh_max=FRESH_MAX
            )
            total += len(rows)
            self.wake()
        if total:
            log.info("evaluated_anew", records=total)
        return total
