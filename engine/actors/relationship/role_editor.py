"""Role editor: send the edits of one opportunity's roles, and score the answers (rule 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from engine.clock import Clock
from engine.decide.journal import role_write
from engine.decide.roles import (
    Looked,
    Script,
    WhyTaken,
    fault,
    looked_at,
    may_concern,
    not_refused,
    taken,
    unseen,
    worth_a_look,
)
from engine.decide.tab import REFUSED_ROLE_RETRY_S, given_up
from engine.errors import Gone, Rejected, Taken
from engine.metrics import Metrics
from engine.model.intent import Intent
from engine.model.tab import Edge, Joining, KnownRole, RefusedRole, Roles, Sent, TabWork
from engine.model.work import Failure
from engine.model.write import Write, WriteKind
from engine.ports import Target
from engine.resolvers.prospects import ProspectResolver
from engine.store.port.store import Store

# In whose name this is done, in metrics and in the log.
COMPONENT = "relationship_syncer"

log = structlog.get_logger(component=COMPONENT)


@dataclass(slots=True)
class Progress:
    """The roles as they are after each edit that was answered; `listed` when that is all.

    `intent` is the create that was open before, as far as a look has not said what became of it.
    `others` when a look has shown roles that stand for no line, and are not among these.
    `asking` is the create under way, and `again` is set when somebody turned out to be no prospect
    any more: the line is held back from now on.
    `looked_long` is set when a role that the target calls taken was looked for long enough.
    `shown` are prospects that a look has just shown a role of, and `writes` what was done.
    `refusals` are all roles that the target does not take, and `kept_back` those among them that
    were not sent again.
    """

    roles: dict[int, KnownRole]
    listed: bool
    intent: Intent | None = None
    removed: list[int] = field(default_factory=list[int])
    refused: list[str] = field(default_factory=list[str])
    asking: Edge | None = None
    edits: list[str] = field(default_factory=list[str])
    again: bool = False
    looked_long: bool = False
    others: bool = False
    shown: set[int] = field(default_factory=set[int])
    joining: Joining = field(default_factory=lambda: Joining(joins=False, learns=False))
    writes: list[Write] = field(default_factory=list[Write])
    refusals: dict[Edge, RefusedRole] = field(default_factory=dict[Edge, RefusedRole])
    kept_back: int = 0

    def seen(self, work: TabWork) -> TabWork:
        """The tab with what is known of it by now."""
        return replace(work, listed=self.listed, intent=self.intent)

    def sent(self) -> Sent:
        """What the edits came to."""
        return Sent(
            tuple(self.edits),
            tuple(self.refused),
            given_up(self.refusals.values()),
            joins=self.joining.joins,
            again=self.again,
            others=self.others,
            kept_back=self.kept_back,
        )

    def outcome(self) -> Roles:
        """What to keep; what was done is told once."""
        writes, self.writes = self.writes, []
        return Roles(list(self.roles.values()), list(self.removed), writes, dict(self.refusals))

    def holds(self, edge: Edge) -> bool:
        """Whether a role that we know of is just that."""
        return any((one.prospect_id, one.role) == edge for one in self.roles.values())

    def keep_back(self, edits: Script, now: float) -> Script:
        """Those of the edits that are sent; what else was refused before is wanted no more."""
        not_due = {edge: one for edge, one in self.refusals.items() if now < one.retry_at}
        held = {(one.prospect_id, one.role) for one in self.roles.values()}
        left, self.refusals = not_refused(edits, not_due, held=held, joins=self.joining.joins)
        self.kept_back = len(self.refusals)
        return left

    def refuse(self, edge: Edge, failure: Failure, now: float, *, held: bool = False) -> None:
        """The target does not take this role; see `RefusedRole`."""
        retry_at = now + REFUSED_ROLE_RETRY_S
        created = self.asking == edge
        self.refusals[edge] = RefusedRole(failure, self.joining.joins, held, retry_at, created)

    def drop(self, role: KnownRole) -> None:
        """The role is no more."""
        del self.roles[role.id]
        self.removed.append(role.id)


class OneRole(Exception):
    """The target refuses a second role of a person, and so takes one for each only."""


class Overtaken(Exception):
    """The record is left out, or linked elsewhere, by now; the rest of the edits was not sent."""


@dataclass(slots=True)
class RoleEditor:
    """Sends one worker's edits."""

    store: Store
    target: Target
    prospects: ProspectResolver
    clock: Clock
    metrics: Metrics

    async def send(
        self,
        work: TabWork,
        edits: Script,
        people: Mapping[int, int],
        progress: Progress,
        *,
        removes: bool,
    ) -> None:
        """Send them one after the other; one that is refused keeps back no other.

        Args:
            edits: announced in the store already.
            people: prospect ids by person id, of whoever stands on the tab.
            removes: whether a role that we made may be removed.

        Raises:
            Gone: there is no such opportunity any more.
            Overtaken: somebody has entered another id meanwhile, or taken the record back.
            EngineError: the rest was not sent; `progress` has what was.
        """
        creates = list(edits.create)
        for role, text in edits.change:
            await self._ensure_it_goes_on(work)
            if not await self._change(work, role, text, people, progress, removes=removes):
                # Somebody removed it in the target; the line is on the tab, so it is made anew.
                creates.append((role.prospect_id, text))
        if len(creates) > len(edits.create):
            await self.announce(work, creates, widens=True)
        for edge in creates:
            await self._ensure_it_goes_on(work)
            progress.asking = edge
            await self._create(work, edge, people, progress)
            progress.asking = None
        for role in edits.remove:
            await self._ensure_it_goes_on(work)
            await self._remove(work, role, progress)

    async def announce(
        self,
        work: TabWork,
        creates: Sequence[Edge],
        edits: Mapping[int, str | None] | None = None,
        *,
        widens: bool = False,
    ) -> None:
        """Before anything is sent: whatever dies from here on, the roles are listed.

        Args:
            widens: more is to be created than was announced, and nothing of that was sent.

        Raises:
            Overtaken: nothing is announced, and nothing may be sent.
        """
        now = self.clock.now()
        if not await self.store.tabs.begin(work, creates, now, edits=edits, widens=widens):
            raise Overtaken

    async def _ensure_it_goes_on(self, work: TabWork) -> None:
        if not await self.store.tabs.goes_on(work):
            raise Overtaken

    async def _remove(self, work: TabWork, role: KnownRole, progress: Progress) -> None:
        await self.target.delete_role(role.id)
        progress.drop(role)
        write = role_write(WriteKind.ROLE_REMOVED, work.target_id, role, before=role.role)
        self._edited(progress, "removed", (role.prospect_id, role.role), write)

    async def _change(
        self,
        work: TabWork,
        role: KnownRole,
        text: str,
        people: Mapping[int, int],
        progress: Progress,
        *,
        removes: bool,
    ) -> bool:
        """Give a role another text; False when there is no such role any more."""
        edge = (role.prospect_id, text)
        try:
            await self.target.update_role(role.id, text)
        except Gone:
            progress.drop(role)
            return False
        except Rejected as error:
            looked = await self._looked_at(work, role, text, error)
            if looked is Looked.GONE:
                progress.drop(role)
                return False
            if looked is Looked.REFUSED:
                await self._refused_change(
                    work, role, edge, progress, error, people=people, removes=removes
                )
                return True
        else:
            write = role_write(
                WriteKind.ROLE_CHANGED, work.target_id, role, before=role.role, after=text
            )
            self._edited(progress, "changed", edge, write)
        progress.roles[role.id] = replace(role, role=text)
        return True

    async def _looked_at(
        self, work: TabWork, role: KnownRole, text: str, error: Rejected
    ) -> Looked:
        if not worth_a_look(error):
            return Looked.REFUSED
        return looked_at(await self.target.role(work.target_id, role.id), text)

    async def _refused_change(
        self,
        work: TabWork,
        role: KnownRole,
        edge: Edge,
        progress: Progress,
        error: Rejected,
        *,
        people: Mapping[int, int],
        removes: bool,
    ) -> None:
        if not isinstance(error, Taken):
            self._refused(work, progress, fault(error), edge)
        elif await self._taken(work, edge, people, progress, error) is WhyTaken.HELD and removes:
            # The target has this role once: ours is one too many.
            await self._remove(work, role, progress)

    async def _create(
        self, work: TabWork, edge: Edge, people: Mapping[int, int], progress: Progress
    ) -> None:
        prospect_id, text = edge
        try:
            role_id = await self.target.create_role(work.target_id, prospect_id, text)
        except Taken as error:
            await self._taken(work, edge, people, progress, error)
        except Rejected as error:
            if await self._prospect_gone(error, prospect_id, people):
                progress.again = True
                self._refused(work, progress, fault(error))
            else:
                await self._ensure_opportunity(work, error)
                self._refused(work, progress, fault(error), edge)
        else:
            now = self.clock.now()
            made = KnownRole(role_id, prospect_id, text, True, now)
            progress.roles[role_id] = made
            write = role_write(WriteKind.ROLE_ADDED, work.target_id, made, after=text)
            self._edited(progress, "created", edge, write)

    async def _taken(
        self,
        work: TabWork,
        edge: Edge,
        people: Mapping[int, int],
        progress: Progress,
        error: Taken,
    ) -> WhyTaken:
        """A role that the target calls taken and nothing shows is a refused one in the end.

        Raises:
            Taken: it was not looked for long enough.
            OneRole: it was looked for, and another role of the person is there.
        """
        why = taken(
            edge[0],
            held=progress.holds(edge),
            looked_long=progress.looked_long,
            shown=progress.shown,
            joining=progress.joining,
            creates=progress.asking == edge,
        )
        match why:
            case WhyTaken.LOOK_FIRST:
                raise error
            case WhyTaken.ONE_ROLE:
                raise OneRole
            case WhyTaken.HELD:
                self._refused(work, progress, fault(error), edge, held=True)
            case WhyTaken.THEIRS:
                self._refused(work, progress, fault(error), edge)
            case WhyTaken.UNSEEN:
                unseen_one = await self._unseen(edge, people, error)
                self._refused(work, progress, unseen_one, edge)
        return why

    async def _unseen(self, edge: Edge, people: Mapping[int, int], error: Taken) -> Failure:
        ids = [person_id for person_id, known in people.items() if known == edge[0]]
        known = await self.store.people.load(ids)
        return unseen([person.ref for person in known.values()], edge, error)

    async def _prospect_gone(
        self, error: Rejected, prospect_id: int, people: Mapping[int, int]
    ) -> bool:
        """Whether it was refused because there is no such prospect; its people are told then."""
        gone = False
        if may_concern(error, "prospect"):
            for person_id in [one for one, known in people.items() if known == prospect_id]:
                gone = await self.prospects.missing(person_id, prospect_id) or gone
        return gone

    async def _ensure_opportunity(self, work: TabWork, error: Rejected) -> None:
        """Whether the opportunity is there still, when that may be what the refusal is about.

        Raises:
            Gone: it is not.
        """
        if may_concern(error, "opportunity"):
            await self.target.get(work.target_id, ())

    def _edited(self, progress: Progress, edit: str, edge: Edge, write: Write) -> None:
        self.metrics.role_edits.labels(edit).inc()
        progress.writes.append(write)
        progress.edits.append(f"{edit} {edge[1] or 'no relationship'} of prospect {edge[0]}")

    def _refused(
        self,
        work: TabWork,
        progress: Progress,
        failure: Failure,
        edge: Edge | None = None,
        *,
        held: bool = False,
    ) -> None:
        """Count and tell a refusal; keep it, unless its line is held back from now on."""
        self.metrics.errors.labels(COMPONENT, failure.reason_class).inc()
        log.warning("role_refused", record=work.ref, field=failure.field, reason=failure.reason)
        progress.refused.append(failure.reason.within("refused: {}"))
        if edge is not None:
            progress.refuse(edge, failure, self.clock.now(), held=held)
