"""Relationship syncer: make the roles on one opportunity equal to its People tab (rules 8 and 9).

Mailbox   keys of opportunities whose roles may differ; a lost key costs delay, never work
Sends     nothing; the prospect resolver rings for the people it owes something
Store     reads the tab and the roles known; announces edits before they are sent, keeps outcomes
Metrics   reconciles, reconcile_duration, sync_lag{target_ack}, role_edits, errors, retries,
          in_doubt_resolved
Stops     when its mailbox is closed and the key in hand is settled
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import anyio
import structlog

from engine.actors.prospect_resolver import ProspectResolver
from engine.actors.standings import Standing
from engine.errors import EngineError, Gone, HeldBack, Rejected, StateUnusable, Taken, Unreachable
from engine.flow.backoff import BackoffLimits, delay_s
from engine.flow.governor import HOLD_MAX_S, Governor
from engine.flow.lane import current_lane, retrying
from engine.flow.mailbox import Closed, Mailbox, Notice
from engine.metrics import Metrics
from engine.ports import Source, Target, WallClock
from engine.records import RecordType, Relation, Role
from engine.relations import Script, observed, script
from engine.runs import Runs, exemplar
from engine.store import contacts, fuse
from engine.store import people as people_store
from engine.store.contacts import Edge, KnownRole, Relating, Roles
from engine.store.fuse import Mass
from engine.store.history import Note
from engine.store.port import Store
from engine.store.work import Failure
from engine.triage import Circumstances, Flag, Pause, error_class, judge, plain_reason

# Waits, in seconds, before each look for roles in doubt; the last one repeats until the
# visibility bound, at which the look counts for good.
DOUBT_CHECKS_S = (5.0, 15.0, 60.0, 300.0)
# A pause for trouble that only an operator can end; looked at again after so many seconds.
OPERATOR_PAUSE_S = 60.0
# A single opportunity that cannot be related is tried again this seldom.
REFUSED_RETRY_S = 3600.0
# This actor among the others, and what it reconciles, in metrics.
COMPONENT = "relationship_syncer"
KIND = "relationship"

log = structlog.get_logger(component=COMPONENT)


@dataclass(frozen=True, slots=True)
class RelateLimits:
    """`visibility_s`: seconds a target collection may lag behind a write."""

    attempts_max: int
    backoff: BackoffLimits
    visibility_s: float
    removes: bool


@dataclass(slots=True)
class _Progress:
    """The roles as they are after each edit that was answered; `listed` when that is all."""

    roles: dict[int, KnownRole]
    listed: bool
    removed: list[int] = field(default_factory=list[int])
    refused: list[str] = field(default_factory=list[str])
    asking: Edge | None = None
    edits: list[str] = field(default_factory=list[str])
    # Somebody turned out to be no prospect any more: the line is held back from now on.
    again: bool = False

    def outcome(self) -> Roles:
        """What to keep."""
        return Roles(list(self.roles.values()), list(self.removed))


@dataclass(frozen=True, slots=True)
class _Tab:
    """The tab in the target's terms, and the lines that cannot be told yet."""

    wanted: list[Edge]
    people: Mapping[int, int]
    held: Mapping[int, Standing]
    protected: set[int]


@dataclass(slots=True)
class RelationshipSyncer:
    """One worker; several share one mailbox and never hold the same opportunity."""

    inbox: Mailbox[int]
    store: Store
    source: Source
    target: Target
    governor: Governor
    prospects: ProspectResolver
    clock: WallClock
    rng: Random
    limits: RelateLimits
    metrics: Metrics
    wake: Callable[[], None]
    runs: Runs
    notice: Notice = field(default_factory=Notice)

    async def run(self) -> None:
        """Relate opportunity after opportunity."""
        while True:
            try:
                async with self.inbox.holding(self.notice) as key:
                    with self.runs.run():
                        outcome = await self.step(key)
            except Closed:
                return
            if outcome not in ("related", "agreed", "nothing", "held_by_fuse"):
                # What waits, or changed meanwhile, can only be sent again once let go of.
                self.wake()

    async def step(self, key: int) -> str:
        """Relate one opportunity; returns the outcome as counted."""
        work = await self.store.read(contacts.load, key)
        if work is None:
            return "nothing"
        current_lane.set(work.lane)
        retrying.set(work.failed_at is not None)
        began = anyio.current_time()
        outcome = await self._attempt(work)
        self.metrics.reconciles.labels(KIND, outcome).inc()
        took = anyio.current_time() - began
        self.metrics.reconcile_duration.labels(KIND).observe(took, exemplar())
        return outcome

    async def _attempt(self, work: Relating) -> str:
        progress = _Progress({role.id: role for role in work.roles}, work.listed)
        try:
            return await self._relate(work, progress)
        except StateUnusable:
            raise
        except HeldBack as error:
            # The dispatcher watches the target: held back by the source, it would come at once.
            closed = self.governor.closed(work.lane)
            wait = 0.0 if closed else error.retry_after_s or HOLD_MAX_S
            await self._keep(work, progress, None, wait_s=wait)
            log.debug("held", record=work.ref, reason=error.message)
            return "held"
        except EngineError as error:
            return await self._failed(work, progress, error)
        except Exception as error:  # one record's surprise must not stop the others
            log.error("unexpected", record=work.ref, exc_info=error)
            return await self._failed(work, progress, error)

    async def _relate(self, work: Relating, progress: _Progress) -> str:
        record = self.source.read(RecordType.OPPORTUNITY, work.payload)
        if work.refused or not record.eligible or record.people is None:
            if record.eligible and record.people is None:
                log.warning("tab_unreadable", record=work.ref)
            await self.store.write(contacts.leave, work)
            return "left"
        tab = await self._tab(record.people)
        if not work.listed:
            now = self.clock.now()
            unseen = await self._look(work, tab, progress, now)
            since = work.doubt_since
            if unseen and since is not None and now < since + self.limits.visibility_s:
                reason = "the roles are not to be seen yet"
                return await self._doubt(work, progress, reason, work.announced, since)
            if since is not None:
                resolution = "not_executed" if unseen else "executed"
                self.metrics.in_doubt_resolved.labels("role", resolution).inc()
        return await self._carry_out(work, tab, progress)

    async def _tab(self, people: tuple[Relation, ...]) -> _Tab:
        standings = await self.prospects.resolve({line.person_id for line in people})
        found = {
            person_id: standing.prospect_id
            for person_id, standing in standings.items()
            if standing.prospect_id is not None
        }
        held = {one: standing for one, standing in standings.items() if one not in found}
        # A person who cannot be told keeps what it had: the tab still has the line.
        known = (await self.store.read(people_store.load, held)).values() if held else ()
        return _Tab(
            wanted=[
                (found[line.person_id], line.role) for line in people if line.person_id in found
            ],
            people=found,
            held=held,
            protected={one.prospect_id for one in known if one.prospect_id is not None},
        )

    async def _look(self, work: Relating, tab: _Tab, progress: _Progress, now: float) -> bool:
        """List the roles; whether a create that was announced is not to be seen."""
        listing = await self.target.roles(work.target_id)
        look = observed(work, listing, tab.wanted, now=now, lag_s=self.limits.visibility_s)
        adopted = len({role.id for role in look.kept} - progress.roles.keys())
        self.metrics.role_edits.labels("adopted").inc(adopted)
        progress.roles = {role.id: role for role in look.kept}
        progress.removed += look.gone
        progress.listed = True
        return bool(look.unseen)

    def _script(self, tab: _Tab, progress: _Progress) -> Script:
        return script(
            tab.wanted,
            progress.roles.values(),
            removes=self.limits.removes,
            protected=tab.protected,
        )

    async def _carry_out(self, work: Relating, tab: _Tab, progress: _Progress) -> str:
        edits = self._script(tab, progress)
        if work.mass is Mass.EVALUATING and (edits.change or edits.remove):
            # One of many opportunities whose roles would change at once.
            await self.store.write(fuse.hold_contacts, work.record_id, work.revision)
            log.debug("held_by_fuse", record=work.ref, edits=len(edits))
            return "held_by_fuse"
        if edits:
            if not work.listed:
                # What the look found as ours must outlive the announcement that named it.
                await self.store.write(contacts.keep, work, progress.outcome())
            # Announced before anything is sent: whatever dies from here on, the roles are listed.
            await self.store.write(contacts.begin, work, edits.create, self.clock.now())
        try:
            await self._send(work, edits, tab, progress)
        except Unreachable as error:
            if not error.ambiguous:
                raise
            lost = [progress.asking] if progress.asking else []
            return await self._doubt(work, progress, plain_reason(error), lost, self.clock.now())
        except Taken as error:
            # It is there, although nothing showed it; the next look will.
            return await self._doubt(work, progress, plain_reason(error), [], self.clock.now())
        return await self._settle(work, tab, progress)

    async def _send(self, work: Relating, edits: Script, tab: _Tab, progress: _Progress) -> None:
        creates = list(edits.create)
        for role, text in edits.change:
            if not await self._change(work, role, text, progress):
                # Somebody removed it in the target; the line is on the tab, so it is made anew.
                creates.append((role.prospect_id, text))
        if len(creates) > len(edits.create):
            await self.store.write(contacts.begin, work, creates, self.clock.now())
        for edge in creates:
            progress.asking = edge
            await self._create(work, edge, tab, progress)
            progress.asking = None
        for role in edits.remove:
            await self._remove(role, progress)

    async def _remove(self, role: KnownRole, progress: _Progress) -> None:
        await self.target.delete_role(role.id)
        del progress.roles[role.id]
        progress.removed.append(role.id)
        self._edited(progress, "removed", (role.prospect_id, role.role))

    async def _change(
        self, work: Relating, role: KnownRole, text: str, progress: _Progress
    ) -> bool:
        """Give a role another text; False when there is no such role any more."""
        try:
            await self.target.update_role(role.id, text)
        except Gone:
            del progress.roles[role.id]
            progress.removed.append(role.id)
            return False
        except Taken as error:
            if not _is_there((role.prospect_id, text), progress):
                raise
            # The target takes each role once only, and it has this one: ours is one too many.
            self._refused(work, progress, error)
            if self.limits.removes:
                await self._remove(role, progress)
            return True
        except Rejected as error:
            self._refused(work, progress, error)
            return True
        progress.roles[role.id] = replace(role, role=text)
        self._edited(progress, "changed", (role.prospect_id, text))
        return True

    async def _create(self, work: Relating, edge: Edge, tab: _Tab, progress: _Progress) -> None:
        try:
            role_id = await self.target.create_role(work.target_id, *edge)
        except Taken as error:
            if not _is_there(edge, progress):
                raise
            # The target takes each role once only, and it has this one.
            self._refused(work, progress, error)
            return
        except Rejected as error:
            if error.field == "prospect":
                for person_id, prospect_id in tab.people.items():
                    if prospect_id == edge[0]:
                        gone = await self.prospects.missing(person_id, prospect_id)
                        progress.again = progress.again or gone
            self._refused(work, progress, error)
            return
        made = Role(role_id, *edge)
        now = self.clock.now()
        progress.roles[role_id] = KnownRole(made.id, made.prospect_id, made.role, True, now)
        self._edited(progress, "created", edge)

    def _edited(self, progress: _Progress, edit: str, edge: Edge) -> None:
        self.metrics.role_edits.labels(edit).inc()
        progress.edits.append(f"{edit} {edge[1] or 'no relationship'} of prospect {edge[0]}")

    def _refused(self, work: Relating, progress: _Progress, error: Rejected) -> None:
        self.metrics.errors.labels(COMPONENT, error_class(error)).inc()
        log.warning("role_refused", record=work.ref, field=error.field, reason=error.message)
        progress.refused.append(f"refused: {error.message}")

    async def _settle(self, work: Relating, tab: _Tab, progress: _Progress) -> str:
        held = [f"person {one} held back: {standing.reason}" for one, standing in tab.held.items()]
        lines = [*progress.edits, *progress.refused, *held]
        now = self.clock.now()
        settled = await self.store.write(
            contacts.settle,
            work,
            progress.outcome(),
            waits_for=list(tab.held),
            complete=not held and not progress.refused,
            note=Note("related", "; ".join(lines)) if lines else None,
            now=now,
        )
        soon = [one.retry_s for one in tab.held.values() if one.retry_s is not None]
        if progress.again:
            soon.append(0.0)
        if soon:
            await self.store.write(contacts.look_later, work.record_id, now + min(soon))
        if progress.edits:
            log.info("related", record=work.ref, edits=progress.edits)
        if progress.edits and settled:
            lag = max(0.0, now - work.pending_since)
            self.metrics.sync_lag.labels(KIND, "target_ack").observe(lag, exemplar())
        if held:
            log.info("lines_held_back", record=work.ref, people=len(held))
        if not settled or soon:
            return "again"
        return "related" if progress.edits else "agreed"

    async def _doubt(
        self,
        work: Relating,
        progress: _Progress,
        reason: str,
        announced: Sequence[Edge],
        since: float,
    ) -> str:
        now = self.clock.now()
        wait = DOUBT_CHECKS_S[min(work.checks, len(DOUBT_CHECKS_S) - 1)]
        due_at = max(now + 0.5, min(now + wait, since + self.limits.visibility_s))
        failure = Failure("unreachable", None, reason)
        await self.store.write(
            contacts.doubt,
            work,
            progress.outcome(),
            failure,
            announced=announced,
            due_at=due_at,
            now=now,
        )
        log.warning("roles_in_doubt", record=work.ref, reason=reason)
        return "in_doubt"

    async def _keep(
        self,
        work: Relating,
        progress: _Progress,
        failure: Failure | None,
        *,
        wait_s: float = 0.0,
        given_up: bool = False,
    ) -> None:
        now = self.clock.now()
        await self.store.write(
            contacts.defer,
            replace(work, listed=progress.listed),
            progress.outcome(),
            failure,
            due_at=now + wait_s,
            counts=failure is not None,
            now=now,
            given_up=given_up,
        )

    async def _failed(self, work: Relating, progress: _Progress, error: Exception) -> str:
        """Try the opportunity again later, or pause everything: `triage.judge` decides."""
        reason_class = error_class(error)
        if isinstance(error, Unreachable):
            # An edit may have been executed all the same.
            progress.listed = False
        self.metrics.errors.labels(COMPONENT, reason_class).inc()
        since = work.failed_at
        around = Circumstances(
            attempts=work.attempts,
            attempts_max=self.limits.attempts_max,
            others_succeed=since is not None and self.governor.last_success_at > since,
            forbidden_alike=0,
        )
        verdict = judge(error, around)
        wait = delay_s(work.attempts + 1, self.rng, self.limits.backoff)
        if isinstance(verdict, Pause):
            self.governor.pause(OPERATOR_PAUSE_S, verdict.reason, cause=error)
            wait = OPERATOR_PAUSE_S
        elif isinstance(verdict, Flag):
            wait = REFUSED_RETRY_S
        elif isinstance(error, EngineError) and error.retry_after_s is not None:
            wait = error.retry_after_s
        failure = Failure(reason_class, None, plain_reason(error))
        given_up = isinstance(verdict, Flag)
        await self._keep(work, progress, failure, wait_s=wait, given_up=given_up)
        self.metrics.retries.labels(COMPONENT, reason_class).inc()
        self.metrics.retry_backoff.labels(COMPONENT).inc(wait)
        remedy = error.remedy if isinstance(error, EngineError) else None
        log.warning(
            "deferred", record=work.ref, wait_s=round(wait, 1), reason=failure.reason, remedy=remedy
        )
        return "deferred"


def _is_there(edge: Edge, progress: _Progress) -> bool:
    """Whether a role that we know of is just that."""
    return any((one.prospect_id, one.role) == edge for one in progress.roles.values())
