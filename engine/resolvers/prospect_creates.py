"""Prospect creates: make a person a prospect of the target, or somebody's who has the address."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import structlog

from engine.actors.failing import RetryLimits
from engine.actors.gate import pass_gate
from engine.clock import Clock
from engine.decide.failure import plain_reason
from engine.decide.person import address_taken, create_failed
from engine.errors import EngineError, StateUnusable
from engine.flow.worktime import holding
from engine.model.person import Candidate
from engine.model.reason import Reason
from engine.model.verdict import Adopt, Ask, Created, Forbid, Lose, Refuse, Weigh
from engine.ports import Target
from engine.resolvers.person_outcomes import COMPONENT, PersonOutcomes
from engine.resolvers.prospect_search import Found, ProspectSearch
from engine.store.port.store import Store

log = structlog.get_logger(component=COMPONENT)


@dataclass(slots=True)
class ProspectCreates:
    """Creates one candidate after the other for each address."""

    store: Store
    target: Target
    clock: Clock
    outcomes: PersonOutcomes
    search: ProspectSearch
    _creating: dict[str, anyio.Lock] = field(default_factory=dict[str, anyio.Lock], init=False)

    @property
    def under_way(self) -> Collection[str]:
        """Addresses that somebody is created for, or is about to be."""
        return self._creating.keys()

    @asynccontextmanager
    async def alone_with(self, email: str) -> AsyncGenerator[None]:
        """Two people may share an address, and the second is then the first one's prospect."""
        lock = self._creating.setdefault(email, anyio.Lock())
        try:
            async with holding(lock):
                yield
        finally:
            state = lock.statistics()
            if not (state.locked or state.tasks_waiting):
                self._creating.pop(email, None)

    async def shared(self, emails: Sequence[str]) -> dict[str, int]:
        """The prospects that others with these addresses are, and that are there still.

        Raises:
            EngineError: the target could not be asked.
        """
        ours = await self.store.people.by_email(emails)
        # Nobody has been told yet of one that was deleted in the target.
        there = {one: await self.target.prospect_exists(one) for one in set(ours.values())}
        return {email: one for email, one in ours.items() if there[one]}

    async def create_or_adopt(
        self, candidate: Candidate, retry: RetryLimits, visibility_s: float
    ) -> None:
        """Make the person a prospect; to be called alone with its address.

        Raises:
            EngineError: surely nothing was created, and nobody is known to be at fault.
        """
        record = candidate.record
        shared = await self.shared([candidate.email])
        if shared:
            adopt = Adopt(shared[candidate.email], candidate.email)
            await self.outcomes.execute(record, adopt, candidate.known)
            return
        pass_gate("would create a prospect")
        # Announced before it is sent: whatever dies from here on, the prospect is looked for.
        now = self.clock.now()
        await self.store.people.announce(record, candidate.email, now)
        try:
            prospect_id = await self.target.create_prospect(candidate.fields)
        except StateUnusable:
            raise
        except Exception as error:  # whatever it was, the prospect may have been created
            if not await self._failed(candidate, error, retry, visibility_s):
                raise
        else:
            created = Created(prospect_id, candidate.email, candidate.fields)
            await self.outcomes.execute(record, created, candidate.known)

    async def _failed(
        self, candidate: Candidate, error: Exception, retry: RetryLimits, visibility_s: float
    ) -> bool:
        """Whether that settles the person; else whoever asked for it waits."""
        record = candidate.record
        match create_failed(error, visibility_s):
            case Ask():
                await self._taken(candidate, plain_reason(error), visibility_s)
            case Weigh() if isinstance(error, EngineError):
                await self.outcomes.weigh(record, error, candidate.known, retry)
            case Lose() as lost:
                if not isinstance(error, EngineError):
                    log.error("unexpected", person=record.ref, exc_info=error)
                await self.outcomes.execute(record, lost)
            case Refuse() | Forbid() as decision:
                await self.store.people.withdraw_announcement(record.id)
                await self.outcomes.execute(record, decision)
            case _:
                await self.store.people.withdraw_announcement(record.id)
                return False
        return True

    async def _taken(self, candidate: Candidate, reason: Reason, visibility_s: float) -> None:
        """Somebody has the address: whoever it is, is the person's prospect."""
        try:
            found = await self.search.find([candidate.email])
        except StateUnusable:
            raise
        except EngineError as error:
            # What was announced has its answer: an announcement is kept for no look that failed.
            log.info("taken_by_unknown", person=candidate.record.ref, reason=error.message)
            found = Found()
        sought = found.sought(candidate.email, self.clock.now())
        decision = address_taken(candidate, sought, reason, visibility_s)
        await self.outcomes.execute(candidate.record, decision, candidate.known)
