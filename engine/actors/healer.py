"""Healer: try again what was refused, once what it was refused for is another.

Mailbox   none: the poller calls it, after a page of changes was captured
Sends     a notification of the dispatchers when something is tried again
Store     reads refused records with what their refusals depended on; notes what it has weighed
Metrics   none
Stops     with the poller; what was not weighed is weighed the next time

While nothing changes it asks nobody anything, and reads only what was never weighed as it is now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from engine.clock import Clock
from engine.decide.healing import by_edit, circumstances_mark, dependence, heals, marks
from engine.mapping.fillings import inputs
from engine.model.kept import MAPPING
from engine.model.records import RecordType
from engine.model.refusal import Circumstances, Refused, Weighed
from engine.ports import Source
from engine.resolvers.dependence import Dependence
from engine.resolvers.prospects import ProspectResolver
from engine.store.port.store import Store

BATCH_MAX = 500

log = structlog.get_logger(component="healer")


@dataclass(slots=True)
class Healer:
    """Weighs refusals against what there is now."""

    source: Source
    store: Store
    clock: Clock
    dependence: Dependence
    prospects: ProspectResolver
    wake: Callable[[], None]
    _seen_granted: str | None = field(default=None, init=False)

    async def follows(self) -> bool:
        """Whether edits of records that carry our flag are news."""
        return self.dependence.heals and await self.store.refusals.any_refused()

    async def step(self) -> int:
        """Try again what heals; returns how many records that are."""
        await self._granted()
        if not self.dependence.heals or await self.store.kept.setting(MAPPING) is not None:
            # What is mapped only now has to be read first.
            return 0
        healed = 0
        if await self.store.refusals.any_refused():
            healed = await self._opportunities()
        if self.source.people and await self.store.refusals.any_person_refused():
            await self._people()
        if healed:
            self.wake()
        return healed

    async def _granted(self) -> None:
        """Whoever waits for what was not granted is due once something else is."""
        granted = await self.dependence.granted()
        if granted is None or granted == self._seen_granted:
            return
        self._seen_granted = granted
        if not await self.store.refusals.note_granted(granted):
            return
        people = await self.store.people.awaited()
        self.prospects.forget(people)
        await self.prospects.wake_awaiting(people)
        log.info("grants_changed", people=len(people))
        self.wake()

    async def _opportunities(self) -> int:
        around = await self.dependence.circumstances(RecordType.OPPORTUNITY)
        mark, healed = circumstances_mark(around), 0
        while refused := await self.store.refusals.unweighed(mark, BATCH_MAX):
            weighed = [self._weighed(one, around) for one in refused]
            await self.store.refusals.weigh(weighed, mark, self.clock.now())
            healed += sum(one.heals for one in weighed)
        if healed:
            log.info("healed", records=healed)
        return healed

    def _weighed(self, refused: Refused, around: Circumstances) -> Weighed:
        record = self.source.read(RecordType.OPPORTUNITY, refused.payload)
        read = inputs(self.dependence.mappings.of(RecordType.OPPORTUNITY), record)
        kept = refused.basis
        if kept is None:
            # Refused by a version that kept none: what it depends on is known from now on.
            basis = marks(dependence(refused.failure, around), read, around)
            return Weighed(refused, heals=False, basis=basis)
        now = marks(kept, read, around)
        return Weighed(refused, heals(kept, now), by_edit=by_edit(kept, now))

    async def _people(self) -> None:
        """Whoever waits for a refused person looks again; the person itself is weighed then."""
        mark = circumstances_mark(await self.dependence.circumstances(RecordType.PERSON))
        people = await self.store.refusals.people_unweighed(mark)
        if not people:
            return
        await self.store.refusals.note_people(people, mark)
        self.prospects.forget(people)
        await self.prospects.wake_awaiting(people)
