"""Dependence: what a refusal of a record depends on, and whether that is another by now.

What decides is `decide.healing`; here the facts are gathered, and nobody is asked for them: the
mapping in force, whom the target was last seen to list, and what was granted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.decide.healing import dependence, heals, marks
from engine.mapping.fillings import fillings, inputs
from engine.mapping_in_force import Mappings
from engine.model.person import Person
from engine.model.records import FieldKind, RecordType, SourceRecord
from engine.model.refusal import Circumstances
from engine.model.work import Basis, Failure
from engine.ports import Source, Target
from engine.resolvers.owners import OwnerRules
from engine.store.port.store import Store

_LISTED = (FieldKind.USER, FieldKind.STAGE)


@dataclass(slots=True)
class Dependence:
    """Shared by all who refuse, and by whoever looks whether a refusal heals.

    Args:
        settings: those that a refusal may depend on, by name.
        heals: whether what is refused is ever tried again by itself.
    """

    store: Store
    source: Source
    target: Target
    mappings: Mappings
    owners: OwnerRules
    settings: Mapping[str, str]
    heals: bool

    async def circumstances(self, record_type: RecordType) -> Circumstances:
        """What holds for all records of the type alike."""
        return Circumstances(
            fillings(self.mappings.of(record_type).lines),
            await self.granted() or "",
            self.settings,
            {kind: await self._bearers(kind) for kind in _LISTED},
        )

    async def granted(self) -> str | None:
        """What was granted in the target, in one line; None where that is not told."""
        authority = self.target.authority
        granted = None if authority is None else (await authority.standing()).granted
        return None if granted is None else " ".join(sorted(granted))

    async def of_opportunity(self, payload: str, failure: Failure) -> Failure:
        """The failure of an opportunity with all that it depends on, where that can be read."""
        try:
            record = self.source.read(RecordType.OPPORTUNITY, payload)
        except Exception:  # noqa: BLE001 # a row that breaks us is what it is refused for
            return failure
        return await self.of(RecordType.OPPORTUNITY, record, failure)

    async def of(self, record_type: RecordType, record: SourceRecord, failure: Failure) -> Failure:
        """The failure with all that it depends on."""
        around = await self.circumstances(record_type)
        read = inputs(self.mappings.of(record_type), record)
        return replace(failure, basis=marks(dependence(failure, around), read, around))

    async def current(
        self, record_type: RecordType, record: SourceRecord, kept: Basis | None
    ) -> Basis:
        """What all that was kept is now."""
        around = await self.circumstances(record_type)
        return marks(kept or (), inputs(self.mappings.of(record_type), record), around)

    async def opportunity_healed(self, record: SourceRecord, kept: Basis | None) -> bool:
        """Whether an opportunity that was refused is to be tried again by itself."""
        return self.heals and heals(kept, await self.current(RecordType.OPPORTUNITY, record, kept))

    async def healed(self, record: SourceRecord, known: Person | None) -> bool:
        """Whether a refused person is to be tried again: not yet, and by itself."""
        if not self.heals or known is None or known.refused_version is None or known.lifted:
            return False
        return heals(known.basis, await self.current(RecordType.PERSON, record, known.basis))

    async def _bearers(self, kind: FieldKind) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        key = self.owners.match if kind is FieldKind.USER else "name"
        for target_id, listed in (await self.store.kept.roster(kind.value)).items():
            name = str(json.loads(listed.entry)[key]).strip()
            found[name] = (*found.get(name, ()), target_id)
        if kind is FieldKind.USER:
            for alias, name in self.owners.aliases.items():
                found[alias] = found.get(name, ())
        return found
