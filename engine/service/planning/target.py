"""The target of a rehearsal: readings are real, writings are noted and answered as if done.

What a writing would meet is looked at first, where that can be told by a reading: whether the
record is there, and what it holds. These looks are no part of what the run would send.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

from engine.actors.gate import gated
from engine.connector import TargetConnector
from engine.decide.reasons import foreign
from engine.errors import EngineError, Gone, Rejected
from engine.flow.ledger import current_record
from engine.flow.tally import Counted, Tally, counted_by, current_tally
from engine.model.edit import Edit
from engine.model.fields import Fields
from engine.model.plan import Kind
from engine.model.reason import Code
from engine.model.records import ProspectMatch, RecordType, Role
from engine.ports import Target
from engine.service.planning.baseline import Baseline
from engine.service.planning.overlay import INVENTED, Overlay

# So many records are looked at before they would be written; of more it is believed what is known.
LOOKS_MAX = 1000
_GONE, _REFUSED = 404, 422
# Said of a request that is sent all the same: only its refusal tells.
_WOULD_BE_REFUSED = "it would be refused:"
_IS_GONE = f"{_WOULD_BE_REFUSED} there is no such record any more"


def rehearsed(
    target: Target, connector: TargetConnector, overlay: Overlay, base: Baseline
) -> Target:
    """The target, its writings in the overlay, behind the gate as ever."""
    return gated(cast("Target", RehearsedTarget(target, connector, overlay, base)))


@dataclass(slots=True)
class RehearsedTarget:
    """Readings of what is really there pass as they are.

    Args:
        base: what the state knew before the rehearsal.
    """

    target: Target
    connector: TargetConnector
    overlay: Overlay
    base: Baseline
    looks: int = 0
    _prospects: dict[int, bool] = field(default_factory=dict[int, bool], init=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.target, name)

    # Opportunities.

    async def create(self, fields: Fields) -> int:
        self._writes("create")
        target_id = self.overlay.invented()
        self.overlay.write_opportunity(target_id, fields)
        edits = [Edit(name, None, value) for name, value in fields.items() if value is not None]
        self._note(Kind.CREATE, target_id, edits=edits)
        return target_id

    async def update(self, target_id: int, changes: Fields) -> None:
        if not changes:
            return
        self._writes("update")
        known = self.base.synced(target_id)
        try:
            present = await self._present(target_id, changes)
        except Gone:
            edits = [Edit(name, None, value) for name, value in changes.items()]
            self._note(Kind.UPDATE, target_id, edits=edits, refused=_IS_GONE)
            raise
        if present is None:
            self.overlay.unlooked += 1
            present = known or {}
        ours = known is not None
        edits = [Edit(name, present.get(name), value) for name, value in changes.items()]
        touched = [edit for edit in edits if edit.before not in (None, "", [])]
        overwrites = any(
            not ours or edit.before != (known or {}).get(edit.field) for edit in touched
        )
        self.overlay.write_opportunity(target_id, changes)
        self._note(Kind.UPDATE, target_id, edits=edits, overwrites=overwrites)

    async def get(self, target_id: int, field_names: Collection[str]) -> Fields:
        written = self.overlay.opportunity(target_id)
        if target_id > INVENTED:
            self._reads("get")
            fields: Fields = {}
        else:
            fields = await self.target.get(target_id, field_names)
            self.overlay.keep_seen(target_id, fields)
        if written is None:
            return fields
        if written[1]:
            self._gone("get")
        return {name: written[0].get(name, fields.get(name)) for name in field_names}

    async def shown(
        self, target_ids: Collection[int], field_names: Collection[str]
    ) -> Mapping[int, Fields]:
        real = [one for one in target_ids if one <= INVENTED]
        found = dict(await self.target.shown(real, field_names)) if real else dict[int, Fields]()
        for target_id in target_ids:
            written = self.overlay.opportunity(target_id)
            # What is only written down here is read one by one, as it would be if it were there.
            if written is not None:
                found.pop(target_id, None)
        for target_id, fields in found.items():
            self.overlay.keep_seen(target_id, fields)
        return found

    async def delete(self, target_id: int) -> None:
        self._writes("delete")
        self.overlay.write_opportunity(target_id, {}, gone=True)
        self._note(Kind.REMOVE, target_id)

    async def _present(self, target_id: int, changes: Fields) -> Fields | None:
        """What it holds of these fields now; None when there are too many to look at each.

        Raises:
            Gone: there is no such record.
        """
        written = self.overlay.opportunity(target_id)
        if written is not None and (target_id > INVENTED or written[0].keys() >= changes.keys()):
            return written[0]
        # What the run itself reads before it writes need not be looked at once more.
        seen = {**self.overlay.seen(target_id), **(written[0] if written is not None else {})}
        if seen.keys() >= changes.keys():
            return seen
        if self.looks >= LOOKS_MAX:
            return None
        self.looks += 1
        try:
            with counted_by(None):
                return await self.target.get(target_id, changes.keys())
        except Gone as error:
            self._gone("update", error)
        except EngineError:
            return None

    # Prospects.

    async def find_prospects(self, emails: Collection[str]) -> list[ProspectMatch]:
        shown = await self.target.find_prospects(emails)
        return [*shown, *self.overlay.prospects(list(emails))]

    async def create_prospect(self, fields: Fields) -> int:
        self._writes("create_prospect")
        prospect_id = self.overlay.invented()
        emails = fields.get(self.connector.email_field)
        self.overlay.write_prospect(prospect_id, emails if isinstance(emails, list) else [])
        edits = [Edit(name, None, value) for name, value in fields.items() if value is not None]
        # Whose it is, is known once the answer is kept.
        self.overlay.note(
            Kind.PROSPECT, RecordType.PERSON, None, target_id=prospect_id, edits=edits
        )
        return prospect_id

    async def prospect_exists(self, prospect_id: int) -> bool:
        if prospect_id > INVENTED:
            self._reads("prospect_exists")
            return True
        return await self.target.prospect_exists(prospect_id)

    # Roles.

    async def roles(self, target_id: int) -> list[Role]:
        if target_id > INVENTED:
            self._reads("roles")
            shown: list[Role] = []
        else:
            shown = await self.target.roles(target_id)
        there: list[Role] = []
        for role in shown:
            written = self.overlay.role(role.id)
            if written is None:
                there.append(role)
            elif not written[1]:
                there.append(Role(role.id, role.prospect_id, written[0].role, role.created_at))
        return [*there, *self.overlay.made_roles(target_id)]

    async def role(self, target_id: int, role_id: int) -> Role | None:
        written = self.overlay.role(role_id)
        if role_id > INVENTED:
            self._reads("role")
            shown = None
        else:
            shown = await self.target.role(target_id, role_id)
        if written is not None:
            return None if written[1] else written[0]
        return shown

    async def create_role(self, target_id: int, prospect_id: int, role: str) -> int:
        self._writes("create_role")
        lacking = "" if await self._is_prospect(prospect_id) else "prospect"
        if not lacking and await self._is_gone(target_id):
            lacking = "opportunity"
        if lacking:
            new = Role(0, prospect_id, role)
            why = f"{_WOULD_BE_REFUSED} there is no such {lacking}"
            self._note_role(Kind.ROLE_ADD, target_id, new, before=None, after=role, refused=why)
            self._refused("create_role", lacking)
        role_id = self.overlay.invented()
        self.overlay.write_role(Role(role_id, prospect_id, role), target_id)
        self._note_role(
            Kind.ROLE_ADD, target_id, Role(role_id, prospect_id, role), before=None, after=role
        )
        return role_id

    async def update_role(self, role_id: int, role: str) -> None:
        self._writes("update_role")
        target_id, present = await self._present_role(role_id)
        if present is None:
            known = self.base.role(role_id)[1] or Role(role_id, 0, "")
            self._note_role(
                Kind.ROLE_CHANGE, target_id, known, before=None, after=role, refused=_IS_GONE
            )
            self._gone("update_role")
        self.overlay.write_role(Role(role_id, present.prospect_id, role), target_id)
        self._note_role(Kind.ROLE_CHANGE, target_id, present, before=present.role, after=role)

    async def delete_role(self, role_id: int) -> None:
        self._writes("delete_role")
        target_id, present = await self._present_role(role_id)
        # One that is gone already counts as removed, as the request finds it.
        removed = present or self.base.role(role_id)[1] or Role(role_id, 0, "")
        self.overlay.write_role(removed, target_id, gone=True)
        self._note_role(Kind.ROLE_REMOVE, target_id, removed, before=removed.role, after=None)

    async def _present_role(self, role_id: int) -> tuple[int | None, Role | None]:
        """The opportunity and the role as it is now; the role as it is known where nobody looks."""
        target_id, known = self.base.role(role_id)
        written = self.overlay.role(role_id)
        if written is not None:
            return target_id, None if written[1] else written[0]
        if target_id is None or self.looks >= LOOKS_MAX:
            return target_id, known
        self.looks += 1
        try:
            with counted_by(None):
                return target_id, await self.target.role(target_id, role_id)
        except EngineError:
            return target_id, known

    async def _is_prospect(self, prospect_id: int) -> bool:
        if prospect_id > INVENTED:
            return True
        known = self._prospects.get(prospect_id)
        if known is None and self.looks < LOOKS_MAX:
            self.looks += 1
            try:
                with counted_by(None):
                    known = await self.target.prospect_exists(prospect_id)
            except EngineError:
                return True
            self._prospects[prospect_id] = known
        return known is not False

    async def _is_gone(self, target_id: int) -> bool:
        if target_id > INVENTED or self.looks >= LOOKS_MAX:
            return False
        self.looks += 1
        try:
            with counted_by(None):
                await self.target.get(target_id, ())
        except Gone as error:
            # What is in the trash is shown, and roles on it are taken.
            return error.status is not None
        except EngineError:
            return False
        return False

    # What all of them share.

    def _counted(self, operation: str) -> tuple[Tally | None, Counted]:
        method, route = self.connector.calls.get(operation, ("", operation))
        return current_tally.get(), Counted(self.connector.name, method, route)

    def _writes(self, operation: str) -> None:
        tally, kind = self._counted(operation)
        if tally is not None:
            tally.note_write(kind)

    def _reads(self, operation: str) -> None:
        tally, kind = self._counted(operation)
        if tally is not None:
            tally.note_reading(kind)

    def _note(
        self,
        kind: Kind,
        target_id: int | None,
        *,
        edits: Sequence[Edit] = (),
        role: Mapping[str, Any] | None = None,
        overwrites: bool = False,
        refused: str | None = None,
    ) -> None:
        self.overlay.note(
            kind,
            RecordType.OPPORTUNITY,
            current_record.get(),
            version=self.base.version(current_record.get()),
            target_id=target_id,
            edits=edits,
            role=role,
            overwrites=overwrites,
            reason=refused,
        )

    def _note_role(
        self,
        kind: Kind,
        target_id: int | None,
        role: Role,
        *,
        before: str | None,
        after: str | None,
        refused: str | None = None,
    ) -> None:
        told = {
            "id": role.id or None,
            "prospect": role.prospect_id,
            "before": before,
            "after": after,
        }
        self._note(kind, target_id, role=told, refused=refused)

    def _gone(self, operation: str, error: Gone | None = None) -> NoReturn:
        status = _GONE if error is None else error.status
        raise Gone(
            "no such record" if error is None else error.message,
            system=self.connector.name,
            operation=operation,
            status=status,
        ) from error

    def _refused(self, operation: str, name: str) -> NoReturn:
        raise Rejected(
            foreign(Code.REFUSED, f"there is no such {name}"),
            field=name,
            system=self.connector.name,
            operation=operation,
            status=_REFUSED,
        )
