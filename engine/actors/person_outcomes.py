"""Person outcomes: keep what became of a person in the target, for the prospect resolver.

Each outcome goes to the store, to the standings that opportunities ask for, to the metrics and to
the log; what the person must be told is owed to the source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from engine.actors.failing import Failing, RetryLimits
from engine.actors.gate import pass_gate
from engine.actors.standings import Standing, Standings
from engine.decide.doubt import look_in_s
from engine.decide.failure import FORBIDDEN, error_class
from engine.errors import EngineError, Rejected, Taken
from engine.flow.backoff import SPACING_S, SPACING_SPREAD
from engine.metrics import Metrics
from engine.model.history import Note
from engine.model.outbox import Owed
from engine.model.person import Person
from engine.model.records import RecordType, SourceRecord
from engine.model.work import Failure
from engine.ports import Target, WallClock
from engine.store.port.store import Store

# In whose name this is done, in metrics and in the log.
COMPONENT = "prospect_resolver"
# A user who may not create prospects is tried again after so many seconds.
FORBIDDEN_RETRY_S = 3600.0
# Somebody who has a person's address and is not shown is looked for again after so many seconds.
INVISIBLE_RETRY_S = 86_400.0

log = structlog.get_logger(component=COMPONENT)


@dataclass(slots=True)
class PersonOutcomes:
    """What a person can come to."""

    store: Store
    target: Target
    clock: WallClock
    metrics: Metrics
    standings: Standings
    failing: Failing
    wake_write_back: Callable[[], None]

    async def created(self, record: SourceRecord, prospect_id: int, email: str) -> None:
        """A prospect was made for the person."""
        await self.link(record, prospect_id, email, Note("created", f"id {prospect_id}"))
        self.metrics.prospects.labels("created").inc()
        log.info("prospect_created", person=record.ref, prospect_id=prospect_id)

    async def adopted(self, record: SourceRecord, prospect_id: int, email: str) -> None:
        """A prospect with the person's e-mail address was there."""
        note = Note("adopted", f"found id {prospect_id} by e-mail address")
        await self.link(record, prospect_id, email, note)
        self.metrics.prospects.labels("adopted").inc()
        log.info("prospect_adopted", person=record.ref, prospect_id=prospect_id)

    async def link(
        self, record: SourceRecord, prospect_id: int, email: str | None, note: Note
    ) -> None:
        """The person is this prospect, and is told so."""
        pass_gate("would link a person")
        url = self.target.url(RecordType.PERSON, prospect_id)
        owed = Owed(target_id=str(prospect_id), target_url=url)
        await self._link(record, prospect_id, email, owed, note)

    async def carried(self, record: SourceRecord, prospect_id: int, known: Person | None) -> None:
        """The person carries the id itself; see `url_owed`."""
        owed = self.url_owed(record, prospect_id, known)
        await self._link(record, prospect_id, None, owed, None)

    def url_owed(self, record: SourceRecord, prospect_id: int, known: Person | None) -> Owed | None:
        """A missing URL for whoever is not linked yet; for others, that of a new prospect."""
        url = self.target.url(RecordType.PERSON, prospect_id)
        if known is None or known.prospect_id is None:
            return Owed(target_url=url) if record.target_url is None else None
        moved = known.prospect_id != prospect_id and record.target_url != url
        return Owed(target_url=url) if moved else None

    async def _link(
        self,
        record: SourceRecord,
        prospect_id: int,
        email: str | None,
        owed: Owed | None,
        note: Note | None,
    ) -> None:
        await self.store.people.link(
            record,
            prospect_id,
            email=email,
            owed=owed,
            note=note,
            now=self.clock.now(),
        )
        self.standings.note(record.id, Standing(prospect_id))
        if owed is not None:
            self.wake_write_back()

    async def lost_link(self, record: SourceRecord, prospect_id: int) -> None:
        """The person's id was cleared and its prospect is gone: it is looked for as anybody is."""
        pass_gate("would look for a person anew")
        now = self.clock.now()
        note = Note("target gone", f"the id was blank, and the prospect {prospect_id} is gone")
        await self.store.people.unlink(record, note, now)
        log.warning("prospect_gone", person=record.ref, prospect_id=prospect_id)

    async def lost(
        self, record: SourceRecord, reason: str, visibility_s: float, *, taken: bool = False
    ) -> None:
        """The answer of a create was lost: the prospect is looked for before anything else.

        Args:
            taken: it was refused because somebody has the address, whom nothing shows yet.
        """
        await self.store.people.doubt(record, reason, self.clock.now(), taken=taken)
        self.in_doubt(record, 0.0, visibility_s)
        self.metrics.prospects.labels("in_doubt").inc()
        log.warning("prospect_in_doubt", person=record.ref, reason=reason)

    def in_doubt(self, record: SourceRecord, age_s: float, bound_s: float) -> None:
        """Whether its prospect was created is in doubt for `age_s` seconds, and still is."""
        reason = "it is not known yet whether its prospect was created"
        # Past the bound it stays in doubt only where nobody can be looked for.
        retry_s = look_in_s(age_s, bound_s) if age_s < bound_s else SPACING_S
        self.standings.note(record.id, Standing(None, reason, retry_s=retry_s))

    async def not_executed(self, record: SourceRecord) -> None:
        """The create in doubt never happened."""
        self.metrics.in_doubt_resolved.labels("prospect", "not_executed").inc()
        await self.store.people.hold_back(record, "not created yet", self.clock.now())

    async def executed(self, record: SourceRecord, prospect_id: int, email: str) -> None:
        """The create in doubt did happen."""
        self.metrics.in_doubt_resolved.labels("prospect", "executed").inc()
        await self.adopted(record, prospect_id, email)

    async def held_back(self, record: SourceRecord, reason: str, known: Person | None) -> None:
        """The person has no prospect for now, through no fault that it must be told."""
        if known is not None and known.prospect_id is not None:
            # Its roles stay while the tab has the line: only the id cannot be read.
            await self.store.people.forget_reading([record.id])
        # A refusal is kept as it is, and so is the doubt about a create.
        elif known is None or not (refused_still(known, record) or known.doubt_since):
            await self.store.people.hold_back(record, reason, self.clock.now())
        self.standings.note(record.id, Standing(None, reason))
        self.metrics.prospects.labels("held_back").inc()
        log.debug("person_held_back", person=record.ref, reason=reason)

    async def failed(
        self, record: SourceRecord, error: EngineError, known: Person | None, limits: RetryLimits
    ) -> None:
        """Its prospect surely was not created, which may be nobody's fault: tried again later."""
        sent = known.sent if known is not None else 0
        setback = self.failing.weigh(
            error,
            limits,
            record_id=record.id,
            attempts=sent,
            failures=sent,
            failed_at=known.failed_at if known is not None else None,
        )
        if setback.flagged:
            await self.refused(record, Rejected(setback.failure.reason))
            return
        now = self.clock.now()
        retry_at = now + setback.wait_s
        await self.store.people.failed(record.id, setback.failure, now, retry_at=retry_at)
        standing = Standing(None, error.message, retry_s=setback.wait_s)
        self.standings.note(record.id, standing)
        self.metrics.prospects.labels("held_back").inc()
        self.failing.deferred(record.ref, error, setback.failure, setback.wait_s)

    def waits(self, record: SourceRecord, known: Person) -> bool:
        """Whether the next create is not due yet; the wait outlives whatever is forgotten."""
        wait_s = known.retry_at - self.clock.now()
        # What is longer than any wait was written by a clock ahead.
        if not 0 < wait_s <= SPACING_S * SPACING_SPREAD:
            return False
        self.standings.note(record.id, Standing(None, known.reason or "", retry_s=wait_s))
        return True

    async def invisible(self, record: SourceRecord, reason: str, field: str) -> None:
        """Somebody has the person's address, and nothing shows who: the person is told."""
        text = (
            f"{record.ref}: the target calls its e-mail address taken, and shows nobody who has"
            f" it: {reason}"
        )
        await self.refused(record, Taken(text, field=field))

    async def still_invisible(self, record: SourceRecord, reason: str) -> None:
        """The rare look for whoever has the address was in vain."""
        await self.store.people.looked(record.id, self.clock.now())
        self.standings.note(record.id, Standing(None, reason))

    async def refused(self, record: SourceRecord, error: Rejected) -> None:
        """The target does not take the person, which is told why."""
        pass_gate("would flag a person")
        failure = Failure(error_class(error), error.field, error.message)
        taken = isinstance(error, Taken)
        await self.store.people.refuse(record, failure, self.clock.now(), taken=taken)
        self.standings.note(record.id, Standing(None, error.message))
        self.metrics.prospects.labels("refused").inc()
        self.wake_write_back()
        log.warning("person_refused", person=record.ref, field=error.field, reason=error.message)

    def forbidden(self, record: SourceRecord, error: Rejected) -> None:
        """Our user may not create prospects: nobody's fault, and who is one already goes on."""
        standing = Standing(None, error.message, retry_s=FORBIDDEN_RETRY_S)
        self.standings.note(record.id, standing)
        self.metrics.errors.labels(COMPONENT, FORBIDDEN).inc()
        log.warning("prospect_forbidden", person=record.ref, reason=error.message)


def refused_still(known: Person, record: SourceRecord) -> bool:
    """Whether the refusal stands: the flag is set, or still on its way."""
    refused = known.refused_version
    return refused is not None and (record.error or record.version == refused)


def rare_look_due(known: Person, record: SourceRecord, now: float) -> bool:
    """Whether whoever has a refused person's address is looked for once more."""
    looked_at = known.taken_at
    return record.sync and looked_at is not None and now - looked_at >= INVISIBLE_RETRY_S
