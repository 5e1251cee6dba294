"""Claims: whose a target record is is settled on disk before anything is sent to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from engine.clock import Clock
from engine.decide.claim import Claimant, GiveUp, contenders, lost, owner
from engine.decide.opportunity import held_target_id
from engine.decide.reasons import because
from engine.errors import Rejected, Transient
from engine.model.claim import Claim
from engine.model.identity import id_of
from engine.model.reason import Code
from engine.model.records import Captured, RecordType, SourceRecord
from engine.model.work import Work
from engine.ports import Source, Target
from engine.resolvers.lookups import Lookup
from engine.store.port.store import Store

# So often it is decided anew because another worker was faster.
ROUNDS_MAX = 3

log = structlog.get_logger(component="opportunity_syncer")


@dataclass(frozen=True, slots=True)
class Claims:
    """Decides for one worker.

    `correlation_of` is the correlation value that a record gives to its target record, None where
    it has none that could be sent.
    """

    store: Store
    source: Source
    target: Target
    clock: Clock
    correlation_field: str
    correlation_of: Callable[[SourceRecord], str | None]

    async def settle(self, work: Work, record: SourceRecord, target_id: int) -> bool:
        """Make the target record this one's; False when the id, cleared here, is another's now.

        Others are read from the source: they may have given the id up since they were last seen.

        Raises:
            Rejected: it is that of another record.
            Gone: there is no such target record.
            Transient: a system could not be asked.
        """
        for _ in range(ROUNDS_MAX):
            concerned = await self.store.claims.others(target_id, work.id)
            expected = next((one.record_id for one in concerned if one.since is not None), None)
            shown = await self._shown(concerned)
            winner = await self._winner(work, record, target_id, concerned, shown)
            if winner.id != work.id:
                return await self._lost(work, record, winner, target_id)
            if await self.store.claims.take(
                work.id,
                target_id,
                expected=expected,
                now=self.clock.now(),
                shown=list(shown.values()),
            ):
                return True
        raise Transient(because(Code.CLAIM_CONTENDED), operation="claim")

    async def _shown(self, concerned: list[Claim]) -> Mapping[int, Captured]:
        if not concerned:
            return {}
        with Lookup("records with the same id", at_source=True).reading():
            ids = [one.record_id for one in concerned]
            found = await self.source.fetch(RecordType.OPPORTUNITY, ids)
        return {row.id: row for row in found.whole() if row.id in ids}

    async def _winner(
        self,
        work: Work,
        record: SourceRecord,
        target_id: int,
        concerned: list[Claim],
        shown: Mapping[int, Captured],
    ) -> Claimant:
        me = self._claimant(
            record,
            target_id,
            since=await self.store.claims.since(target_id, work.id),
            owed=work.owes_id and work.target_id == target_id,
            carried=held_target_id(work, record),
        )
        rivals: list[Claimant] = []
        for one in concerned:
            if (row := shown.get(one.record_id)) is not None:
                other = self.source.read(RecordType.OPPORTUNITY, row.payload)
                rivals.append(
                    self._claimant(
                        other, target_id, since=one.since, owed=one.owed, carried=other.target_id
                    )
                )
        if not contenders(rivals):
            return me
        held = await self.target.get(target_id, [self.correlation_field])
        correlation = held.get(self.correlation_field)
        return owner(me, rivals, correlation if isinstance(correlation, str) else None)

    def _claimant(
        self,
        record: SourceRecord,
        target_id: int,
        *,
        since: float | None,
        owed: bool,
        carried: str | None,
    ) -> Claimant:
        return Claimant(
            id=record.id,
            ref=record.ref,
            correlation=self.correlation_of(record),
            carries=id_of(carried or "") == target_id,
            owed=owed,
            wanted=record.sync,
            eligible=record.eligible,
            since=since,
        )

    async def _lost(
        self, work: Work, record: SourceRecord, winner: Claimant, target_id: int
    ) -> bool:
        carries = id_of(held_target_id(work, record) or "") == target_id
        outcome, now = lost(work.ref, target_id, winner, carries=carries), self.clock.now()
        if isinstance(outcome, GiveUp):
            await self.store.records.give_up_target(
                work, target_id, outcome.note, now, successor=winner.id
            )
            return False
        await self.store.claims.tell(winner.id, outcome.note, now)
        log.warning("target_claimed", record=work.ref, target_id=target_id, owner=winner.ref)
        raise Rejected(outcome.reason)
