"""Person outcomes: do what is decided about a person, for the prospect resolver.

Each decision goes to the store, to the standings that opportunities ask for, to the metrics and to
the log; what the person must be told is owed to the source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

import structlog

from engine.actors.failing import Failing, RetryLimits
from engine.actors.gate import pass_gate_for
from engine.clock import Clock
from engine.decide.failure import FORBIDDEN
from engine.decide.journal import prospect_write
from engine.decide.person import CHANGED_JUST_NOW, foreseen, refusal, standing
from engine.decide.reasons import because
from engine.errors import EngineError, Rejected
from engine.metrics import Metrics
from engine.model.history import Note
from engine.model.outbox import Owed
from engine.model.person import Person, Standing
from engine.model.reason import Code
from engine.model.records import RecordType, SourceRecord
from engine.model.verdict import (
    Adopt,
    Create,
    Created,
    Decision,
    Forbid,
    HoldBack,
    Keep,
    Linked,
    Lose,
    LostLink,
    NotExecuted,
    Refuse,
    Tell,
    Unseen,
    Wait,
)
from engine.model.work import Failure
from engine.ports import Target
from engine.resolvers.dependence import Dependence
from engine.resolvers.standings import Standings
from engine.store.port.store import Store

# In whose name this is done, in metrics and in the log.
COMPONENT = "prospect_resolver"

log = structlog.get_logger(component=COMPONENT)


@dataclass(slots=True)
class PersonOutcomes:
    """Executes decisions.

    Args:
        weighs: what is decided is only foreseen, for the fuse; see `decide.person.foreseen`.
    """

    store: Store
    target: Target
    clock: Clock
    metrics: Metrics
    standings: Standings
    failing: Failing
    wake_write_back: Callable[[], None]
    weighs: bool
    dependence: Dependence

    async def execute(
        self, record: SourceRecord, decision: Decision, known: Person | None = None
    ) -> None:
        """Do it, and let opportunities know.

        Args:
            known: what was known of the person when it was decided.
        """
        told = foreseen(decision) if self.weighs else standing(decision)
        if not self.weighs or (isinstance(decision, Linked) and decision.is_its_own_word):
            stands = await self._do(record, decision, known)
            told = told if stands else CHANGED_JUST_NOW
        if told is not None:
            self.standings.note(record.id, told)

    async def _do(self, record: SourceRecord, decision: Decision, known: Person | None) -> bool:
        """Returns False when the person was changed meanwhile, and has to be read again."""
        match decision:
            case Linked(prospect_id, owed):
                return await self._link(record, prospect_id, None, owed, note=None, known=known)
            case Tell(prospect_id):
                note = Note("linked", "the id was blank")
                return await self._tell(record, prospect_id, None, note, known)
            case Adopt():
                return await self._adopt(record, decision, known)
            case Created(prospect_id, email, fields):
                note = Note("created", f"id {prospect_id}", (prospect_write(prospect_id, fields),))
                self.metrics.prospects.labels("created").inc()
                log.info("prospect_created", person=record.ref, prospect_id=prospect_id)
                return await self._tell(record, prospect_id, email, note, known, ours=True)
            case _:
                await self._do_unlinked(record, decision)
                return True

    async def _do_unlinked(
        self,
        record: SourceRecord,
        decision: Refuse
        | Unseen
        | HoldBack
        | Lose
        | Forbid
        | Wait
        | Create
        | NotExecuted
        | LostLink,
    ) -> None:
        match decision:
            case NotExecuted():
                self.metrics.in_doubt_resolved.labels("prospect", "not_executed").inc()
                not_created = because(Code.PROSPECT_NOT_CREATED)
                await self.store.people.hold_back(record, not_created, self.clock.now())
            case LostLink(prospect_id):
                await self._unlink(record, prospect_id)
            case _:
                await self._do_without(record, decision)

    async def _do_without(
        self,
        record: SourceRecord,
        decision: Refuse | Unseen | HoldBack | Lose | Forbid | Wait | Create,
    ) -> None:
        """It has no prospect, for now."""
        match decision:
            case Refuse(failure, taken):
                await self._refuse(record, failure, taken=taken)
            case Unseen():
                await self.store.people.looked(record.id, self.clock.now())
            case HoldBack():
                await self._hold_back(record, decision)
            case Lose():
                await self._lose(record, decision)
            case Forbid(reason):
                self.metrics.errors.labels(COMPONENT, FORBIDDEN).inc()
                log.warning("prospect_forbidden", person=record.ref, reason=reason)
            case Wait() | Create():
                pass
            case _:
                assert_never(decision)

    async def _adopt(self, record: SourceRecord, decision: Adopt, known: Person | None) -> bool:
        prospect_id = decision.prospect_id
        if decision.executed:
            self.metrics.in_doubt_resolved.labels("prospect", "executed").inc()
        note = Note("adopted", f"found id {prospect_id} by e-mail address")
        if decision.executed:
            note = replace(note, writes=(prospect_write(prospect_id, {}, found=True),))
        ours, email = decision.executed, decision.email
        stands = await self._tell(record, prospect_id, email, note, known, ours=ours)
        self.metrics.prospects.labels("adopted").inc()
        log.info("prospect_adopted", person=record.ref, prospect_id=prospect_id)
        return stands

    async def _tell(
        self,
        record: SourceRecord,
        prospect_id: int,
        email: str | None,
        note: Note,
        known: Person | None,
        *,
        ours: bool = False,
    ) -> bool:
        """The person is this prospect, and is told so; `ours` when we have created it."""
        pass_gate_for(record.id, "would link a person", prospect_id=prospect_id, ours=ours)
        url = self.target.url(RecordType.PERSON, prospect_id)
        owed = Owed(target_id=str(prospect_id), target_url=url)
        return await self._link(record, prospect_id, email, owed, note=note, known=known)

    async def _link(
        self,
        record: SourceRecord,
        prospect_id: int,
        email: str | None,
        owed: Owed | None,
        *,
        note: Note | None,
        known: Person | None,
    ) -> bool:
        now, version = self.clock.now(), record.version if known is None else known.version
        linked = await self.store.people.link(
            record, prospect_id, email=email, owed=owed, note=note, now=now, known_version=version
        )
        if not linked:
            log.info("person_changed_meanwhile", person=record.ref, prospect_id=prospect_id)
        elif owed is not None:
            self.wake_write_back()
        return linked

    async def _unlink(self, record: SourceRecord, prospect_id: int) -> None:
        pass_gate_for(record.id, "would look for a person anew")
        note = Note("target gone", f"the id was blank, and the prospect {prospect_id} is gone")
        await self.store.people.unlink(record, note, self.clock.now())
        log.warning("prospect_gone", person=record.ref, prospect_id=prospect_id)

    async def _refuse(self, record: SourceRecord, failure: Failure, *, taken: bool) -> None:
        pass_gate_for(record.id, "would flag a person")
        failure = await self.dependence.of(RecordType.PERSON, record, failure)
        await self.store.people.refuse(record, failure, self.clock.now(), taken=taken)
        self.metrics.prospects.labels("refused").inc()
        self.wake_write_back()
        log.warning("person_refused", person=record.ref, field=failure.field, reason=failure.reason)

    async def _hold_back(self, record: SourceRecord, decision: HoldBack) -> None:
        if decision.keep is Keep.READ_AGAIN:
            await self.store.people.forget_reading([record.id])
        elif decision.keep is Keep.REASON:
            await self.store.people.hold_back(record, decision.reason, self.clock.now())
        self.metrics.prospects.labels("held_back").inc()
        log.debug("person_held_back", person=record.ref, reason=decision.reason)

    async def _lose(self, record: SourceRecord, decision: Lose) -> None:
        now, reason = self.clock.now(), decision.reason
        await self.store.people.doubt(record, reason, now, taken=decision.taken)
        self.metrics.prospects.labels("in_doubt").inc()
        log.warning("prospect_in_doubt", person=record.ref, reason=reason)

    async def weigh(
        self, record: SourceRecord, error: EngineError, known: Person | None, limits: RetryLimits
    ) -> None:
        """Its prospect surely was not created, which may be nobody's fault: tried again later."""
        sent = known.sent if known is not None else 0
        decision = self.failing.weigh(
            error,
            limits,
            record_id=record.id,
            attempts=sent,
            failures=sent,
            failed_at=known.failed_at if known is not None else None,
        )
        if decision.refused:
            await self.execute(record, refusal(Rejected(decision.failure.reason)))
            return
        now = self.clock.now()
        retry_at = now + decision.wait_s
        await self.store.people.failed(record.id, decision.failure, now, retry_at=retry_at)
        self.standings.note(
            record.id, Standing(None, decision.failure.reason, retry_s=decision.wait_s)
        )
        self.metrics.prospects.labels("held_back").inc()
        self.failing.deferred(record.ref, error, decision.failure, decision.wait_s)
