"""References of a record, resolved together: who owns it, its stage, its account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.decide.reasons import because
from engine.mapping.fields import Wanted
from engine.model.reason import Code, Reason
from engine.model.records import FieldKind
from engine.resolvers.accounts import AccountResolver
from engine.resolvers.owners import OwnerResolver


@dataclass(slots=True)
class Resolution:
    """What became of the references.

    `ids` by target field; `notes`, likewise, say why one was left blank where that is odd, and
    `blanks` of each; `awaited` names what the record shall be reconciled again for, once it turns
    up. Fields that are `untold` may hold anything.
    """

    ids: dict[str, int | None] = field(default_factory=dict[str, int | None])
    notes: dict[str, Reason] = field(default_factory=dict[str, Reason])
    blanks: dict[str, Reason] = field(default_factory=dict[str, Reason])
    awaited: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    untold: set[str] = field(default_factory=set[str])


@dataclass(frozen=True, slots=True)
class References:
    """Asks the right resolver for each kind."""

    owners: OwnerResolver
    accounts: AccountResolver

    async def resolve(self, wanted: Sequence[Wanted]) -> Resolution:
        """Resolve every reference a record names.

        Raises:
            Transient: a system could not be asked.
        """
        resolution = Resolution()
        for reference in wanted:
            if reference.kind is FieldKind.ACCOUNT:
                target_id, note = await self.accounts.resolve(reference.name)
            else:
                target_id, note = await self.owners.resolve(reference.kind, reference.name)
            resolution.ids[reference.field] = target_id
            if note is not None and note.code is Code.COLUMN_ABSENT:
                resolution.untold.add(reference.field)
            elif note is not None:
                resolution.notes[reference.field] = note
            if target_id is None:
                resolution.awaited.append((reference.kind.value, reference.name))
                unlinked = because(Code.CUSTOMER_UNLINKED, name=reference.name)
                resolution.blanks[reference.field] = note or unlinked
        return resolution

    async def resolve_anew(self, wanted: Sequence[Wanted]) -> Resolution:
        """Resolve without trusting what is cached: the target refused a reference."""
        kinds = {reference.kind for reference in wanted}
        await self.owners.refresh(kinds)
        self.accounts.forget(
            reference.name for reference in wanted if reference.kind is FieldKind.ACCOUNT
        )
        return await self.resolve(wanted)
