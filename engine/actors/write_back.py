"""Write-back: tell the source what it is owed, in batches, until it is told.

Mailbox   keys of records with an outbox entry; a lost key costs delay: the outbox is the truth
Sends     a notification of the dispatchers when a re-read record turned out to have changed
Store     reads the outbox; confirms, postpones or withdraws entries; captures re-read records
Metrics   writebacks{outcome}, writeback_batch_records, sync_lag{written_back}, errors{write_back}
Stops     when its mailbox is closed and empty and the batch in hand is delivered
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import anyio
import structlog

from engine.clock import Clock
from engine.decide import write_back
from engine.decide.failure import error_class
from engine.decide.retry import OPERATOR_PAUSE_S
from engine.decide.write_back import Decision, Shown, Verdict
from engine.errors import EngineError, StateUnusable, Unreachable
from engine.flow.backoff import drawn_s
from engine.flow.governor import Governor
from engine.flow.mailbox import Closed, Mailbox, Stop
from engine.flow.purpose import spent_on
from engine.flow.worktime import resting
from engine.metrics import Metrics
from engine.model.history import Note
from engine.model.outbox import Entry, Key
from engine.model.purpose import Purpose
from engine.model.records import Captured, Delivery, RecordType, SourceRecord
from engine.model.wait import BackoffLimits, Pace
from engine.ports import Source
from engine.runs import Runs, exemplar
from engine.store.port.store import Store

# A lingering batch looks this often whether anything more can come at all.
LOOK_S = 0.05

# This actor among the others, in metrics and log.
COMPONENT = "write_back"

log = structlog.get_logger(component=COMPONENT)


@dataclass(frozen=True, slots=True)
class WriteBackLimits:
    """`batch_max` in entries, `linger_s` in seconds."""

    batch_max: int
    linger_s: float
    backoff: BackoffLimits


@dataclass(slots=True)
class WriteBacks:
    """One worker. Workers share `gathering`, so that batches fill one after the other.

    Args:
        upstream_idle: True when no syncer works or has work, so that waiting for a fuller
            batch would be for nothing.
        forget_people: told who turned out to carry another target id.
    """

    inbox: Mailbox[Key]
    store: Store
    source: Source
    governor: Governor
    clock: Clock
    rng: Random
    limits: WriteBackLimits
    metrics: Metrics
    upstream_idle: Callable[[], bool]
    wake_changes: Callable[[], None]
    wake: Callable[[], None]
    forget_people: Callable[[Sequence[int]], None]
    runs: Runs
    stop: Stop = field(default_factory=Stop)
    gathering: anyio.Lock = field(default_factory=anyio.Lock)

    async def run(self) -> None:
        """Deliver batch after batch."""
        while True:
            keys: list[Key] = []
            try:
                if not await self.stop.unless_requested(self.gathering.acquire):
                    return
                try:
                    await self._gather(keys)
                finally:
                    self.gathering.release()
                with self.runs.run(), spent_on(Purpose.WRITE_BACK):
                    await self.step(keys)
            except Closed:
                return
            finally:
                for key in keys:
                    self.inbox.release(key)
            self.wake()

    async def step(self, keys: Sequence[Key]) -> None:
        """Deliver what these records are owed; every entry ends confirmed, postponed or void."""
        for record_type in RecordType:
            ids = [key.record_id for key in keys if key.record_type is record_type]
            entries = await self.store.outbox.load(record_type, ids) if ids else []
            if entries:
                await self._batch(entries)

    async def _batch(self, entries: Sequence[Entry]) -> None:
        """Deliver entries of one record type; those that are doubtful after a look."""
        try:
            overtaken = [one for one in entries if write_back.begun(one).verdict is Verdict.LOOK]
            sent = [one for one in entries if write_back.begun(one).verdict is Verdict.SEND]
            doubtful = [*await self._deliver(sent, looked=False), *overtaken]
            await self._deliver(await self._look(doubtful), looked=True)
        except StateUnusable:
            raise
        except EngineError as error:
            log.warning(
                "write_back_failed", records=len(entries), reason=str(error), remedy=error.remedy
            )
            await self._failed(entries, error)
        except Exception as error:  # a surprise at one record must not stop the others
            log.error("unexpected", records=[entry.ref for entry in entries], exc_info=error)
            await self._failed(entries, error)

    async def _gather(self, keys: list[Key]) -> None:
        """Fill `keys` until the batch is full, time is up, or nothing more can come."""
        keys.append(await self.inbox.receive(self.stop))
        deadline = anyio.current_time() + self.limits.linger_s
        while len(keys) < self.limits.batch_max:
            key = self.inbox.receive_nowait()
            if key is not None:
                keys.append(key)
                continue
            if self.upstream_idle() or anyio.current_time() >= deadline:
                return
            await resting(LOOK_S)

    async def _deliver(self, entries: Sequence[Entry], *, looked: bool) -> list[Entry]:
        """Send one batch; returns the entries whose record is to be looked at first."""
        if not entries:
            return []
        self.metrics.batch_records.observe(len(entries))
        try:
            results = await self.source.write_back(
                entries[0].record_type, [entry.as_write() for entry in entries]
            )
        except Unreachable as error:
            if not error.ambiguous:
                raise
            self.metrics.deliveries.labels("unknown").inc(len(entries))
            log.warning("write_back_unanswered", records=len(entries), reason=str(error))
            lost = [write_back.unanswered(one, error, self._pace, looked=looked) for one in entries]
            return await self._settle(entries, lost)
        decisions: list[Decision] = []
        for entry, result in zip(entries, results, strict=True):
            self.metrics.deliveries.labels(result.outcome.value).inc()
            decision = write_back.answered(entry, result, self._pace, looked=looked)
            if result.outcome is Delivery.REFUSED:
                self.metrics.errors.labels(COMPONENT, "validation").inc()
                log.error("write_back_refused", record=entry.ref, reason=decision.reason)
            decisions.append(decision)
        return await self._settle(entries, decisions)

    async def _settle(self, entries: Sequence[Entry], decisions: Sequence[Decision]) -> list[Entry]:
        """Keep what a delivery came to; returns the entries whose record is to be looked at."""
        decided = list(zip(entries, decisions, strict=True))
        await self._confirm([one for one in decided if one[1].verdict is Verdict.CONFIRM])
        for entry, decision in decided:
            if decision.verdict is Verdict.POSTPONE:
                await self._postpone(entry, decision)
        return [entry for entry, decision in decided if decision.verdict is Verdict.LOOK]

    @property
    def _pace(self) -> Pace:
        return Pace(self.limits.backoff, self.governor.down)

    async def _confirm(self, confirmed: Sequence[tuple[Entry, Decision]]) -> None:
        if not confirmed:
            return
        now = self.clock.now()
        versions = [(entry, decision.version) for entry, decision in confirmed]
        await self.store.outbox.delivered(versions, now)
        for entry, _ in confirmed:
            if entry.record_type is RecordType.OPPORTUNITY:
                lag = max(0.0, now - entry.changed_at)
                self.metrics.sync_lag.labels("opportunity", "written_back").observe(lag, exemplar())
            log.info("written_back", record=entry.ref, what=entry.described())

    async def _look(self, entries: Sequence[Entry]) -> list[Entry]:
        """Look at the records themselves; returns the entries still to be written on top."""
        if not entries:
            return []
        record_type = entries[0].record_type
        ids = [entry.record_id for entry in entries]
        asked_at = self.clock.now()
        found = await self.source.fetch(record_type, ids)
        for entry in entries:
            if (fault := found.unreadable.get(entry.record_id)) is not None:
                log.warning("write_back_failed", records=1, reason=str(fault), remedy=fault.remedy)
                await self._failed([entry], fault)
        rows = {row.id: row for row in found.rows}
        entries = [one for one in entries if one.record_id not in found.unreadable]
        missing = [one.record_id for one in entries if one.record_id not in rows]
        deleted = await self.source.deleted(record_type, missing) if missing else set[int]()
        still: list[Entry] = []
        for entry in entries:
            row = rows.get(entry.record_id)
            if row is None:
                shown = Shown(None, deleted=entry.record_id in deleted)
                await self._keep_away(entry, write_back.looked_at(entry, shown))
                continue
            record = self.source.read(record_type, row.payload)
            decision = write_back.looked_at(entry, Shown(record, row.version))
            if decision.verdict in (Verdict.WITHDRAW, Verdict.WITHDRAW_LINK):
                await self._withdraw(entry, row, record, decision, asked_at)
                continue
            # Somebody may have edited on top of it, and confirming makes the version known.
            await self._take(entry, row, asked_at)
            if decision.verdict is Verdict.CONFIRM:
                await self._confirm([(entry, decision)])
            else:
                still.append(replace(entry, version=decision.version))
        return still

    async def _take(self, entry: Entry, row: Captured, asked_at: float) -> None:
        """The record changed: that change is captured like any other."""
        if entry.record_type is RecordType.PERSON:
            await self.store.people.forget_reading([row.id])
            return
        await self.store.outbox.capture_shown(row, asked_at, self.clock.now())
        self.wake_changes()

    async def _withdraw(
        self, entry: Entry, row: Captured, record: SourceRecord, decision: Decision, asked_at: float
    ) -> None:
        self.metrics.deliveries.labels("withdrawn").inc()
        log.warning("write_back_withdrawn", record=entry.ref, reason=decision.reason)
        note, now = Note("write-back withdrawn", decision.reason), self.clock.now()
        if decision.verdict is Verdict.WITHDRAW_LINK:
            await self.store.outbox.withdraw_link(entry, note, now)
        else:
            await self.store.outbox.withdraw_and_capture(
                entry, note, row, record, asked_at=asked_at, now=now
            )
        if entry.record_type is RecordType.PERSON:
            self.forget_people([row.id])
        self.wake_changes()

    async def _keep_away(self, entry: Entry, decision: Decision) -> None:
        """The source does not show the record."""
        if decision.verdict is Verdict.LEAVE_OUT:
            self.metrics.deliveries.labels("withdrawn").inc()
            log.warning("write_back_withdrawn", record=entry.ref, reason=decision.reason)
            await self.store.outbox.leave_out_owed(entry, decision.reason, self.clock.now())
            return
        log.warning("write_back_waits", record=entry.ref, reason=decision.reason)
        await self._postpone(entry, decision)

    async def _postpone(self, entry: Entry, decision: Decision) -> None:
        wait_s = drawn_s(decision.wait, self.rng)
        if decision.reason_class is not None:
            self.metrics.retries.labels(COMPONENT, decision.reason_class).inc()
            self.metrics.retry_backoff.labels(COMPONENT).inc(wait_s)
        await self.store.outbox.postpone(
            entry,
            decision.reason,
            due_at=self.clock.now() + wait_s,
            counts=decision.counts,
            missed=decision.missed,
        )

    async def _failed(self, entries: Sequence[Entry], error: Exception) -> None:
        """The source as a whole is in trouble; what was confirmed meanwhile stays confirmed."""
        self.metrics.errors.labels(COMPONENT, error_class(error)).inc()
        if write_back.stops_all(error):
            self.governor.pause(OPERATOR_PAUSE_S, str(error), cause=error)
        for entry in entries:
            await self._postpone(entry, write_back.failed(entry, error, self._pace))
