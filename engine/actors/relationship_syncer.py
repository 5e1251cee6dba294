"""Relationship syncer: make the roles on one opportunity equal to its People tab (rules 8 and 9).

Mailbox   keys of opportunities whose roles may differ; a lost key costs delay, never work
Sends     nothing; the prospect resolver notifies for the people it owes something
Store     reads the tab and the roles known; announces edits before they are sent, keeps outcomes
Metrics   reconciles, reconcile_duration, sync_lag{target_ack}, role_edits, errors, retries,
          in_doubt_resolved
Stops     when its mailbox is closed and the key in hand is settled
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Literal

import structlog

from engine.actors.failing import Failing, RetryLimits
from engine.actors.gate import weighing
from engine.actors.relationship.role_editor import (
    COMPONENT,
    OneRole,
    Overtaken,
    Progress,
    RoleEditor,
)
from engine.actors.trust import Trust
from engine.clock import Clock
from engine.decide.failure import held_back, plain_reason
from engine.decide.journal import found_roles
from engine.decide.roles import Script, observed, script, unproven
from engine.decide.tab import (
    Abandon,
    Doubt,
    Hold,
    Relate,
    Settlement,
    Unreadable,
    after_look,
    as_joined,
    can_be_told,
    course,
    joining,
    looked_long,
    must_be_listed,
    retry_in_s,
    settlement,
    stopped,
    told,
    weighed,
)
from engine.errors import EngineError, HeldBack, StateUnusable, WouldChange
from engine.flow.bulk import Bulk
from engine.flow.governor import HOLD_MAX_S, Governor
from engine.flow.lane import current_lane, retrying
from engine.flow.ledger import current_record
from engine.flow.mailbox import Closed, Mailbox, Stop
from engine.loop import loop_time
from engine.metrics import Metrics
from engine.model.kept import ONE_ROLE
from engine.model.mass_change import Mass
from engine.model.records import RecordType
from engine.model.tab import RESTS, Later, Lines, TabOutcome, TabWork
from engine.model.work import Failure
from engine.ports import Source, Target
from engine.resolvers.prospects import ProspectResolver
from engine.runs import Runs, Spent, exemplar, spent, within
from engine.store.port.store import Store

# What this actor reconciles, in metrics.
KIND = "relationship"

log = structlog.get_logger(component=COMPONENT)


@dataclass(frozen=True, slots=True)
class RelateLimits:
    """`visibility_s`: seconds a target collection may lag behind a write; `one_role`: whether each
    person has one role, "auto" for where the target turns out to take no more.
    """

    retry: RetryLimits
    visibility_s: float
    removes: bool
    one_role: Literal["auto", "always", "never"] = "auto"


@dataclass(slots=True)
class RelationshipSyncer:
    """One worker; several share one mailbox and never hold the same opportunity."""

    inbox: Mailbox[int]
    store: Store
    source: Source
    target: Target
    governor: Governor
    prospects: ProspectResolver
    trust: Trust
    bulk: Bulk
    clock: Clock
    rng: Random
    limits: RelateLimits
    metrics: Metrics
    wake: Callable[[], None]
    wake_changes: Callable[[], None]
    runs: Runs
    stop: Stop = field(default_factory=Stop)
    _failing: Failing = field(init=False)
    _editor: RoleEditor = field(init=False)

    def __post_init__(self) -> None:
        self._failing = Failing(COMPONENT, self.governor, self.rng, self.metrics, apart=True)
        self._editor = RoleEditor(self.store, self.target, self.prospects, self.clock, self.metrics)

    async def run(self) -> None:
        """Relate opportunity after opportunity."""
        while True:
            try:
                async with self.inbox.holding(self.stop) as key:
                    with self.runs.run():
                        outcome = await self.step(key)
            except Closed:
                return
            if outcome is not None and outcome not in RESTS:
                # What waits, or changed meanwhile, can only be sent again once let go of.
                self.wake()

    async def step(self, key: int) -> TabOutcome | None:
        """Relate one opportunity; returns the outcome as counted, None when nothing was due."""
        async with self.bulk.in_hand(lambda: self.store.tabs.load(key)) as work:
            return None if work is None else await self._step(work)

    async def _step(self, work: TabWork) -> TabOutcome:
        current_lane.set(work.lane)
        current_record.set(work.record_id)
        spent.set(Spent())
        weighing.set(work.mass is Mass.EVALUATING)
        retrying.set(work.failed_at is not None)
        began = loop_time()
        with within(work.let_go):
            outcome = await self._attempt(work)
        self.metrics.reconciles.labels(KIND, outcome).inc()
        took = loop_time() - began
        self.metrics.reconcile_duration.labels(KIND).observe(took, exemplar())
        return outcome

    async def _attempt(self, work: TabWork) -> TabOutcome:
        roles = {role.id: role for role in work.roles}
        progress = Progress(roles, work.listed, work.intent, refusals=dict(work.refused))
        try:
            return await self._relate(work, progress)
        except StateUnusable:
            raise
        except WouldChange as error:
            return await self._hold(work, progress, Hold(error.message, ()))
        except HeldBack as error:
            # The dispatcher watches the target: held back by the source, it would come at once.
            closed = self.governor.closed(work.lane)
            wait = held_back(error, closed=closed, longest_s=HOLD_MAX_S)
            await self._keep(work, progress, None, wait_s=0.0 if wait is None else wait.least_s)
            log.debug("held", record=work.ref, reason=error.message)
            return TabOutcome.HELD
        except EngineError as error:
            return await self._failed(work, progress, error)
        except Exception as error:  # one record's surprise must not stop the others
            log.error("unexpected", record=work.ref, exc_info=error)
            return await self._failed(work, progress, error)

    async def _relate(self, work: TabWork, progress: Progress) -> TabOutcome:
        record = self.source.read(RecordType.OPPORTUNITY, work.payload)
        way = course(work, record, follows=self.source.people)
        if isinstance(way, Unreadable):
            return await self._unreadable(work, progress, way)
        if not isinstance(way, Relate):
            await self.store.tabs.leave(work)
            return TabOutcome.LEFT
        self.trust.ensure_roles_show(listed=work.listed)
        lines = await self._lines(way, progress, foreseen=weighing.get())
        if way.look:
            doubt = await self._look(work, lines, progress)
            if doubt is not None:
                return await self._doubt(work, progress, doubt)
        if weighing.get():
            hold = weighed(self._script(lines, progress), lines)
            if hold is not None:
                return await self._hold(work, progress, hold)
            lines = await self._lines(way, progress, foreseen=False)
        return await self._carry_out(work, lines, progress)

    async def _unreadable(self, work: TabWork, progress: Progress, way: Unreadable) -> TabOutcome:
        self.metrics.errors.labels(COMPONENT, way.failure.reason_class).inc()
        if await self._keep(
            work, progress, way.failure, wait_s=way.retry_s, counts=True, given_up=True
        ):
            log.error("people_given_up", record=work.ref, reason=way.failure.reason)
        return TabOutcome.DEFERRED

    async def _hold(self, work: TabWork, progress: Progress, hold: Hold) -> TabOutcome:
        seen, now = progress.seen(work), self.clock.now()
        await self.store.tabs.hold(seen, progress.outcome(), hold.would, hold.people, now=now)
        log.debug("held_by_fuse", record=work.ref, reason=hold.would)
        return TabOutcome.HELD_BY_FUSE

    async def _lines(self, way: Relate, progress: Progress, *, foreseen: bool) -> Lines:
        """The tab in the target's terms.

        Args:
            foreseen: nothing may be done for it, such as to create a prospect.

        Raises:
            EngineError: as `ProspectResolver.resolve`.
        """
        asked = self.prospects.foresee if foreseen else self.prospects.resolve
        standings = await asked({line.person_id for line in way.people})
        held = [one for one, standing in standings.items() if not can_be_told(standing)]
        known = await self.store.people.load(held) if held else {}
        setting = self.limits.one_role
        learnt = setting == "auto" and await self.store.kept.setting(ONE_ROLE) is not None
        progress.joining = joining(setting, learnt=learnt)
        return as_joined(told(way.people, standings, known.values()), progress.joining)

    async def _look(self, work: TabWork, lines: Lines, progress: Progress) -> Doubt | None:
        """List the roles, and say whether a create that was announced is in doubt still."""
        began_at, lag_s = self.clock.now(), self.limits.visibility_s
        listing = await self.target.roles(work.target_id)
        # One that we have edited just now may be listed as it was: only itself tells what it is.
        proofs = {
            role_id: await self.target.role(work.target_id, role_id)
            for role_id in unproven(work, now=began_at, lag_s=lag_s)
        }
        look = observed(
            work,
            listing,
            lines.wanted,
            now=began_at,
            lag_s=lag_s,
            target_ahead_s=self.trust.target_ahead_s(),
            proofs=proofs,
        )
        progress.shown = {role.prospect_id for role in listing}
        adopted = len({role.id for role in look.kept} - progress.roles.keys())
        self.metrics.role_edits.labels("adopted").inc(adopted)
        progress.writes += found_roles(work, look.kept, look.gone)
        progress.roles = {role.id: role for role in look.kept}
        progress.removed += look.gone
        progress.listed = True
        # They stand for no line now, but may for a later one.
        progress.others = any(role.id not in progress.roles for role in listing)
        proven = after_look(
            work,
            unseen=bool(look.unseen),
            began_at=began_at,
            now=self.clock.now(),
            visibility_s=lag_s,
        )
        if proven is None or isinstance(proven, Doubt):
            return proven
        progress.intent = work.intent and work.intent.answered()
        self.metrics.in_doubt_resolved.labels("role", proven).inc()
        return None

    def _script(self, lines: Lines, progress: Progress) -> Script:
        return script(
            lines.wanted,
            progress.roles.values(),
            removes=self.limits.removes,
            protected=lines.protected,
            refused=progress.refusals,
        )

    async def _carry_out(self, work: TabWork, lines: Lines, progress: Progress) -> TabOutcome:
        progress.looked_long = looked_long(
            work, now=self.clock.now(), visibility_s=self.limits.visibility_s
        )
        edits = progress.keep_back(self._script(lines, progress), self.clock.now())
        if edits and not work.listed:
            # What the look found as ours must outlive the announcement that named it.
            await self.store.tabs.keep(work, progress.outcome(), self.clock.now())
        try:
            if edits:
                await self._editor.announce(work, edits.create, edits.touched)
            removes = self.limits.removes
            await self._editor.send(work, edits, lines.people, progress, removes=removes)
        except Overtaken:
            # What was done stays known of that opportunity, whatever is to be done by now.
            await self._keep(work, progress, None, wait_s=0.0)
            return TabOutcome.AGAIN
        except OneRole:
            await self.store.kept.set_setting(ONE_ROLE, "learnt")
            log.warning("one_role_per_person", record=work.ref)
            await self._keep(work, progress, None, wait_s=0.0)
            return TabOutcome.AGAIN
        except StateUnusable:
            raise
        except Exception as error:
            outcome = await self._stopped(work, progress, error)
            if outcome is None:
                raise
            return outcome
        return await self._settle(work, lines, progress)

    async def _stopped(
        self, work: TabWork, progress: Progress, error: Exception
    ) -> TabOutcome | None:
        """The outcome, where the edits ended in more than a failure."""
        lag_s, now = self.limits.visibility_s, self.clock.now()
        left = stopped(work, error, asking=progress.asking, now=now, visibility_s=lag_s)
        if left is None:
            return None
        if isinstance(left, Abandon):
            log.warning("opportunity_gone", record=work.ref, reason=plain_reason(error))
            await self.store.tabs.abandon(work, now, look_in_s=left.look_in_s)
            self.wake_changes()
            return TabOutcome.LEFT
        if not isinstance(error, EngineError):
            log.error("unexpected", record=work.ref, exc_info=error)
        return await self._doubt(work, progress, left)

    async def _settle(self, work: TabWork, lines: Lines, progress: Progress) -> TabOutcome:
        now = self.clock.now()
        end = settlement(progress.sent(), lines, now)
        settled = await self.store.tabs.settle(
            work,
            progress.outcome(),
            waits_for=end.waits_for,
            complete=end.complete,
            listed=end.listed,
            note=end.note,
            given_up=end.given_up,
            later=None if end.look_at is None else Later(end.look_at, end.why),
            now=now,
        )
        self._tell(work, progress, end, now, settled=settled)
        if not settled or end.look_at is not None:
            return TabOutcome.AGAIN
        return TabOutcome.RELATED if progress.edits else TabOutcome.AGREED

    def _tell(
        self, work: TabWork, progress: Progress, end: Settlement, now: float, *, settled: bool
    ) -> None:
        if progress.edits:
            log.info("related", record=work.ref, edits=progress.edits)
        if progress.edits and settled:
            lag = max(0.0, now - work.pending_since)
            self.metrics.sync_lag.labels(KIND, "target_ack").observe(lag, exemplar())
        if end.waits_for:
            log.info("lines_held_back", record=work.ref, people=len(end.waits_for))

    async def _doubt(self, work: TabWork, progress: Progress, doubt: Doubt) -> TabOutcome:
        await self.store.tabs.doubt(
            work,
            progress.outcome(),
            doubt.failure,
            announced=doubt.announced,
            due_at=doubt.look_at,
            now=self.clock.now(),
            taken=doubt.taken,
        )
        log.warning("roles_in_doubt", record=work.ref, reason=doubt.failure.reason)
        return TabOutcome.IN_DOUBT

    async def _keep(
        self,
        work: TabWork,
        progress: Progress,
        failure: Failure | None,
        *,
        wait_s: float,
        counts: bool = False,
        fails: bool = False,
        given_up: bool = False,
    ) -> bool:
        now = self.clock.now()
        return await self.store.tabs.defer(
            progress.seen(work),
            progress.outcome(),
            failure,
            due_at=now + wait_s,
            counts=counts,
            fails=fails,
            now=now,
            given_up=given_up,
        )

    async def _failed(self, work: TabWork, progress: Progress, error: Exception) -> TabOutcome:
        """Try the opportunity again later; much later when it is at fault itself."""
        progress.listed &= not must_be_listed(error)
        decision = self._failing.weigh(
            error,
            self.limits.retry,
            record_id=work.record_id,
            attempts=work.attempts,
            failures=work.failures,
            failed_at=work.failed_at,
        )
        failure = decision.failure
        wait_s = retry_in_s(decision.wait_s, flagged=decision.refused)
        news = await self._keep(
            work,
            progress,
            failure,
            wait_s=wait_s,
            counts=decision.counts,
            fails=decision.fails,
            given_up=decision.refused,
        )
        if news:
            log.error("people_given_up", record=work.ref, reason=failure.reason, wait_s=wait_s)
        self._failing.deferred(work.ref, error, failure, wait_s)
        return TabOutcome.DEFERRED
