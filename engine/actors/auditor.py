"""Auditor: prove, slice by slice, that what is known of the source is still so.

The polls see every change that shows in the change order. A permission lost and regained, a clock
set back in the source, or a mistake of ours does not; so id and version of the whole eligible
population are compared with what is known, a slice after each sweep, and what differs is repaired.

Mailbox   none: the poller calls it
Sends     a notification of the dispatchers when something differed
Store     captures what differs; keeps how far it has come
Metrics   audited{outcome}
Stops     with the poller; a slice is compared whole or not at all
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
import structlog

from engine.actors import unreadable_rows
from engine.actors.absent_columns import AbsentColumns
from engine.actors.polling.unfinished import unfinished
from engine.actors.unreadable_rows import UnreadableRows
from engine.clock import Clock
from engine.decide.watermark import behind
from engine.metrics import Metrics
from engine.model.kept import AUDIT_UNFINISHED
from engine.model.records import Captured, RecordType
from engine.ports import Source
from engine.store.port.store import Store

# In whose name it works, in metrics.
COMPONENT = "poller"
FEED = "audit"
CURSOR = "audit_cursor"

log = structlog.get_logger(component="auditor")


@dataclass(slots=True)
class Auditor:
    """Compares `share` of the population (0 to 1) each time, a page at least.

    Args:
        absent, unreadable: told of every page.
    """

    source: Source
    store: Store
    clock: Clock
    page_size: int
    share: float
    metrics: Metrics
    wake: Callable[[], None]
    absent: AbsentColumns
    unreadable: UnreadableRows

    async def step(self) -> int:
        """Compare the next slice; returns how many records differed.

        One that fails goes on from its last page the next time.
        """
        async with unfinished(self.store, AUDIT_UNFINISHED):
            return await self._slice()

    async def _slice(self) -> int:
        known = await self.store.audit.population()
        left = max(self.page_size, math.ceil(known * self.share))
        cursor = int(await self.store.kept.setting(CURSOR) or 0)
        differing, began = 0, anyio.current_time()
        while left > 0:
            started_at = self.clock.now()
            page = await self.source.eligible(cursor, self.page_size)
            self.metrics.poll_pages.labels(FEED).inc()
            await self.unreadable.pass_by(COMPONENT, page, feed=FEED)
            self.absent.look(page.rows)
            upto = None if page.complete else behind(cursor, [row.id for row in page.rows])
            outcome, lacking, looked_at = await self.store.audit.compare(
                page.rows,
                after=cursor,
                upto=upto,
                started_at=started_at,
                now=self.clock.now(),
                # Which a row is that tells no id, nobody knows.
                whole=len(page.odd) == len(page.unreadable),
            )
            changed = len(outcome.changed) + len(outcome.tabs)
            gone = [one for one in lacking if one not in page.odd]
            vanished = looked_at + await self._vanished(gone)
            self.metrics.audited.labels("agreed").inc(max(0, len(page.rows) - changed))
            self.metrics.audited.labels("differed").inc(changed)
            self.metrics.audited.labels("vanished").inc(vanished)
            differing += changed + vanished + await self._refused(cursor, upto)
            cursor = upto or 0
            await self.store.kept.set_setting(CURSOR, str(cursor))
            if upto is None:
                break
            left -= len(page.rows)
        took_s = anyio.current_time() - began
        self.metrics.polled(FEED, differing, took_s, self.clock.now())
        if differing:
            log.info("audit_repaired", records=differing)
            self.wake()
        return differing

    async def _vanished(self, ids: Sequence[int]) -> int:
        """Look at what a slice lacks, and leave it out with the reason; returns how many are."""
        left = 0
        for start in range(0, len(ids), self.page_size):
            asked_at = self.clock.now()
            part, rows = await self._shown(ids[start : start + self.page_size])
            hidden = sorted(set(part) - {row.id for row in rows})
            deleted = set[int]()
            if hidden:
                deleted = await self.source.deleted(RecordType.OPPORTUNITY, hidden)
            now = self.clock.now()
            left += await self.store.audit.leave_out_vanished(
                part, rows, deleted, asked_at=asked_at, now=now
            )
        return left

    async def _refused(self, after: int, upto: int | None) -> int:
        """Look at the refused records of a slice; returns how many are refused no more.

        No poll tells that one of them was deleted, or is not to be synced any more.
        """
        ids, differing = await self.store.audit.refused(after, upto), 0
        for start in range(0, len(ids), self.page_size):
            asked_at = self.clock.now()
            part, rows = await self._shown(ids[start : start + self.page_size])
            now = self.clock.now()
            differing += await self.store.audit.compare_refused(part, rows, now, asked_at=asked_at)
        return differing

    async def _shown(self, ids: Sequence[int]) -> tuple[list[int], list[Captured]]:
        """The records that can be read, or are not there, and the rows of those that are there."""
        found = await self.source.fetch(RecordType.OPPORTUNITY, ids)
        unreadable_rows.tell(self.metrics, COMPONENT, found.why_unreadable, feed=FEED)
        return [one for one in ids if one not in found.unreadable], found.rows
