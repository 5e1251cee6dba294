"""Asking why: all that is known of a record is gathered, and explained.

What is stored is read; unless that is unwanted, both systems are read too, as a fresh edit would
be. What cannot be read is said, and the rest is explained all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from engine.assembly import limits
from engine.assembly.assembly import Assembly
from engine.decide.opportunity import Reconcile, course
from engine.decide.why.basis import as_kept, work_of
from engine.decide.why.document import document, unknown
from engine.decide.why.explain import explain
from engine.decide.why.person import explain_person
from engine.errors import EngineError, Gone
from engine.flow.lane import current_lane
from engine.flow.purpose import spent_on
from engine.mapping.fields import FieldMapping
from engine.mapping.telling import kept, told
from engine.model.dossier import Dossier
from engine.model.explanation import (
    Explanation,
    FieldFact,
    PersonWhy,
    RecordFacts,
    SourceLook,
    TargetLook,
)
from engine.model.kept import CREATES_PAUSED
from engine.model.lane import Lane
from engine.model.named import Named
from engine.model.purpose import Purpose
from engine.model.records import RecordType, SourceRecord
from engine.model.states import State
from engine.service.why import holds, lines
from engine.service.why.pointing import NEAREST_MAX, pointers_of, spelled
from engine.service.why.references import remembered, resolved
from engine.service.why.shown import shown_as


@dataclass(slots=True)
class Asking:
    """One question.

    Args:
        live: both systems may be read.
    """

    assembly: Assembly
    live: bool
    unseen: list[str] = field(default_factory=list[str])

    async def answer(self, text: str) -> dict[str, Any]:
        """What becomes of the record of this name, why, and what helps."""
        current_lane.set(Lane.FRESH)
        config = self.assembly.config
        pointers = pointers_of(config, text)
        dossiers = self.assembly.store.dossiers
        with spent_on(Purpose.FRESH):
            found = await dossiers.find(pointers)
            if not found and self.live:
                found = await shown_as(self.assembly, pointers, self._miss)
            if not found:
                near = await dossiers.alike(pointers, NEAREST_MAX)
                tried = [spelled(one, config) for one in pointers]
                return unknown(text, tried, [one.ref for one in near], self.unseen)
            first, *others = found
            explanation = await self._explained(first)
        refs = tuple(f"{one.ref} ({one.record_type.value})" for one in others)
        return document(replace(explanation, others=refs))

    async def _explained(self, named: Named) -> Explanation:
        if named.record_type is RecordType.PERSON:
            return explain_person(await self._person_facts(named))
        return explain(await self._facts(named))

    async def _facts(self, named: Named) -> RecordFacts:
        assembly, config = self.assembly, self.assembly.config
        store = assembly.store
        dossier = await store.dossiers.of_opportunity(named.id)
        look = await self._source_look(RecordType.OPPORTUNITY, named.id)
        record = self._best(dossier, look)
        dossier = await self._as_healed(dossier, record)
        lane = Lane.FRESH if dossier is None else dossier.work.lane
        facts = RecordFacts(
            assembly.environment.clock.now(),
            config.connectors.words,
            named.ref,
            dossier,
            record,
            source=look,
            holds=holds.holds(assembly, lane),
            creates_paused=await store.kept.setting(CREATES_PAUSED),
            recreate_missing=limits.sync_limits(config).recreate_missing,
            next_look_at=assembly.environment.clock.now() + config.engine.poller.interval_s,
            healing=config.engine.retry.heal,
        )
        if record is not None:
            facts = replace(
                facts,
                left_out=tuple(one.text for one in assembly.mappings.mistakes),
                target=await self._target_look(facts, record),
                fields=await self._fields(dossier, record),
                lines=await lines.of(assembly, record, dossier, live=self.live, miss=self._miss),
            )
        return replace(facts, unseen=tuple(self.unseen), holds=holds.holds(assembly, lane))

    async def _as_healed(
        self, dossier: Dossier | None, record: SourceRecord | None
    ) -> Dossier | None:
        """What is refused as it will be tried again, where what it was refused for is another."""
        if dossier is None or record is None or dossier.state is not State.REFUSED:
            return dossier
        dependence = self.assembly.worker_factory.dependence
        if not record.columns or not await dependence.opportunity_healed(record, dossier.basis):
            return dossier
        work = replace(dossier.work, lifted=True)
        return replace(dossier, work=work, state=State.PENDING, cause=None)

    async def _person_facts(self, named: Named) -> PersonWhy:
        assembly = self.assembly
        dossier = await assembly.store.dossiers.of_person(named.id)
        look = await self._source_look(RecordType.PERSON, named.id)
        line = await lines.of_person(
            assembly, named, None if look is None else look.record, miss=self._miss, live=self.live
        )
        return PersonWhy(
            assembly.environment.clock.now(),
            assembly.config.connectors.words,
            named.ref,
            dossier,
            line,
            look,
            holds.holds(assembly, Lane.FRESH),
            tuple(self.unseen),
            healing=assembly.config.engine.retry.heal,
        )

    async def _source_look(self, record_type: RecordType, record_id: int) -> SourceLook | None:
        if not self.live:
            return None
        source, at = self.assembly.systems.source, self.assembly.environment.clock.now()
        try:
            rows = (await source.fetch(record_type, [record_id])).whole()
            if rows:
                return SourceLook(at, source.read(record_type, rows[0].payload))
            deleted = record_id in await source.deleted(record_type, [record_id])
            return SourceLook(at, None, deleted)
        except EngineError as error:
            self._miss(f"the {record_type.value} in {self._words.source}", error)
            return None

    def _best(self, dossier: Dossier | None, look: SourceLook | None) -> SourceRecord | None:
        """The record as it is known best, also one that is shown no more."""
        if look is not None and look.record is not None:
            return look.record
        if dossier is None:
            return None
        return opened(self.assembly, dossier)

    async def _target_look(self, facts: RecordFacts, record: SourceRecord) -> TargetLook | None:
        work = work_of(facts)
        way = None if work is None else course(work, record)
        target_id = way.target_id if isinstance(way, Reconcile) else None
        if target_id is None and work is not None and work.intent is None:
            target_id = work.target_id
        if not self.live or target_id is None:
            return None
        at = self.assembly.environment.clock.now()
        try:
            fields = await self.assembly.systems.target.get(target_id, self._mapping.field_names)
        except Gone:
            return TargetLook(at, target_id, None)
        except EngineError as error:
            self._miss(f"{target_id} in {self._words.target}", error)
            return None
        return TargetLook(at, target_id, fields)

    async def _fields(self, dossier: Dossier | None, record: SourceRecord) -> tuple[FieldFact, ...]:
        assembly = self.assembly
        rules = limits.owner_rules(assembly.config)
        if not record.columns:
            synced = None if dossier is None else dossier.work.synced
            return kept(self._mapping.field_names, synced) if synced else ()
        references: dict[str, Any] = {}
        try:
            if self.live:
                references = await resolved(
                    assembly.worker_factory.references,
                    assembly.store,
                    rules,
                    self._mapping,
                    record,
                )
        except EngineError as error:
            self._miss("owner, stage or account", error)
        if not references and dossier is not None:
            references = await remembered(dossier, assembly.store, rules, self._mapping, record)
        return told(self._mapping, record, references)

    @property
    def _mapping(self) -> FieldMapping:
        return self.assembly.mappings.of(RecordType.OPPORTUNITY)

    @property
    def _words(self) -> Any:
        return self.assembly.config.connectors.words

    def _miss(self, what: str, error: EngineError) -> None:
        self.unseen.append(f"{what}: {error.message}")


def opened(assembly: Assembly, dossier: Dossier) -> SourceRecord:
    """The record as it was captured, with as much of it as can be read."""
    record = as_kept(dossier)
    try:
        read = assembly.systems.source.read(RecordType.OPPORTUNITY, dossier.work.payload)
    except EngineError:
        return record
    # The row is older than what is known of the flag, and of the box.
    return replace(read, sync=read.sync and record.sync, error=read.error or record.error)
