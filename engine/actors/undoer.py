"""Undoer: give target records back what writes took the place of, as far as it is as we left it.

Mailbox   none: whoever asks for it drives it; it holds the keys in both mailboxes that it works on
Sends     nothing
Store     reads what was written; announces each edit before it is sent, and keeps what came of it
Metrics   those of the requests
Stops     with whoever asked; what was announced and not answered is found the next time
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace

import anyio
import structlog

from engine.clock import Clock
from engine.decide.failure import plain_reason
from engine.decide.undo import (
    GiveBack,
    Kept,
    RolesBack,
    cannot,
    fields_back,
    given_back,
    marked,
    never_deleted,
    roles_back,
    sums,
)
from engine.errors import (
    Conflict,
    EngineError,
    Gone,
    HeldBack,
    Rejected,
    StateUnusable,
    surely_not_executed,
)
from engine.flow.lane import current_lane
from engine.flow.ledger import current_record
from engine.flow.mailbox import Mailbox
from engine.flow.worktime import pausing
from engine.mapping.fields import FieldMapping
from engine.mapping_in_force import Mappings
from engine.model.edit import Edit, changes
from engine.model.fields import Fields
from engine.model.lane import Lane
from engine.model.named import Named
from engine.model.plan import Change, Kind, LeftOut, RoleEdit
from engine.model.records import RecordType, Role
from engine.model.tab import KnownRole
from engine.model.undo import RoleChange, Scope, Standing, Sum
from engine.model.write import WriteKind
from engine.ports import Source, Target
from engine.resolvers.references import References
from engine.runs import kept_run
from engine.store.port.store import Store

# So many records are worked on at once, and so many are looked up by one reading of the state.
AT_ONCE = 4
BATCH = 100
# A hold of up to so many seconds is waited out, so often; what is held for longer is left out.
HOLD_S_MAX = 30.0
HOLDS_MAX = 3
CAPTURED_ANEW = "it was edited, or handed over, just now; try again"
AGAIN = "the mapping in force makes the same again: the next edit of the record sends it"

Line = Change | LeftOut

log = structlog.get_logger(component="undoer")


@dataclass(frozen=True, slots=True)
class _Seen:
    """One target record as it is, and what of it is given back."""

    found: Sum
    standing: Standing
    live: Fields
    fields: GiveBack
    roles: RolesBack


@dataclass(slots=True)
class Undoer:
    """Plans, and carries out what it has planned."""

    store: Store
    source: Source
    target: Target
    references: References
    mappings: Mappings
    clock: Clock
    changes: Mailbox[int]
    tabs: Mailbox[int]

    async def plan(self, scope: Scope) -> AsyncGenerator[Line]:
        """What would be given back, and what would not; each target record is read."""
        async for line in self._each(scope, self._planned):
            yield line

    async def carry_out(self, scope: Scope) -> AsyncGenerator[Line]:
        """Give it back; what is yielded as a change is done."""
        async for line in self._each(scope, self._done):
            yield line

    async def _each(
        self, scope: Scope, deal: Callable[[Scope, Named], Awaitable[list[Line]]]
    ) -> AsyncGenerator[Line]:
        current_lane.set(Lane.BACKLOG)
        after = 0
        while batch := await self.store.undos.meant(scope, after, BATCH):
            after += len(batch)
            for start in range(0, len(batch), AT_ONCE):
                told: dict[Named, list[Line]] = {}

                async def one(named: Named, told: dict[Named, list[Line]]) -> None:
                    told[named] = await self._dealt_with(scope, named, deal)

                part = batch[start : start + AT_ONCE]
                async with anyio.create_task_group() as tasks:
                    for named in part:
                        tasks.start_soon(one, named, told)
                for named in part:
                    for line in told[named]:
                        yield line

    async def _dealt_with(
        self, scope: Scope, named: Named, deal: Callable[[Scope, Named], Awaitable[list[Line]]]
    ) -> list[Line]:
        """One record's trouble keeps back no other; a short hold is waited out."""
        current_record.set(named.id)
        for turn in range(HOLDS_MAX + 1):
            try:
                return await deal(scope, named)
            except StateUnusable:
                raise
            except HeldBack as error:
                hold_s = error.retry_after_s or 1.0
                if turn == HOLDS_MAX or hold_s > HOLD_S_MAX:
                    return [_left_out(named, f"{plain_reason(error)}; undo it again later")]
                await pausing(hold_s)
            except EngineError as error:
                return [_left_out(named, f"{plain_reason(error)}; undo it again")]
        return []

    async def _planned(self, scope: Scope, named: Named) -> list[Line]:
        lines: list[Line] = []
        for found, known in await self._sums(scope, named):
            seen, kept = await self._look(found)
            lines += _left(found, [*known, *kept])
            if seen is not None:
                lines += [*_field_change(seen), *_role_changes(seen.found, seen.roles)]
                lines += _left(found, [*seen.fields.kept, *seen.roles.kept])
        return lines

    async def _done(self, scope: Scope, named: Named) -> list[Line]:
        if named.record_type is RecordType.PERSON:
            return await self._planned(scope, named)
        lines: list[Line] = []
        async with self.changes.reserving(named.id), self.tabs.reserving(named.id):
            for found, known in await self._sums(scope, named):
                seen, kept = await self._look(found)
                lines += _left(found, [*known, *kept])
                if seen is not None:
                    lines += await self._give_back(seen)
                    lines += _left(found, [*seen.fields.kept, *seen.roles.kept])
        return lines

    async def _sums(self, scope: Scope, named: Named) -> list[tuple[Sum, list[Kept]]]:
        """What there is to give back, less what is told to have been already."""
        lines, later = await self.store.undos.written(scope, named)
        return [given_back(found, later) for found in sums(lines)]

    async def _look(self, found: Sum) -> tuple[_Seen | None, list[Kept]]:
        """Read the target record; None where nothing of it can be given back."""
        kept = never_deleted(found, self.target.url(found.record_type, found.target_id))
        nothing = found.created and not found.roles
        if found.record_type is RecordType.PERSON or nothing:
            return None, kept
        if not found.edits and not found.roles:
            return None, kept
        standing = await self.store.undos.standing(found.record_id, found.target_id)
        reason = cannot(standing, found.target_id)
        if standing is None or reason is not None:
            return None, [*kept, Kept("", reason or "")]
        known = self.target.fields(RecordType.OPPORTUNITY)
        names = {edit.field for edit in found.edits} & known.keys() | set(self._mapping.field_names)
        try:
            live = await self.target.get(found.target_id, sorted(names))
            roles = await self._roles(found, standing)
        except Gone:
            return None, [*kept, Kept("", f"id {found.target_id} does not exist any more")]
        desired = await self._desired(standing)
        fields = fields_back(found, live, known, desired)
        return _Seen(found, standing, live, fields, roles), kept

    async def _roles(self, found: Sum, standing: Standing) -> RolesBack:
        there: dict[int, Role | None] = {}
        listing: list[Role] = []
        for one in found.roles:
            if one.after is not None:
                there[one.role_id] = await self.target.role(found.target_id, one.role_id)
        if any(one.after is None for one in found.roles):
            listing = await self.target.roles(found.target_id)
        return roles_back(found, there, listing, related=standing.related)

    async def _desired(self, standing: Standing) -> Fields | None:
        """What the mapping in force makes of the record as it is known."""
        try:
            record = self.source.read(RecordType.OPPORTUNITY, standing.work.payload)
            resolution = await self.references.resolve(self._mapping.references(record))
            return self._mapping.fields(record, resolution.ids, untold=resolution.untold)
        except HeldBack:
            raise
        except EngineError:
            return None

    @property
    def _mapping(self) -> FieldMapping:
        return self.mappings.of(RecordType.OPPORTUNITY)

    async def _give_back(self, seen: _Seen) -> list[Line]:
        lines: list[Line] = []
        if seen.fields.edits:
            lines += await self._give_fields(seen)
        elif seen.standing.work.synced is None:
            # Given back before, by somebody who did not live to hear it.
            await self._settle(seen, seen.live, answered=False)
        for kind, roles in (
            (WriteKind.ROLE_REMOVED, seen.roles.remove),
            (WriteKind.ROLE_CHANGED, seen.roles.change),
            (WriteKind.ROLE_ADDED, seen.roles.add),
        ):
            for one in roles:
                lines.append(await self._give_role(seen, one, kind))
        return lines

    async def _give_fields(self, seen: _Seen) -> list[Line]:
        known, target_id, edits = seen.standing.work, seen.found.target_id, seen.fields.edits
        mark = marked(
            seen.standing,
            target_id,
            self.mappings.fingerprint,
            kept_run.get() or 0,
            restored={edit.field for edit in edits},
            alone=seen.fields.alone,
        )
        if not await self.store.undos.announce_fields(known, target_id, edits, mark):
            return [_left_out(_named(seen.found), CAPTURED_ANEW)]
        try:
            await self.target.update(target_id, changes(edits))
        except (Rejected, Conflict, Gone, HeldBack):
            mapped = self._only_mapped(seen.live)
            await self.store.undos.withdraw_fields(known, known.undone, mapped)
            raise
        await self._settle(seen, {**seen.live, **changes(edits)}, answered=True)
        log.info("undone", record=known.ref, target_id=target_id, fields=sorted(changes(edits)))
        return [*_field_change(seen)]

    def _only_mapped(self, fields: Fields) -> Fields:
        mapped = set(self._mapping.field_names)
        return {name: value for name, value in fields.items() if name in mapped}

    async def _settle(self, seen: _Seen, holds: Fields, *, answered: bool) -> None:
        await self.store.undos.settle_fields(
            seen.standing.work,
            seen.found.target_id,
            holds,
            answered=answered,
            mapped=set(self._mapping.field_names),
            now=self.clock.now(),
        )

    async def _give_role(self, seen: _Seen, one: RoleChange, kind: WriteKind) -> Line:
        known, target_id, now = seen.standing.work, seen.found.target_id, self.clock.now()
        text = one.before or ""
        role = KnownRole(one.role_id, one.prospect_id, text, True, now)
        if kind is WriteKind.ROLE_REMOVED:
            role = replace(role, role=one.after or "")
        mark = marked(
            seen.standing,
            target_id,
            self.mappings.fingerprint,
            kept_run.get() or 0,
            roles_of=seen.found.runs,
        )
        announced = await self.store.undos.announce_role(
            known, target_id, role, mark, kind=kind, now=now
        )
        if not announced:
            return _left_out(_named(seen.found), CAPTURED_ANEW)
        if kind is WriteKind.ROLE_REMOVED:
            await self.target.delete_role(role.id)
        elif kind is WriteKind.ROLE_CHANGED:
            await self.target.update_role(role.id, text)
        else:
            role = replace(role, id=await self._added(seen, role))
        before = None if kind is WriteKind.ROLE_ADDED else one.after
        await self.store.undos.settle_role(
            known, target_id, role, kind=kind, before=before, now=self.clock.now()
        )
        [line] = _role_changes(seen.found, _only(one, kind))
        return line

    async def _added(self, seen: _Seen, role: KnownRole) -> int:
        """Add a role again; one whose answer is lost is looked for before anything is repeated."""
        known, target_id = seen.standing.work, seen.found.target_id
        try:
            return await self.target.create_role(target_id, role.prospect_id, role.role)
        except StateUnusable:
            raise
        except Exception as error:
            lost = not surely_not_executed(error)
            now = self.clock.now()
            await self.store.undos.doubt_role(known, target_id, now, lost=lost)
            raise


def _named(found: Sum) -> Named:
    return Named(found.record_type, found.record_id, found.ref)


def _left_out(named: Named, reason: str) -> LeftOut:
    return LeftOut(named.record_type, named.id, named.ref, reason)


def _left(found: Sum, kept: list[Kept]) -> list[Line]:
    return [_left_out(_named(found), one.text) for one in kept]


def _field_change(seen: _Seen) -> list[Line]:
    edits: tuple[Edit, ...] = seen.fields.edits
    if not edits:
        return []
    again = ", ".join(sorted(seen.fields.again))
    return [
        Change(
            Kind.UPDATE,
            seen.found.record_type,
            seen.found.record_id,
            seen.found.ref,
            seen.standing.work.version,
            seen.found.target_id,
            edits,
            reason=f"{again}: {AGAIN}" if again else None,
        )
    ]


def _only(one: RoleChange, kind: WriteKind) -> RolesBack:
    return RolesBack(
        (one,) if kind is WriteKind.ROLE_REMOVED else (),
        (one,) if kind is WriteKind.ROLE_CHANGED else (),
        (one,) if kind is WriteKind.ROLE_ADDED else (),
        (),
    )


def _role_changes(found: Sum, roles: RolesBack) -> list[Line]:
    lines: list[Line] = []
    for kind, some in (
        (Kind.ROLE_REMOVE, roles.remove),
        (Kind.ROLE_CHANGE, roles.change),
        (Kind.ROLE_ADD, roles.add),
    ):
        for one in some:
            role_id = None if kind is Kind.ROLE_ADD else one.role_id
            edit = RoleEdit(role_id, one.prospect_id, None, None, one.after, one.before)
            lines.append(
                Change(
                    kind,
                    found.record_type,
                    found.record_id,
                    found.ref,
                    target_id=found.target_id,
                    role=edit,
                )
            )
    return lines
