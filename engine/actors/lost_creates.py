"""Lost creates: what became of a create whose answer never came (rules 3 and 4).

It is looked for by its correlation value until it is found, or until it would have shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import anyio
import structlog

from engine.actors.create_search import COMPONENT, CreateSearch
from engine.actors.doubt import look_in_s, shared_time
from engine.decide.failure import error_class, plain_reason
from engine.flow.worktime import holding
from engine.metrics import Metrics
from engine.model.history import Note
from engine.model.records import Match
from engine.model.work import Failure, Intent, Work
from engine.ports import Target, WallClock
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
    clock: WallClock
    metrics: Metrics
    asking: anyio.Lock

    async def doubt(
        self, work: Work, error: Exception, *, visibility_s: float, counts: bool
    ) -> str:
        """Look for the create later, before anything is repeated; returns the outcome.

        Args:
            counts: the loss counts towards the record's attempts.
        """
        now = self.clock.now()
        due_at = shared_time(now, look_in_s(0.0, visibility_s))
        failure = Failure(error_class(error), None, plain_reason(error))
        await self.store.records.doubt(work, failure, due_at=due_at, counts=counts, now=now)
        self.search.bell.ring()
        self.metrics.errors.labels(COMPONENT, failure.reason_class).inc()
        log.warning("create_in_doubt", record=work.ref, reason=failure.reason)
        return "in_doubt"

    async def look(self, work: Work, intent: Intent, visibility_s: float) -> str | None:
        """Adopt what the create made; the outcome, or None when it surely was not executed."""
        look = await self.search.look(intent.correlation, intent.look_at)
        present = [match for match in look.matches if not match.trashed]
        ids = [match.id for match in present]
        # Somebody may have entered the id at another record meanwhile, or both carry one value.
        taken = await self.store.claims.owned_by_others(ids, work.id) if ids else set[int]()
        # What is known to be gone may be listed for a while yet, and is not what was created.
        matches = [one for one in present if one.id not in taken and one.id != work.gone_id]
        if matches:
            return await self._adopt(work, intent, matches)
        since = intent.doubt_since if intent.doubt_since is not None else look.began_at
        if look.began_at < since + visibility_s:
            now = self.clock.now()
            due_at = shared_time(now, look_in_s(now - since, visibility_s))
            await self.store.records.look_again(work.id, due_at)
            self.search.bell.ring()
            log.debug("create_not_seen_yet", record=work.ref, correlation=intent.correlation)
            return "in_doubt"
        self.metrics.in_doubt_resolved.labels(KIND, "not_executed").inc()
        log.info("create_not_executed", record=work.ref, correlation=intent.correlation)
        return None

    async def _adopt(self, work: Work, intent: Intent, matches: list[Match]) -> str:
        oldest, *twins = sorted(matches, key=lambda match: match.id)
        detail = f"found id {oldest.id} by its correlation value"
        if twins:
            detail += await self._twins(work, intent, oldest, twins)
        note = Note("adopted", detail)
        if not await self.store.records.adopt(work, oldest.id, note, self.clock.now()):
            return "adopted"
        self.metrics.in_doubt_resolved.labels(KIND, "executed").inc()
        log.info("adopted", record=work.ref, target_id=oldest.id)
        return "adopted"

    async def _twins(self, work: Work, intent: Intent, oldest: Match, twins: list[Match]) -> str:
        """Report them; remove those that are provably our own second create of this record."""
        self.metrics.duplicates.inc(len(twins))
        self.metrics.errors.labels(COMPONENT, "duplicate").inc()
        announced = datetime.fromtimestamp(int(intent.opened_at), UTC).isoformat()[:19]
        ours = all(match.created_at[:19] >= announced for match in (oldest, *twins))
        others = [twin.id for twin in twins]
        log.error("duplicates_found", record=work.ref, kept=oldest.id, others=others)
        # We sent as many creates as there are records, and all are younger than our announcement.
        if not ours or intent.sent < len(twins) + 1:
            return f"; also found {others}, which somebody should look at"
        for twin in twins:
            async with holding(self.asking):
                await self.target.delete(twin.id)
            log.warning("duplicate_removed", record=work.ref, target_id=twin.id)
        return f"; removed {others}, our own second create"
