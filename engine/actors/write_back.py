"""Write-back: tell the source what it is owed, in batches, until it is told.

Mailbox   keys of records with an outbox entry; a lost key costs delay: the outbox is the truth
Sends     a ring of the dispatchers' bells when a re-read record turned out to have changed
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

from engine.actors.failing import OPERATOR_PAUSE_S
from engine.decide.failure import error_class, plain_reason
from engine.errors import EngineError, Misconfigured, StateUnusable, Unreachable
from engine.flow.backoff import BackoffLimits, retry_in_s
from engine.flow.governor import Governor
from engine.flow.mailbox import Closed, Mailbox, Notice
from engine.flow.purpose import spent_on
from engine.flow.worktime import resting
from engine.metrics import Metrics
from engine.model.history import Note
from engine.model.outbox import MISSING, Entry, Key
from engine.model.purpose import Purpose
from engine.model.records import Captured, Delivery, RecordType, SourceRecord, WriteBackResult
from engine.ports import Source, WallClock
from engine.runs import Runs, exemplar
from engine.store.port.store import Store
from engine.store.sqlite import outbox

# A lingering batch looks this often whether anything more can come at all.
LOOK_S = 0.05
# A hidden record is looked for again after so many seconds, then ever later, but once a day; after
# so many looks in vain, a week or so, nothing is owed to it any more.
MISSING_RETRY_S = 3600.0
MISSING_RETRY_S_MAX = 86_400.0
MISSING_LOOKS = 11

# This actor among the others, in metrics and log.
COMPONENT = "write_back"

log = structlog.get_logger(component=COMPONENT)


@dataclass(frozen=True, slots=True)
class WriteBackLimits:
    """`batch_max` in entries, `linger_s` in seconds."""

    batch_max: int
    linger_s: float
    backoff: BackoffLimits


@dataclass(frozen=True, slots=True)
class _Again:
    """Entries that are not delivered yet, and why."""

    entries: list[Entry]
    reason: str = "the record keeps changing"
    reason_class: str = "conflict"


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
    clock: WallClock
    rng: Random
    limits: WriteBackLimits
    metrics: Metrics
    upstream_idle: Callable[[], bool]
    wake_changes: Callable[[], None]
    wake: Callable[[], None]
    forget_people: Callable[[Sequence[int]], None]
    runs: Runs
    notice: Notice = field(default_factory=Notice)
    gathering: anyio.Lock = field(default_factory=anyio.Lock)

    async def run(self) -> None:
        """Deliver batch after batch."""
        while True:
            keys: list[Key] = []
            try:
                if not await self.notice.unless_given(self.gathering.acquire):
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
        """Deliver entries of one record type."""
        try:
            overtaken = [entry for entry in entries if entry.overtaken]
            again = await self._deliver([entry for entry in entries if not entry.overtaken])
            if again.entries or overtaken:
                again = await self._deliver(await self._reread([*again.entries, *overtaken]))
            await self._postpone_each(again.entries, again.reason, again.reason_class, counts=True)
        except StateUnusable:
            raise
        except EngineError as error:
            await self._failed(entries, error)
        except Exception as error:  # a surprise at one record must not stop the others
            log.error("unexpected", records=[entry.ref for entry in entries], exc_info=error)
            reason_class = error_class(error)
            self.metrics.errors.labels(COMPONENT, reason_class).inc()
            await self._postpone_each(entries, plain_reason(error), reason_class, counts=True)

    async def _gather(self, keys: list[Key]) -> None:
        """Fill `keys` until the batch is full, time is up, or nothing more can come."""
        keys.append(await self.inbox.receive(self.notice))
        deadline = anyio.current_time() + self.limits.linger_s
        while len(keys) < self.limits.batch_max:
            key = self.inbox.receive_nowait()
            if key is not None:
                keys.append(key)
                continue
            if self.upstream_idle() or anyio.current_time() >= deadline:
                return
            await resting(LOOK_S)

    async def _deliver(self, entries: Sequence[Entry]) -> _Again:
        """Send one batch; returns the entries whose record must be read again first."""
        if not entries:
            return _Again([])
        self.metrics.batch_records.observe(len(entries))
        try:
            results = await self.source.write_back(
                entries[0].record_type, [entry.as_write() for entry in entries]
            )
        except Unreachable as error:
            if not error.ambiguous:
                raise
            # Some may have been written: the records themselves tell.
            self.metrics.deliveries.labels("unknown").inc(len(entries))
            log.warning("write_back_unanswered", records=len(entries), reason=str(error))
            return _Again(list(entries), plain_reason(error), error_class(error))
        again: list[Entry] = []
        confirmed: list[tuple[Entry, int]] = []
        for entry, result in zip(entries, results, strict=True):
            self.metrics.deliveries.labels(result.outcome.value).inc()
            if result.outcome is Delivery.DELIVERED and result.version is not None:
                confirmed.append((entry, result.version))
            elif result.outcome is Delivery.REFUSED:
                await self._refused(entry, result)
            else:
                again.append(entry)
        await self._confirm(confirmed)
        return _Again(again)

    async def _confirm(self, confirmed: Sequence[tuple[Entry, int]]) -> None:
        now = self.clock.now()
        await self.store.outbox.delivered(confirmed, now)
        for entry, _ in confirmed:
            if entry.record_type is RecordType.OPPORTUNITY:
                lag = max(0.0, now - entry.changed_at)
                self.metrics.sync_lag.labels("opportunity", "written_back").observe(lag, exemplar())
            log.info("written_back", record=entry.ref, what=outbox.describe(entry))

    async def _reread(self, entries: Sequence[Entry]) -> list[Entry]:
        """Look at the records themselves; returns the entries still to be written on top."""
        record_type = entries[0].record_type
        ids = [entry.record_id for entry in entries]
        asked_at = self.clock.now()
        rows = {row.id: row for row in await self.source.fetch(record_type, ids)}
        missing = [record_id for record_id in ids if record_id not in rows]
        deleted = await self.source.deleted(record_type, missing) if missing else set[int]()
        still: list[Entry] = []
        for entry in entries:
            row = rows.get(entry.record_id)
            if row is None:
                await self._missing(entry, deleted=entry.record_id in deleted)
                continue
            record = self.source.read(record_type, row.payload)
            if _holds(record, entry):
                # Somebody may have edited on top of it, and confirming makes the version known.
                await self._take(entry, row, asked_at)
                await self._confirm([(entry, row.version)])
            elif (reason := _not_ours(record, entry, row)) is not None:
                await self._withdraw(entry, row, record, reason, asked_at)
            else:
                await self._take(entry, row, asked_at)
                still.append(replace(entry, version=row.version))
        return still

    async def _take(self, entry: Entry, row: Captured, asked_at: float) -> None:
        """The record changed: that change is captured like any other."""
        if entry.record_type is RecordType.PERSON:
            await self.store.people.forget_reading([row.id])
            return
        await self.store.outbox.capture_shown(row, asked_at, self.clock.now())
        self.wake_changes()

    async def _withdraw(
        self, entry: Entry, row: Captured, record: SourceRecord, reason: str, asked_at: float
    ) -> None:
        self.metrics.deliveries.labels("withdrawn").inc()
        log.warning("write_back_withdrawn", record=entry.ref, reason=reason)
        await self.store.outbox.withdraw_and_capture(
            entry,
            Note("write-back withdrawn", reason),
            row,
            record,
            asked_at=asked_at,
            now=self.clock.now(),
        )
        if entry.record_type is RecordType.PERSON:
            self.forget_people([row.id])
        self.wake_changes()

    async def _missing(self, entry: Entry, *, deleted: bool) -> None:
        """Somebody may show a hidden record again; a deleted one is told when it is restored."""
        now = self.clock.now()
        looks = entry.missed + 1
        if deleted or looks >= MISSING_LOOKS:
            reason = "the record is deleted" if deleted else f"{MISSING}, for {looks} looks"
            self.metrics.deliveries.labels("withdrawn").inc()
            log.warning("write_back_withdrawn", record=entry.ref, reason=reason)
            await self.store.outbox.leave_out_owed(entry, reason, now)
            return
        log.warning("write_back_waits", record=entry.ref, reason=MISSING)
        due_at = now + min(MISSING_RETRY_S * 2**entry.missed, MISSING_RETRY_S_MAX)
        await self.store.outbox.postpone(entry, MISSING, due_at=due_at, counts=True)

    async def _refused(self, entry: Entry, result: WriteBackResult) -> None:
        self.metrics.errors.labels(COMPONENT, "validation").inc()
        log.error("write_back_refused", record=entry.ref, reason=result.reason)
        await self._postpone_each([entry], result.reason, "validation", counts=True)

    async def _postpone_each(
        self,
        entries: Sequence[Entry],
        reason: str,
        reason_class: str,
        *,
        counts: bool,
        wait_s: float | None = None,
    ) -> None:
        for entry in entries:
            wait = wait_s
            if wait is None:
                wait = retry_in_s(
                    entry.attempts + 1,
                    self.rng,
                    self.limits.backoff,
                    others_succeed=False,
                    down=self.governor.down,
                )
            self.metrics.retries.labels(COMPONENT, reason_class).inc()
            self.metrics.retry_backoff.labels(COMPONENT).inc(wait)
            due_at = self.clock.now() + wait
            await self.store.outbox.postpone(entry, reason, due_at=due_at, counts=counts)

    async def _failed(self, entries: Sequence[Entry], error: EngineError) -> None:
        """The source as a whole is in trouble; what was confirmed meanwhile stays confirmed."""
        reason_class = error_class(error)
        self.metrics.errors.labels(COMPONENT, reason_class).inc()
        log.warning(
            "write_back_failed", records=len(entries), reason=str(error), remedy=error.remedy
        )
        wait = error.retry_after_s
        if isinstance(error, Misconfigured):
            self.governor.pause(OPERATOR_PAUSE_S, str(error), cause=error)
            wait = OPERATOR_PAUSE_S
        await self._postpone_each(
            entries, error.message, reason_class, counts=wait is None, wait_s=wait
        )


def _holds(record: SourceRecord, entry: Entry) -> bool:
    """Whether the record carries already what the entry would write."""
    return (
        (entry.target_id is None or record.target_id == entry.target_id)
        and (entry.target_url is None or record.target_url == entry.target_url)
        and (entry.error is None or record.error == entry.error)
    )


def _not_ours(record: SourceRecord, entry: Entry, row: Captured) -> str | None:
    """Why the entry must not be written on top of the record as it is now, or None."""
    if entry.is_beside(record.target_id):
        return f"the record carries another target id, {(record.target_id or '')[:40]}"
    if entry.error and row.version != entry.version:
        return "the record was changed since it was refused, and is tried again first"
    return None
