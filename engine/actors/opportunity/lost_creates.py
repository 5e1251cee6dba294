"""Lost creates: what became of a create whose answer never came (rules 3 and 4).

It is looked for by its correlation value until it is found, or until it would have shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import anyio
import structlog

from engine.actors.opportunity.create_search import COMPONENT, CreateSearch
from engine.actors.trust import Trust
from engine.clock import Clock
from engine.decide.create import Found, NotSeen, proof
from engine.decide.doubt import look_in_s, shared_time
from engine.decide.failure import error_class, plain_reason
from engine.flow.worktime import holding
from engine.metrics import Metrics
from engine.model.history import Note
from engine.model.intent import Intent
from engine.model.outcome import Outcome
from engine.model.work import Failure, Work
from engine.ports import Target
from engine.store.port.store import Store

# What this is about, in metrics.
KIND = "opportunity"

log = structlog.get_logger(component=COMPONENT)


@dataclass(slots=True)
class LostCreates:
    """Settles one worker's creates in doubt; `asking` is held while the target is asked."""

    store: Store
    target: Target
    search: CreateSearch
    trust: Trust
    clock: Clock
    metrics: Metrics
    asking: anyio.Lock

    async def doubt(
        self, work: Work, error: Exception, *, visibility_s: float, counts: bool
    ) -> Outcome:
        """Look for the create later, before anything is repeated; returns the outcome.

        Args:
            counts: the loss counts towards the record's attempts.
        """
        now = self.clock.now()
        due_at = shared_time(now, look_in_s(0.0, visibility_s))
        failure = Failure(error_class(error), None, plain_reason(error))
        await self.store.records.doubt(work, failure, due_at=due_at, counts=counts, now=now)
        self.search.signal.notify()
        self.metrics.errors.labels(COMPONENT, failure.reason_class).inc()
        log.warning("create_in_doubt", record=work.ref, reason=failure.reason)
        return Outcome.IN_DOUBT

    async def look(self, work: Work, intent: Intent, bound_s: float) -> Outcome | None:
        """Adopt what the create made; the outcome, or None when it surely was not executed."""
        look = await self.search.look(intent.correlation, intent.look_at)
        ids = [match.id for match in look.matches]
        others = await self.store.claims.owned_by_others(ids, work.id) if ids else set[int]()
        outcome = proof(
            work,
            intent,
            look.matches,
            others=others,
            began_at=look.began_at,
            now=self.clock.now(),
            bound_s=bound_s,
            target_ahead_s=self.trust.target_ahead_s(),
        )
        match outcome:
            case Found():
                return await self._adopt(work, outcome)
            case NotSeen(look_at):
                await self.store.records.look_again(work.id, look_at)
                self.search.signal.notify()
                log.debug("create_not_seen_yet", record=work.ref, correlation=intent.correlation)
                return Outcome.IN_DOUBT
            case _:
                self.metrics.in_doubt_resolved.labels(KIND, "not_executed").inc()
                log.info("create_not_executed", record=work.ref, correlation=intent.correlation)
                return None

    async def _adopt(self, work: Work, found: Found) -> Outcome:
        detail = f"found id {found.oldest.id} by its correlation value"
        if found.twins:
            detail += await self._twins(work, found)
        note, now = Note("adopted", detail), self.clock.now()
        if not await self.store.records.adopt(work, found.oldest.id, note, now):
            return Outcome.ADOPTED
        self.metrics.in_doubt_resolved.labels(KIND, "executed").inc()
        log.info("adopted", record=work.ref, target_id=found.oldest.id)
        return Outcome.ADOPTED

    async def _twins(self, work: Work, found: Found) -> str:
        """Report them; remove those that are provably our own second create of this record."""
        self.metrics.duplicates.inc(len(found.twins))
        self.metrics.errors.labels(COMPONENT, "duplicate").inc()
        others = [twin.id for twin in found.twins]
        log.error("duplicates_found", record=work.ref, kept=found.oldest.id, others=others)
        if not found.removable:
            return f"; also found {others}, which somebody should look at"
        for twin in found.twins:
            async with holding(self.asking):
                await self.target.delete(twin.id)
            log.warning("duplicate_removed", record=work.ref, target_id=twin.id)
        return f"; removed {others}, our own second create"
