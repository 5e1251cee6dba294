"""Updates: what a target record holds is made what it shall hold, by the fewest fields."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import anyio

from engine.actors.opportunity.claims import Claims
from engine.actors.opportunity.target_rows import TargetRows
from engine.actors.trust import Trust
from engine.clock import Clock
from engine.decide.failure import FORBIDDEN, error_class
from engine.decide.opportunity import (
    Agree,
    Hold,
    Reconcile,
    Send,
    holds,
    must_claim,
    must_observe,
    needless,
    step,
)
from engine.errors import Conflict, HeldBack, Rejected
from engine.flow.worktime import holding
from engine.model.edit import changes
from engine.model.fields import Fields, Scalar
from engine.model.outcome import Outcome
from engine.model.records import SourceRecord
from engine.model.work import Work
from engine.ports import Target
from engine.store.port.store import Store


@dataclass(frozen=True, slots=True)
class Sent:
    """What a reconcile sent: `fields` is what the target holds now, `changes` what was sent."""

    outcome: Outcome
    target_id: int
    fields: Fields
    changes: Fields


@dataclass(frozen=True, slots=True)
class Held:
    """What `would` be sent to a record that holds what is `known` waits for the fuse."""

    would: str
    known: Fields


@dataclass(frozen=True, slots=True)
class Updates:
    """Updates for one worker, which asks one thing at a time under `asking`.

    `field_names` are the target fields that the mapping in force fills.
    """

    store: Store
    target: Target
    trust: Trust
    rows: TargetRows
    claims: Claims
    clock: Clock
    asking: anyio.Lock
    field_names: Callable[[], Collection[str]]

    async def send(
        self, work: Work, record: SourceRecord, way: Reconcile, fields: Fields
    ) -> Sent | Held | None:
        """Send what differs; None where the target record turned out to be another's.

        Raises:
            Gone: there is no such target record.
            EngineError: it could not be read or changed.
        """
        known, begun = work.synced, False
        try:
            # Whose it is is on disk before anything is sent to it.
            if must_claim(work, way) and not await self.claims.settle(work, record, way.target_id):
                return None
            async with holding(self.asking):
                if must_observe(work, way, fields) or known is None:
                    known = await self.rows.of(work, record, way.target_id, self.field_names())
                    await self.trust.heed(work, record, way.target_id, known, fields)
                match step(work, fields, known):
                    case Hold(would):
                        return Held(would, known)
                    case Send(edits):
                        begun = await self.store.records.begin_update(
                            work.id, way.target_id, edits, known=known, now=self.clock.now()
                        )
                        if not begun:
                            return None
                        sent = await self._patch(work, way.target_id, fields, changes(edits))
                    case Agree():
                        sent = dict[str, Scalar]()
        except (Rejected, Conflict, HeldBack) as error:
            # Surely not executed. Of a 429 that cannot be said: anybody answers with that.
            held = known if isinstance(error, HeldBack) else work.synced
            await self.store.records.note_synced(work.id, held, withdrawn=begun)
            raise
        outcome = Outcome.UPDATED if sent else Outcome.NOOP
        return Sent(outcome, way.target_id, holds(fields, known, self.field_names()), sent)

    async def _patch(self, work: Work, target_id: int, fields: Fields, changes: Fields) -> Fields:
        """Send the changes; returns those that were needed.

        A target may refuse to change nothing, which is what they are once somebody has made the
        same edit there.
        """
        try:
            await self.target.update(target_id, changes)
        except Rejected as error:
            if error_class(error) == FORBIDDEN:
                raise
            known = await self.target.get(target_id, self.field_names())
            if not needless(error, fields, known):
                raise
            # It was somebody else's edit, and not the one that we have announced.
            await self.store.records.note_synced(work.id, known, withdrawn=True)
            return {}
        return changes
