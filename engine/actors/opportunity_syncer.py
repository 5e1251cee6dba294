"""Opportunity syncer: make one target record agree with its source record (rules 3 to 7).

Mailbox   keys of records that may differ; a lost key costs delay, never work
Sends     notifications of the tab and, when something is owed, of the write-back signal
Store     reads the record; writes intents before creates, and every outcome with its reason
Metrics   reconciles, reconcile_duration, sync_lag{target_ack}, errors, retries, in_doubt_resolved,
          duplicates_found
Stops     when its mailbox is closed and the key in hand is settled
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import anyio
import structlog

from engine.actors.failing import Failing, RetryLimits
from engine.actors.gate import weighing
from engine.actors.opportunity.claims import Claims
from engine.actors.opportunity.create_search import COMPONENT, CreateSearch
from engine.actors.opportunity.failures import OpportunityFailures
from engine.actors.opportunity.fresh_rows import FreshRows, Look
from engine.actors.opportunity.lost_creates import KIND, LostCreates
from engine.actors.opportunity.target_rows import TargetRows
from engine.actors.opportunity.updates import Held, Sent, Updates
from engine.actors.trust import Trust
from engine.clock import Clock
from engine.decide.doubt import bound_s
from engine.decide.opportunity import (
    Create,
    Leave,
    Reconcile,
    Refuse,
    course,
    gone,
    identified,
    identity,
    may_be_reference,
    must_look,
    still_owed,
    undoubted,
)
from engine.decide.reasons import because, listed
from engine.decide.undone import left_alone
from engine.errors import (
    EngineError,
    Gone,
    HeldBack,
    Rejected,
    StateUnusable,
    WouldChange,
    surely_not_executed,
)
from engine.flow.bulk import Bulk
from engine.flow.governor import Governor
from engine.flow.lane import current_lane, retrying
from engine.flow.ledger import current_record
from engine.flow.mailbox import Closed, Mailbox, Stop
from engine.flow.worktime import holding, side_by_side
from engine.loop import loop_time
from engine.mapping.fields import FieldMapping
from engine.mapping_in_force import Mappings
from engine.metrics import Metrics
from engine.model.fields import Fields
from engine.model.history import LEFT_OUT, Note
from engine.model.mass_change import Mass
from engine.model.outcome import WAITS, Outcome
from engine.model.reason import Code, Reason
from engine.model.records import RecordType, SourceRecord
from engine.model.work import Work
from engine.ports import Source, Target
from engine.resolvers.dependence import Dependence
from engine.resolvers.references import References, Resolution
from engine.runs import Runs, Spent, exemplar, spent, within
from engine.store.port.store import Store

# One record may need several rounds at once: read anew, adopted, compared.
ROUNDS_MAX = 4

log = structlog.get_logger(component=COMPONENT)


@dataclass(frozen=True, slots=True)
class SyncLimits:
    """`visibility_s`: seconds a target collection may lag behind a write; `people_ttl_s`: how
    long a reading of the people on a tab is trusted.
    """

    retry: RetryLimits
    visibility_s: float
    people_ttl_s: float
    recreate_missing: bool
    correlation_field: str


@dataclass(slots=True)
class OpportunitySyncer:
    """One worker; several share one mailbox and never hold the same record."""

    inbox: Mailbox[int]
    store: Store
    source: Source
    target: Target
    governor: Governor
    mappings: Mappings
    references: References
    fresh_rows: FreshRows
    target_rows: TargetRows
    trust: Trust
    search: CreateSearch
    bulk: Bulk
    dependence: Dependence
    clock: Clock
    rng: Random
    limits: SyncLimits
    metrics: Metrics
    wake_downstream: Callable[[], None]
    wake: Callable[[], None]
    runs: Runs
    stop: Stop = field(default_factory=Stop)
    _asking: anyio.Lock = field(default_factory=anyio.Lock, init=False)
    _unsettled: set[int] = field(default_factory=set[int], init=False)
    _failing: Failing = field(init=False)
    _failures: OpportunityFailures = field(init=False)
    _lost: LostCreates = field(init=False)
    _updates: Updates = field(init=False)

    def __post_init__(self) -> None:
        self._failing = Failing(COMPONENT, self.governor, self.rng, self.metrics)
        self._failures = OpportunityFailures(
            self.store,
            self.clock,
            self._failing,
            self._note_settled,
            self.wake_downstream,
            self.dependence,
        )
        self._lost = LostCreates(
            self.store,
            self.target,
            self.search,
            self.trust,
            self.clock,
            self.metrics,
            self._asking,
        )
        claims = Claims(
            self.store,
            self.source,
            self.target,
            self.clock,
            self.limits.correlation_field,
            self._correlation_of,
        )
        self._updates = Updates(
            self.store,
            self.target,
            self.trust,
            self.target_rows,
            claims,
            self.clock,
            self._asking,
            lambda: self._mapping.field_names,
        )

    @property
    def _mapping(self) -> FieldMapping:
        return self.mappings.of(RecordType.OPPORTUNITY)

    async def run(self) -> None:
        """Reconcile key after key.

        The worker asks the target one thing at a time, but prepares its next record, and keeps
        the outcome of the last one, while that is under way.
        """
        await side_by_side(self._reconcile_keys, self._reconcile_keys)

    async def _reconcile_keys(self) -> None:
        while True:
            try:
                async with self.inbox.holding(self.stop) as key:
                    with self.runs.run():
                        await self.step(key)
            except Closed:
                return
            if key in self._unsettled:
                # A retry or a newer change waits; only now, let go of, can the key be sent again.
                self._unsettled.discard(key)
                self.wake()

    async def step(self, key: int) -> Outcome:
        """Reconcile one record until it rests; returns the outcome as counted."""
        outcome = Outcome.LEFT
        for _ in range(ROUNDS_MAX):
            async with self.bulk.in_hand(lambda: self.store.records.load(key)) as work:
                if work is None:
                    return Outcome.LEFT if outcome is Outcome.AGAIN else outcome
                outcome = await self._round(work)
            if outcome not in (Outcome.AGAIN, Outcome.ADOPTED):
                break
        if outcome in WAITS:
            self._unsettled.add(key)
        return outcome

    async def _round(self, work: Work) -> Outcome:
        current_lane.set(work.lane)
        current_record.set(work.id)
        spent.set(Spent())
        weighing.set(work.mass is Mass.EVALUATING)
        retrying.set(work.failed_since is not None)
        began = loop_time()
        with within(work.let_go):
            outcome = await self._attempt(work)
        if outcome is not Outcome.AGAIN:
            self.metrics.reconciles.labels(KIND, outcome).inc()
            took = loop_time() - began
            self.metrics.reconcile_duration.labels(KIND).observe(took, exemplar())
        return outcome

    async def _attempt(self, work: Work) -> Outcome:
        try:
            return await self._reconcile(work)
        except StateUnusable:
            raise
        except WouldChange as error:
            return await self._failures.weighed(work, work.synced, error.message)
        except HeldBack as error:
            return await self._failures.held(work, error)
        except EngineError as error:
            return await self._failures.failed(work, error, self.limits.retry)
        except Exception as error:  # one record's surprise must not stop the others
            log.error("unexpected", record=work.ref, exc_info=error)
            return await self._failures.failed(work, error, self.limits.retry)

    async def _reconcile(self, work: Work) -> Outcome:
        record = self.source.read(RecordType.OPPORTUNITY, work.payload)
        way = course(work, record)
        if must_look(work, way):
            look = await self.fresh_rows.look(work)
            if look is Look.GONE and work.reread:
                return await self._leave(work, record, because(Code.RECORD_HIDDEN))
            if look is not Look.YOUNG:
                return Outcome.AGAIN
        match way:
            case Leave(reason):
                return await self._leave(work, record, reason)
            case Refuse():
                raise refusal(way)
            case Create():
                return await self._with_fields(work, record, None)
            case Reconcile():
                return await self._with_fields(work, record, way)
            case _:
                return await self._resolve_doubt(work, record)

    async def _leave(self, work: Work, record: SourceRecord, reason: Reason) -> Outcome:
        note, now = Note(LEFT_OUT, reason), self.clock.now()
        flagged = record.sync and record.error
        await self.store.records.settle_ineligible(work, note, flagged=flagged, now=now)
        log.debug("left_out", record=work.ref, reason=reason)
        return Outcome.LEFT

    async def _with_fields(
        self, work: Work, record: SourceRecord, way: Reconcile | None
    ) -> Outcome:
        """Map the record and send it; once more when the target refuses a reference."""
        wanted = self._mapping.references(record)
        resolution = await self.references.resolve(wanted)
        try:
            return await self._send(work, record, way, resolution)
        except Rejected as error:
            referred = {one.field for one in wanted if resolution.ids.get(one.field)}
            if not may_be_reference(error, referred):
                raise
            anew = await self.references.resolve_anew(wanted)
            if anew.ids == resolution.ids:
                raise
            return await self._send(work, record, way, anew)

    async def _send(
        self, work: Work, record: SourceRecord, way: Reconcile | None, resolution: Resolution
    ) -> Outcome:
        mapping, new = self._mapping, way is None
        fields = mapping.fields(record, resolution.ids, untold=resolution.untold, new=new)
        for name, columns in mapping.absent(record).items():
            resolution.blanks[name] = because(Code.COLUMN_ABSENT, columns=", ".join(columns))
        if way is None:
            return await self._create(work, record, fields, resolution)
        fields = identified(fields, self.limits.correlation_field)
        if work.undone is not None:
            fields = left_alone(
                fields,
                work.undone,
                target_id=way.target_id,
                version=work.version,
                mapping=self.mappings.fingerprint,
            )
        return await self._update(work, record, way, fields, resolution)

    async def _create(
        self, work: Work, record: SourceRecord, fields: Fields, resolution: Resolution
    ) -> Outcome:
        correlation = identity(fields, self.limits.correlation_field)
        if isinstance(correlation, Refuse):
            raise refusal(correlation)
        if await self.trust.looks_first(work, record, correlation):
            return Outcome.IN_DOUBT
        # Announced before it is sent: whatever dies from here on, the create is looked for.
        if not await self._announced(work, correlation):
            return Outcome.AGAIN
        try:
            async with holding(self._asking):
                if work.proved_at < self.fresh_rows.shown_since():
                    # The machine stood still, or the one before took long: it is too old by now.
                    await self.store.records.close_intent(work.id)
                    return Outcome.AGAIN
                target_id = await self.target.create(fields)
        except StateUnusable:
            raise
        except Exception as error:  # whatever it was, the create may have been executed
            if surely_not_executed(error):
                await self.store.records.close_intent(work.id)
                raise
            if not isinstance(error, EngineError):
                log.error("unexpected", record=work.ref, exc_info=error)
            return await self._lost.doubt(
                work,
                error,
                visibility_s=self.limits.visibility_s,
                counts=self._failing.others_succeed(error, work.id, work.failed_at),
            )
        sent = Sent(Outcome.CREATED, target_id, fields, fields)
        return await self._settle(work, record, sent, resolution)

    async def _announced(self, work: Work, correlation: str) -> bool:
        now, shown_since = self.clock.now(), self.fresh_rows.shown_since()
        self._lost.search.forget(correlation)
        return await self.store.records.open_intent(work, correlation, now, shown_since=shown_since)

    async def _update(
        self,
        work: Work,
        record: SourceRecord,
        way: Reconcile,
        fields: Fields,
        resolution: Resolution,
    ) -> Outcome:
        try:
            sent = await self._updates.send(work, record, way, fields)
        except Gone as error:
            return await self._gone(work, way, error)
        if sent is None:
            return Outcome.ADOPTED
        if isinstance(sent, Held):
            target_id, known = way.target_id, sent.known
            return await self._failures.weighed(work, known, sent.would, target_id=target_id)
        return await self._settle(work, record, sent, resolution)

    async def _settle(
        self, work: Work, record: SourceRecord, sent: Sent, resolution: Resolution
    ) -> Outcome:
        now = self.clock.now()
        url = self.target.url(RecordType.OPPORTUNITY, sent.target_id)
        names = ", ".join(sorted(sent.changes)) or "no field"
        detail = listed([f"id {sent.target_id}, sent {names}", *_notes(resolution)])
        settled = await self.store.records.settle_linked(
            work,
            target_id=sent.target_id,
            synced=sent.fields,
            owed=still_owed(work, record, sent.target_id, url),
            awaited=resolution.awaited,
            blanks=resolution.blanks,
            note=Note(sent.outcome, detail),
            now=now,
            created=sent.outcome is Outcome.CREATED,
            answered=sent.outcome is Outcome.UPDATED,
            people_read_since=now - self.limits.people_ttl_s,
        )
        self._note_settled(work, settled)
        self.wake_downstream()
        level = log.info if sent.changes else log.debug
        level(sent.outcome, record=work.ref, target_id=sent.target_id, fields=sorted(sent.changes))
        for note in _notes(resolution):
            log.info("reference_left_blank", record=work.ref, reason=note)
        if settled and sent.changes:
            lag = max(0.0, now - work.pending_since)
            self.metrics.sync_lag.labels(KIND, "target_ack").observe(lag, exemplar())
        return sent.outcome

    def _correlation_of(self, record: SourceRecord) -> str | None:
        """What the record's target record carries as its correlation value, if it can be told."""
        try:
            value = self._mapping.fields(record, {}).get(self.limits.correlation_field)
        except EngineError:
            # Some other field cannot be sent; the reference is what the standard mapping takes.
            return record.ref
        return value if isinstance(value, str) else None

    def _note_settled(self, work: Work, settled: bool) -> None:
        if not settled:
            self._unsettled.add(work.id)

    async def _gone(self, work: Work, way: Reconcile, error: Gone) -> Outcome:
        outcome = gone(way, recreate_missing=self.limits.recreate_missing)
        if isinstance(outcome, Refuse):
            raise refusal(outcome, status=error.status) from error
        note = Note("target gone", f"id {way.target_id} does not exist; creating it anew")
        now = self.clock.now()
        await self.store.records.forget_target(work, way.target_id, note, now)
        log.warning("target_gone", record=work.ref, target_id=way.target_id)
        return Outcome.ADOPTED

    async def _resolve_doubt(self, work: Work, record: SourceRecord) -> Outcome:
        """Find out whether a create in doubt was executed; never repeat it on one empty answer."""
        intent = work.intent
        if intent is None:
            return Outcome.LEFT
        decided_s = bound_s(self.limits.visibility_s, intent.sent)
        outcome = await self._lost.look(work, intent, decided_s)
        if outcome is not None:
            return outcome
        # It is known not to have been executed: what is sent now repeats nothing.
        retrying.set(False)
        way = undoubted(work, record)
        if not isinstance(way, Create):
            await self.store.records.close_intent(work.id)
            if isinstance(way, Leave):
                return await self._leave(work, record, way.reason)
            return Outcome.AGAIN
        look = await self.fresh_rows.look(work)
        if look is Look.GONE:
            await self.store.records.close_intent(work.id)
            return await self._leave(work, record, because(Code.HIDDEN_MEANWHILE))
        if look is Look.ANEW:
            return Outcome.AGAIN
        try:
            await self._failures.ensure_not_at_fault(work, intent, self.limits.retry.attempts_max)
            return await self._with_fields(work, record, None)
        except Rejected:
            # Nothing of it exists, and what is tried after a correction is another create.
            await self.store.records.close_intent(work.id)
            raise


def _notes(resolution: Resolution) -> list[Reason]:
    return [note.within(f"{name}: {{}}") for name, note in resolution.notes.items()]


def refusal(refuse: Refuse, status: int | None = None) -> Rejected:
    """The error of a record that cannot be synced until somebody changes it."""
    return Rejected(refuse.reason, field=refuse.field, status=status)
