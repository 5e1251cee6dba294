"""Prospect creates: make a person a prospect of the target, or somebody's who has the address."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import structlog

from engine.actors.candidates import Candidate
from engine.actors.failing import RetryLimits
from engine.actors.gate import pass_gate
from engine.actors.person_outcomes import COMPONENT, PersonOutcomes
from engine.actors.prospect_search import ProspectSearch
from engine.decide.failure import FORBIDDEN, error_class, plain_reason
from engine.errors import (
    Conflict,
    EngineError,
    Gone,
    OurFault,
    Rejected,
    StateUnusable,
    Taken,
    surely_not_executed,
)
from engine.flow.worktime import holding
from engine.ports import Target, WallClock
from engine.store.port.store import Store

log = structlog.get_logger(component=COMPONENT)


@dataclass(slots=True)
class ProspectCreates:
    """Creates one candidate after the other for each address."""

    store: Store
    target: Target
    clock: WallClock
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

    async def create_or_adopt(
        self, candidate: Candidate, retry: RetryLimits, visibility_s: float
    ) -> None:
        """Make the person a prospect; to be called alone with its address.

        Raises:
            EngineError: surely nothing was created, and nobody is known to be at fault.
        """
        record = candidate.record
        shared = await self.store.people.by_email([candidate.email])
        if shared:
            await self.outcomes.adopted(record, shared[candidate.email], candidate.email)
            return
        pass_gate("would create a prospect")
        # Announced before it is sent: whatever dies from here on, the prospect is looked for.
        now = self.clock.now()
        await self.store.people.announce(record, candidate.email, now)
        try:
            prospect_id = await self.target.create_prospect(candidate.fields)
        except Taken as error:
            await self._taken(candidate, error, visibility_s)
        except Rejected as error:
            await self.store.people.withdraw_announcement(record.id)
            if error_class(error) == FORBIDDEN:
                self.outcomes.forbidden(record, error)
            else:
                await self.outcomes.refused(record, error)
        except (OurFault, Conflict, Gone) as error:
            await self.outcomes.failed(record, error, candidate.known, retry)
        except StateUnusable:
            raise
        except Exception as error:  # whatever it was, the prospect may have been created
            if surely_not_executed(error):
                await self.store.people.withdraw_announcement(record.id)
                raise
            if not isinstance(error, EngineError):
                log.error("unexpected", person=record.ref, exc_info=error)
            await self.outcomes.lost(record, plain_reason(error), visibility_s)
        else:
            await self.outcomes.created(record, prospect_id, candidate.email)

    async def _taken(self, candidate: Candidate, error: Taken, visibility_s: float) -> None:
        """Somebody has the address: whoever it is, is the person's prospect."""
        found = await self.search.find([candidate.email])
        prospect_id = found.prospects.get(candidate.email)
        if prospect_id is None:
            await self.outcomes.lost(candidate.record, error.message, visibility_s, taken=True)
        else:
            await self.outcomes.adopted(candidate.record, prospect_id, candidate.email)
