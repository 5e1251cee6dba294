"""One opportunity of a plan that is carried out: by the actors, behind its permits."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Protocol

import anyio

from engine.actors.gate import permitted
from engine.assembly.assembly import Assembly
from engine.errors import EngineError, Gone, StateUnusable
from engine.model.dossier import Dossier
from engine.model.mass_change import Mass
from engine.model.plan import Change, Kind
from engine.model.reason import Code
from engine.model.records import Captured
from engine.model.states import State
from engine.ports import Target
from engine.service.planning import linking
from engine.service.planning.outstanding import outstanding
from engine.service.planning.people import People
from engine.service.planning.permits import WRITES, RecordPermits

# What a plan changes of the roles on an opportunity.
ROLES = (Kind.ROLE_ADD, Kind.ROLE_CHANGE, Kind.ROLE_REMOVE)


class Tell(Protocol):
    """Told what came of a record."""

    def __call__(self, change: Change, left_out: str | None, *, already: bool = False) -> None:
        """`left_out` is why not all of it was done; `already` when it was so before."""
        ...


@dataclass(slots=True)
class PlannedRecord:
    """One opportunity of a plan.

    Args:
        row: how the source shows it now.
        run: the one it is done in.
        last: nothing is tried again after this.
    """

    assembly: Assembly
    changes: list[Change]
    row: Captured | None
    people: People
    tell: Tell
    run: int
    last: bool = False
    _early: bool = field(default=False, init=False)
    _already: bool = field(default=False, init=False)
    _undone: str | None = field(default=None, init=False)

    async def carry_out(self) -> None:
        """Do what is planned for it, unless anything has changed."""
        record_id = self._id
        changes, tabs = self.assembly.changes, self.assembly.tabs
        # Nobody else works on it meanwhile.
        await changes.take(record_id)
        await tabs.take(record_id)
        try:
            if linking.lifts(self.changes) and await self._dossier() is None:
                await linking.take_in(self.assembly, record_id)
            already = await self._is_done()
            if already:
                await self._end_hold()
            self._undone = None if already else await self._left_out() or await self._done()
            self._already = already
        except StateUnusable:
            raise
        except EngineError as error:
            self._undone = error.message
        finally:
            tabs.release(record_id)
            changes.release(record_id)
            self._wake()

    async def end(self) -> bool:
        """Tell what came of it, when others beside it have had their turn.

        Returns whether it is to be tried once more instead.
        """
        if not self.last and (self._early or await self._is_due_again()):
            return True
        self.tell(self.changes[0], self._undone, already=self._already)
        return False

    async def _is_due_again(self) -> bool:
        """Whether the flag that it got is in question since, by work on another record."""
        if self._undone is not None or self._already or not self._planned(Kind.FLAG):
            return False
        dossier = await self._dossier()
        return dossier is not None and dossier.state is State.PENDING

    def _wake(self) -> None:
        self.assembly.worker_factory.signals.wake_all()

    @property
    def _target(self) -> Target:
        return self.assembly.systems.target

    @property
    def _id(self) -> int:
        return self.changes[0].record_id

    def _planned(self, *kinds: Kind) -> list[Change]:
        return [one for one in self.changes if one.kind in kinds]

    async def _dossier(self) -> Dossier | None:
        return await self.assembly.store.dossiers.of_opportunity(self._id)

    async def _is_done(self) -> bool:
        """Whether all of it is so already, by us or by somebody else."""
        dossier = await self._dossier()
        if dossier is None or dossier.work.intent is not None:
            return False
        linked = dossier.work.target_id is not None
        rests = dossier.state is State.SETTLED and linked
        tab_rests = dossier.tab is None or not dossier.tab.pending
        for change in self.changes:
            match change.kind:
                case Kind.CREATE | Kind.WRITE_BACK | Kind.UNFLAG:
                    done = rests
                case Kind.ADOPT:
                    done = dossier.work.target_id == change.target_id
                case Kind.UPDATE:
                    done = linked and await self._holds(change)
                case Kind.FLAG:
                    done = dossier.state is State.REFUSED or dossier.flagged
                case Kind.REMOVE:
                    done = await self._present(change) is None
                case _:
                    done = rests and tab_rests
            if not done:
                return False
        # That nothing is due of them does not mean that they are as planned.
        return not await self._outstanding(self._planned(*ROLES), [])

    async def _holds(self, change: Change) -> bool:
        """Whether the target holds what the update would make of it."""
        present = await self._present(change)
        return present is not None and all(
            present.get(edit.field) == edit.after for edit in change.edits
        )

    async def _present(self, change: Change) -> dict[str, object] | None:
        if change.target_id is None:
            return None
        names = [edit.field for edit in change.edits]
        try:
            return dict(await self._target.get(change.target_id, names))
        except Gone:
            return None

    async def _left_out(self) -> str | None:
        """Why nothing of it may be done; None when everything is as it was."""
        row, dossier = self.row, await self._dossier()
        words = self.assembly.config.connectors.words
        if row is None:
            return f"{words.source} does not show it any more"
        planned = next((one.version for one in self.changes if one.version is not None), None)
        delivered = None if dossier is None else dossier.work.delivered_version
        if planned is not None and row.version not in (planned, delivered):
            return f"it was edited in {words.source} since"
        if dossier is None:
            return "it was not read by a poll yet"
        for change in self._planned(Kind.UPDATE):
            if (
                change.reason is None
                and (why := await self._moved(change, words.target)) is not None
            ):
                return why
        for change in self._planned(Kind.ROLE_CHANGE, Kind.ROLE_REMOVE):
            if (
                change.reason is None
                and (why := await self._role_moved(change, words.target)) is not None
            ):
                return why
        return None

    async def _moved(self, change: Change, where: str) -> str | None:
        present = await self._present(change)
        if present is None:
            return f"its record {change.target_id} is not in {where} any more"
        for edit in change.edits:
            if present.get(edit.field) not in (edit.before, edit.after):
                shown = json.dumps(present.get(edit.field))[:60]
                return f"{edit.field} was changed in {where} since: {shown}"
        return None

    async def _role_moved(self, change: Change, where: str) -> str | None:
        role = change.role
        if role is None or role.role_id is None or change.target_id is None:
            return None
        present = await self._target.role(change.target_id, role.role_id)
        text = None if present is None else present.role
        return None if text in (role.before, role.after) else f"a role was changed in {where} since"

    async def _end_hold(self) -> None:
        """The fuse may hold what is so already, since nobody lived to keep that: have it seen."""
        dossier = await self._dossier()
        tab = None if dossier is None else dossier.tab
        masses = {Mass.NONE if dossier is None else dossier.work.mass}
        masses.add(Mass.NONE if tab is None else tab.mass)
        if Mass.HELD in masses:
            # What is known of the target may be from before.
            await self.assembly.store.records.note_synced(self._id, None)
            await self._done(relates=True)

    async def _done(self, *, relates: bool = False) -> str | None:
        """Have the actors do it; why it was not done, if it was not.

        Args:
            relates: its people too, although nothing of them is planned.
        """
        store, now = self.assembly.store, self.assembly.environment.clock.now
        # Until it is known to be otherwise: whoever is cut off here need not hear what was kept.
        held = True
        undone: str | None = "it was cut off"
        permits = RecordPermits(self.changes, self.people)
        token = permitted.set(permits)
        try:
            held = await store.fuse.take_out(self._id, self.run, now())
            before = await self._dossier()
            permits.prospects = prospects_of(before)
            link = linking.link(self.assembly, self.changes, self.row)
            # Not known before all of it was done.
            undone = await link or await self._acted(permits, relates=relates)
            self._early = undone is not None and await self._has_moved(before)
        except StateUnusable:
            raise
        except EngineError as error:
            undone = permits.denied or error.message
        finally:
            permitted.reset(token)
            self._early = self._early or (permits.early and undone is not None)
            if held and undone is not None:
                # Also where nobody waits for it any more: it was let go for this alone.
                with anyio.CancelScope(shield=True):
                    await store.fuse.hold_again(self._id, self.run, now())
        return undone

    async def _acted(self, permits: RecordPermits, *, relates: bool) -> str | None:
        """Have the actors work on it, behind its permits; why not all of it was done."""
        await self.assembly.worker_factory.opportunity_syncer(0).step(self._id)
        if relates or self._planned(*ROLES):
            now = self.assembly.environment.clock.now
            await self.assembly.store.fuse.take_out(self._id, self.run, now())
            await self._relate(permits)
        return await self._why_undone(permits)

    async def _relate(self, permits: RecordPermits) -> None:
        """Relate its people; prospects that this creates are known to its own permits."""
        roles = [one.role for one in self.changes if one.role is not None]
        added = [one for one in roles if one.after is not None]
        ids = {one.person_id for one in added if one.person_id is not None}
        if ids:
            await self.assembly.prospect_resolver.resolve(ids)
        permits.prospects = await self._prospects()
        await self.assembly.worker_factory.relationship_syncer(0).step(self._id)

    async def _prospects(self) -> dict[int, int]:
        return prospects_of(await self._dossier())

    async def _has_moved(self, before: Dossier | None) -> bool:
        """Whether it is due anew since: what it claims may have become free, or another record's,
        by work on that one."""
        now = await self._dossier()
        return before is not None and now is not None and before.work.revision != now.work.revision

    async def _why_undone(self, permits: RecordPermits) -> str | None:
        """Why something planned was not done; None when all of it was."""
        if permits.denied is not None:
            return permits.denied
        left = [one for one in permits.left if one.kind in WRITES]
        flags = self._planned(Kind.FLAG)
        dossier = await self._dossier()
        if dossier is None:
            return "nothing is known of it any more"
        if flags and dossier.state is not State.REFUSED and not dossier.flagged:
            return "it is not refused any more"
        if dossier.work.target_id is not None:
            # Also one of which the answer was lost.
            left = [one for one in left if one.kind is not Kind.CREATE]
        if dossier.work.intent is not None:
            return "a create of it may have been executed: it is looked for first"
        if dossier.state is State.PENDING and dossier.cause is not None:
            return str(dossier.cause.text)
        tab = dossier.tab
        if tab is not None and tab.pending:
            # What was let through need not have arrived.
            others = [one for one in left if one.kind not in ROLES]
            left = [*others, *self._planned(*ROLES)]
        if flags and dossier.cause is not None and dossier.cause.code is Code.TARGET_GONE:
            # The plan may have come to the people before it knew.
            left = [one for one in left if one.kind not in ROLES]
        # What would be refused need not be sent, where that is known by now.
        left = await self._unsatisfied([one for one in left if one.reason is None], permits)
        if not left:
            return None
        cause = dossier.cause or (None if tab is None else tab.cause)
        if cause is not None:
            return str(cause.text)
        kinds = ", ".join(sorted({one.kind.value for one in left}))
        return f"there was nothing of this to be done any more: {kinds}"

    async def _unsatisfied(self, left: list[Change], permits: RecordPermits) -> list[Change]:
        """Those of what was not sent that are not so already."""
        unlike = [one for one in left if one.kind not in (Kind.UPDATE, *ROLES)]
        for change in left:
            if change.kind is Kind.UPDATE and not await self._holds(change):
                unlike.append(change)
        roles = [one for one in left if one.kind in ROLES]
        served = [one for one in permits.done if not any(one is each for each in roles)]
        return unlike + await self._outstanding(roles, served)

    async def _outstanding(self, roles: list[Change], served: list[Change]) -> list[Change]:
        """Those of these changes of roles that are not so already."""
        dossier = await self._dossier() if roles else None
        target_id = None if dossier is None else dossier.work.target_id
        if target_id is None:
            return roles
        shown = await self._target.roles(target_id)
        return outstanding(roles, served, shown, prospects_of(dossier))


def prospects_of(dossier: Dossier | None) -> dict[int, int]:
    """Which prospect each of the people on its tab is, as far as that is known."""
    people = () if dossier is None else dossier.people
    return {one.id: one.prospect_id for one in people if one.prospect_id is not None}
