"""Relationship syncer: make the roles on one opportunity equal to its People tab (rules 8 and 9).

Mailbox   keys of opportunities whose roles may differ; a lost key costs delay, never work
Sends     nothing; the prospect resolver rings for the people it owes something
Store     reads the tab and the roles known; announces edits before they are sent, keeps outcomes
Metrics   reconciles, reconcile_duration, sync_lag{target_ack}, role_edits, errors, retries,
          in_doubt_resolved
Stops     when its mailbox is closed and the key in hand is settled
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal

import anyio
import structlog

from engine.actors.failing import Failing, RetryLimits
from engine.actors.gate import weighing
from engine.actors.people_tabs import PeopleTabs, Tab, what_would_happen
from engine.actors.prospect_resolver import ProspectResolver
from engine.actors.role_editor import COMPONENT, OneRole, Overtaken, Progress, RoleEditor
from engine.actors.trust import Trust
from engine.decide.doubt import look_in_s, resend_after_s
from engine.decide.failure import error_class, plain_reason
from engine.decide.roles import Script, joined, observed, script, unproven
from engine.errors import (
    EngineError,
    Gone,
    HeldBack,
    Rejected,
    StateUnusable,
    Taken,
    Unreachable,
    WouldChange,
    surely_not_executed,
)
from engine.flow.governor import HOLD_MAX_S, Governor
from engine.flow.lane import current_lane, retrying
from engine.flow.ledger import current_record
from engine.flow.mailbox import Closed, Mailbox, Notice
from engine.metrics import Metrics
from engine.model.history import Note
from engine.model.kept import ONE_ROLE
from engine.model.mass_change import Mass
from engine.model.records import RecordType
from engine.model.tab import Edge, GivenUp, TabWork
from engine.model.work import Failure
from engine.ports import Source, Target, WallClock
from engine.runs import Runs, exemplar
from engine.store.port.store import Store

# A single opportunity that cannot be related is tried again this seldom.
REFUSED_RETRY_S = 3600.0
# A role that was refused is not cured by trying, and there may be one on every opportunity.
REFUSED_ROLE_RETRY_S = 86_400.0
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
    clock: WallClock
    rng: Random
    limits: RelateLimits
    metrics: Metrics
    wake: Callable[[], None]
    wake_changes: Callable[[], None]
    runs: Runs
    notice: Notice = field(default_factory=Notice)
    _failing: Failing = field(init=False)
    _editor: RoleEditor = field(init=False)
    _tabs: PeopleTabs = field(init=False)

    def __post_init__(self) -> None:
        self._failing = Failing(COMPONENT, self.governor, self.rng, self.metrics, apart=True)
        self._tabs = PeopleTabs(self.store, self.prospects)
        self._editor = RoleEditor(self.store, self.target, self.prospects, self.clock, self.metrics)

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
        work = await self.store.tabs.load(key)
        if work is None:
            return "nothing"
        current_lane.set(work.lane)
        current_record.set(work.record_id)
        weighing.set(work.mass is Mass.EVALUATING)
        retrying.set(work.failed_at is not None)
        began = anyio.current_time()
        outcome = await self._attempt(work)
        self.metrics.reconciles.labels(KIND, outcome).inc()
        took = anyio.current_time() - began
        self.metrics.reconcile_duration.labels(KIND).observe(took, exemplar())
        return outcome

    async def _attempt(self, work: TabWork) -> str:
        progress = Progress({role.id: role for role in work.roles}, work.listed)
        try:
            return await self._relate(work, progress)
        except StateUnusable:
            raise
        except WouldChange as error:
            return await self._hold(work, progress, error.message, ())
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

    async def _relate(self, work: TabWork, progress: Progress) -> str:
        record = self.source.read(RecordType.OPPORTUNITY, work.payload)
        if work.left_out or not record.eligible or record.people is None or not self.source.people:
            fault = record.people_fault if self.source.people and record.eligible else None
            if fault is not None and not work.left_out:
                return await self._unreadable(work, progress, fault)
            await self.store.tabs.leave(work)
            return "left"
        self.trust.ensure_roles_show(listed=work.listed)
        asked = await self._tabs.told(record.people, foreseen=weighing.get())
        tab = await self._joined(asked, progress)
        if not work.listed:
            now = self.clock.now()
            unseen = await self._look(work, tab, progress, now)
            since = work.doubt_since
            # However soon it would show: creates that keep getting lost are sent ever less often.
            bound_s = max(self.limits.visibility_s, resend_after_s(work.sent))
            if unseen and since is not None and now < since + bound_s:
                reason = "the roles are not to be seen yet"
                return await self._doubt(work, progress, reason, work.announced, since)
            if since is not None:
                resolution = "not_executed" if unseen else "executed"
                self.metrics.in_doubt_resolved.labels("role", resolution).inc()
        if weighing.get():
            edits = self._script(tab, progress)
            if edits or tab.would:
                return await self._hold(work, progress, what_would_happen(edits, tab), tab.would)
            asked = await self._tabs.told(record.people, foreseen=False)
            tab = await self._joined(asked, progress)
        return await self._carry_out(work, tab, progress)

    async def _unreadable(self, work: TabWork, progress: Progress, fault: str) -> str:
        """Hold its people, whoever they are, until the tab changes; nothing is removed."""
        error = Rejected(f"the People tab cannot be read: {fault}")
        failure = Failure(error_class(error), None, error.message)
        self.metrics.errors.labels(COMPONENT, failure.reason_class).inc()
        if await self._keep(
            work, progress, failure, wait_s=REFUSED_ROLE_RETRY_S, counts=True, given_up=True
        ):
            log.error("people_given_up", record=work.ref, reason=failure.reason)
        return "deferred"

    async def _hold(
        self, work: TabWork, progress: Progress, would: str, people: Collection[int]
    ) -> str:
        """One of many opportunities for which something would change at once."""
        seen = replace(work, listed=progress.listed)
        await self.store.tabs.hold(seen, progress.outcome(), would, people)
        log.debug("held_by_fuse", record=work.ref, reason=would)
        return "held_by_fuse"

    async def _joined(self, tab: Tab, progress: Progress) -> Tab:
        """The tab with all lines of a person in one, where the target takes one role for each."""
        setting = self.limits.one_role
        learnt = setting == "auto" and await self.store.kept.setting(ONE_ROLE) is not None
        progress.joins = learnt or setting == "always"
        progress.learns = setting == "auto" and not learnt
        return replace(tab, wanted=joined(tab.wanted)) if progress.joins else tab

    async def _look(self, work: TabWork, tab: Tab, progress: Progress, now: float) -> bool:
        """List the roles; whether a create that was announced is not to be seen."""
        lag_s = self.limits.visibility_s
        listing = await self.target.roles(work.target_id)
        # One that we have edited just now may be listed as it was: only itself tells what it is.
        proofs = {
            role_id: await self.target.role(work.target_id, role_id)
            for role_id in unproven(work, now=now, lag_s=lag_s)
        }
        look = observed(work, listing, tab.wanted, now=now, lag_s=lag_s, proofs=proofs)
        progress.shown = {role.prospect_id for role in listing}
        adopted = len({role.id for role in look.kept} - progress.roles.keys())
        self.metrics.role_edits.labels("adopted").inc(adopted)
        progress.roles = {role.id: role for role in look.kept}
        progress.removed += look.gone
        progress.listed = True
        # They stand for no line now, but may for a later one.
        progress.others = any(role.id not in progress.roles for role in listing)
        return bool(look.unseen)

    def _script(self, tab: Tab, progress: Progress) -> Script:
        return script(
            tab.wanted,
            progress.roles.values(),
            removes=self.limits.removes,
            protected=tab.protected,
        )

    async def _carry_out(self, work: TabWork, tab: Tab, progress: Progress) -> str:
        taken_since = work.taken_since
        if taken_since is not None:
            age_s = self.clock.now() - taken_since
            progress.invisible = age_s >= self.limits.visibility_s
        edits = self._script(tab, progress)
        if edits and not work.listed:
            # What the look found as ours must outlive the announcement that named it.
            await self.store.tabs.keep(work, progress.outcome())
        try:
            if edits:
                await self._editor.announce(work, edits.create, edits.touched)
            await self._editor.send(work, edits, tab.people, progress, removes=self.limits.removes)
        except Gone as error:
            return await self._opportunity_gone(work, error)
        except Overtaken:
            # What was done stays known of that opportunity, whatever is to be done by now.
            await self._keep(work, progress, None, wait_s=0.0)
            return "again"
        except OneRole:
            await self.store.kept.set_setting(ONE_ROLE, "learnt")
            log.warning("one_role_per_person", record=work.ref)
            await self._keep(work, progress, None, wait_s=0.0)
            return "again"
        except Taken as error:
            # It is there, although nothing showed it; the next look will.
            since = work.taken_since or self.clock.now()
            return await self._doubt(work, progress, plain_reason(error), [], since, taken=True)
        except StateUnusable:
            raise
        except Exception as error:  # whatever it was, the create may have been executed
            if progress.asking is None or surely_not_executed(error):
                raise
            if not isinstance(error, EngineError):
                log.error("unexpected", record=work.ref, exc_info=error)
            lost = [progress.asking]
            return await self._doubt(work, progress, plain_reason(error), lost, self.clock.now())
        return await self._settle(work, tab, progress)

    async def _opportunity_gone(self, work: TabWork, error: Gone) -> str:
        """What becomes of an opportunity that is gone is not decided here.

        The record may find it there after all, as often as we are told that it is gone.
        """
        log.warning("opportunity_gone", record=work.ref, reason=error.message)
        look_in_s = resend_after_s(work.sent)
        now = self.clock.now()
        await self.store.tabs.abandon(work, now, look_in_s=look_in_s)
        self.wake_changes()
        return "left"

    async def _settle(self, work: TabWork, tab: Tab, progress: Progress) -> str:
        held = [f"person {one} held back: {standing.reason}" for one, standing in tab.held.items()]
        lines = [*progress.edits, *progress.refused, *held]
        if progress.edits and progress.joins:
            lines.append("the lines of one person are joined in one role")
        soon = [one.retry_s for one in tab.held.values() if one.retry_s is not None]
        if progress.again:
            soon.append(0.0)
        now = self.clock.now()
        settled = await self.store.tabs.settle(
            work,
            progress.outcome(),
            waits_for=list(tab.held),
            complete=not held and not progress.refused,
            listed=not progress.others,
            note=Note("related", "; ".join(lines)) if lines else None,
            given_up=None if soon else _given_up(progress, now),
            now=now,
        )
        if soon:
            why = "; ".join(held) or None
            await self.store.tabs.look_later(work.record_id, now + min(soon), why)
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
        work: TabWork,
        progress: Progress,
        reason: str,
        announced: Sequence[Edge],
        since: float,
        *,
        taken: bool = False,
    ) -> str:
        now = self.clock.now()
        bound_s = max(self.limits.visibility_s, resend_after_s(work.sent))
        due_at = now + look_in_s(now - since, bound_s)
        failure = Failure("unreachable", None, reason)
        await self.store.tabs.doubt(
            work,
            progress.outcome(),
            failure,
            announced=announced,
            due_at=due_at,
            now=now,
            taken=taken,
        )
        log.warning("roles_in_doubt", record=work.ref, reason=reason)
        return "in_doubt"

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
            replace(work, listed=progress.listed),
            progress.outcome(),
            failure,
            due_at=now + wait_s,
            counts=counts,
            fails=fails,
            now=now,
            given_up=given_up,
        )

    async def _failed(self, work: TabWork, progress: Progress, error: Exception) -> str:
        """Try the opportunity again later; much later when it is at fault itself."""
        if isinstance(error, Unreachable) or not surely_not_executed(error):
            # An edit may have been executed all the same.
            progress.listed = False
        setback = self._failing.weigh(
            error,
            self.limits.retry,
            record_id=work.record_id,
            attempts=work.attempts,
            failures=work.failures,
            failed_at=work.failed_at,
        )
        failure = setback.failure
        wait_s = REFUSED_RETRY_S if setback.flagged else setback.wait_s
        news = await self._keep(
            work,
            progress,
            failure,
            wait_s=wait_s,
            counts=setback.counts,
            fails=setback.fails,
            given_up=setback.flagged,
        )
        if news:
            log.error("people_given_up", record=work.ref, reason=failure.reason, wait_s=wait_s)
        self._failing.deferred(work.ref, error, failure, wait_s)
        return "deferred"


def _given_up(progress: Progress, now: float) -> GivenUp | None:
    """What is to be said of a line that was refused, and when it is tried again."""
    error = progress.refusal
    if error is None:
        return None
    failure = Failure(error_class(error), error.field, error.message)
    return GivenUp(failure, now + REFUSED_ROLE_RETRY_S)
