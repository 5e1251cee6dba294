"""Opportunity failures: what becomes of a record that was not synced (rules 6 and 7).

It failed, it was held back, or it would change together with many others. Who is at fault is said
by `decide.failure`; here that is written down and told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from engine.actors.failing import Failing, RetryLimits
from engine.actors.gate import may_flag
from engine.actors.opportunity.create_search import COMPONENT
from engine.clock import Clock
from engine.decide.failure import (
    FORBIDDEN,
    LOST_CLASSES,
    error_class,
    held_back,
    not_sent_again,
    plain_reason,
)
from engine.errors import HeldBack, NotPlanned, Rejected
from engine.flow.governor import HOLD_MAX_S
from engine.model.fields import Fields
from engine.model.intent import Intent
from engine.model.outcome import Outcome
from engine.model.work import Failure, Work
from engine.resolvers.dependence import Dependence
from engine.store.port.store import Store

log = structlog.get_logger(component=COMPONENT)


@dataclass(slots=True)
class OpportunityFailures:
    """Settles one worker's failures; each returns the outcome as counted.

    Args:
        note_settled: told of a refused record, and whether it rests or a newer change waits.
        wake_downstream: something may be owed to the source.
    """

    store: Store
    clock: Clock
    failing: Failing
    note_settled: Callable[[Work, bool], None]
    wake_downstream: Callable[[], None]
    dependence: Dependence

    async def held(self, work: Work, error: HeldBack) -> Outcome:
        """Nothing was sent; who watches the target sends it again, or time does."""
        closed = self.failing.governor.closed(work.lane)
        wait = held_back(error, closed=closed, longest_s=HOLD_MAX_S)
        if wait is not None:
            failure = Failure(error_class(error), None, plain_reason(error))
            now = self.clock.now()
            await self.store.records.postpone(work, failure, now + wait.least_s, now)
        log.debug("held", record=work.ref, reason=error.message)
        return Outcome.HELD

    async def weighed(
        self, work: Work, known: Fields | None, would: str, *, target_id: int | None = None
    ) -> Outcome:
        """One of many records that would change at once: the fuse decides when all are known.

        Args:
            known, target_id: what the target record was seen to hold, and its id, where it was
                read.
        """
        await self.store.fuse.hold_record(work.id, work.revision, known, would, target_id=target_id)
        log.debug("held_by_fuse", record=work.ref, reason=would)
        return Outcome.HELD_BY_FUSE

    async def failed(self, work: Work, error: Exception, limits: RetryLimits) -> Outcome:
        """Refuse the record, or try it again later."""
        alike = 0
        if error_class(error) == FORBIDDEN:
            alike = await self.store.records.failing_alike(FORBIDDEN, work.id)
        decision = self.failing.weigh(
            error,
            limits,
            record_id=work.id,
            attempts=work.attempts,
            failures=work.failures,
            failed_at=work.failed_at,
            forbidden_alike=alike,
        )
        failure, wait_s = decision.failure, decision.wait_s
        if decision.refused:
            return await self._refuse(work, failure)
        now = self.clock.now()
        await self.store.records.defer(
            work,
            failure,
            due_at=now + wait_s,
            counts=decision.counts,
            fails=decision.fails,
            now=now,
        )
        self.failing.deferred(work.ref, error, failure, wait_s)
        return Outcome.DEFERRED

    async def ensure_not_at_fault(self, work: Work, intent: Intent, attempts_max: int) -> None:
        """Whether a create of which nothing came is to be sent once more.

        Raises:
            Rejected: it is lost again and again, and the record alone can be the reason.
        """
        alike = 0
        for reason_class in LOST_CLASSES:
            alike += await self.store.records.failing_alike(reason_class, work.id)
        now = self.clock.now()
        fault = not_sent_again(
            blamed=work.attempts,
            sent=intent.sent,
            attempts_max=attempts_max,
            failing_s=now - (work.failed_since or now),
            alike=alike,
            last=work.reason,
        )
        if fault is not None:
            raise Rejected(fault)

    async def _refuse(self, work: Work, failure: Failure) -> Outcome:
        if not may_flag(work.id):
            return await self.held(work, NotPlanned(failure.reason))
        failure = await self.dependence.of_opportunity(work.payload, failure)
        outcome = await self.store.records.settle_refused(work, failure, self.clock.now())
        if outcome is Outcome.HELD_BY_FUSE:
            log.debug("held_by_fuse", record=work.ref, reason=failure.reason)
            return outcome
        self.note_settled(work, outcome is Outcome.REFUSED)
        self.wake_downstream()
        log.warning("refused", record=work.ref, field=failure.field, reason=failure.reason)
        return Outcome.REFUSED
