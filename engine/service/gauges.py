"""Gauges: what is so at the moment, set when somebody asks for the metrics."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from engine import logs
from engine.assembly.assembly import Assembly
from engine.errors import StateUnusable
from engine.flow.governor import Governor
from engine.flow.worktime import Seconds, State
from engine.metrics import labels
from engine.model.condition import Condition
from engine.model.lane import Lane
from engine.model.measure import Measured
from engine.resolvers.accounts import KIND as ACCOUNT
from engine.service.outlook import Outlook

# A look at the state that takes longer is given up, so that the rest is told all the same.
LOOK_S = 5.0


@dataclass(slots=True)
class Gauges:
    """Sets every gauge of an assembly; counts worker time on."""

    assembly: Assembly
    _counted: dict[str, Seconds] = field(default_factory=dict[str, Seconds], init=False)
    _dropped: int = field(default=0, init=False)
    outlook: Outlook = field(init=False)

    def __post_init__(self) -> None:
        self.outlook = Outlook(self.assembly)

    async def set(self, *, ready: bool, leads: bool) -> None:
        """Set them all."""
        assembly = self.assembly
        now = assembly.environment.clock.now()
        state = await self._look(now)
        assembly.metrics.state_readable.set(state is not None)
        if state is not None:
            self._records(state, now)
            assembly.metrics.backlog_done.set(self.outlook.done_in_s(state, now))
        self._mailboxes()
        self._workers()
        for name, governor in assembly.systems.governors(assembly.config).items():
            self._connector(name, governor)
        self._budget(now)
        await self._authorisation()
        self._caches(now)
        await self._files()
        self._logs()
        assembly.metrics.ready.set(ready)
        assembly.metrics.leader.set(leads)

    async def _look(self, now: float) -> Measured | None:
        """What the state holds; None when it cannot be read, or not in time."""
        assembly = self.assembly
        late = now - 2 * assembly.config.engine.poller.audit_interval_s
        with anyio.move_on_after(LOOK_S), suppress(StateUnusable):
            return await assembly.store.report.measured(late, self.outlook.soon(now))
        # A disk that failed once is not to be trusted; a database may be away for a moment.
        if assembly.config.engine.service.state is None or assembly.config.shadow:
            assembly.metrics.errors.labels(labels.STORE, "storage").inc()
        return None

    def _records(self, state: Measured, now: float) -> None:
        metrics = self.assembly.metrics
        for (kind, lane), backlog in state.pending.items():
            waiting = kind, lane.name.lower()
            metrics.pending_records.labels(*waiting).set(backlog.records)
            metrics.pending_oldest_age.labels(*waiting).set(_age_s(backlog.since, now))
        metrics.records_linked.set(state.linked)
        in_error = Counter[tuple[str, str]]()
        for (kind, reason_class), number in state.in_error.items():
            known = reason_class if reason_class in labels.REFUSAL_CLASSES else labels.OTHER
            in_error[kind, known] += number
        for kind in labels.REFUSED_KINDS:
            for reason_class in labels.REFUSAL_CLASSES:
                number = in_error[kind, reason_class]
                metrics.records_in_error.labels(kind, reason_class).set(number)
        metrics.lines_held_back.set(state.lines_held_back)
        for kind, number in state.in_doubt.items():
            metrics.in_doubt.labels(kind).set(number)
        metrics.in_doubt_age.set(_age_s(state.in_doubt_since, now))
        metrics.records_unproven.set(state.unproven)
        metrics.unproven_age.set(_age_s(state.proved_at, now))
        metrics.fuse_held.set(state.held.records)
        metrics.fuse_tripped.set(state.held.tripped)
        for feed, at in state.watermarks.items():
            metrics.watermark.labels(feed).set(at)

    def _logs(self) -> None:
        dropped = logs.dropped()
        # Set up anew, logging counts from nothing.
        self.assembly.metrics.log_lines_dropped.inc(max(0, dropped - self._dropped))
        self._dropped = dropped

    def _mailboxes(self) -> None:
        assembly, metrics = self.assembly, self.assembly.metrics
        for mailbox in (assembly.changes, assembly.tabs, assembly.write_backs):
            metrics.mailbox_depth.labels(mailbox.name).set(len(mailbox))
            metrics.mailbox_capacity.labels(mailbox.name).set(mailbox.capacity)
            metrics.mailbox_oldest_age.labels(mailbox.name).set(mailbox.oldest_age_s())
            metrics.mailbox_blocked.labels(mailbox.name).set(mailbox.blocked_senders)

    def _workers(self) -> None:
        worktime, metrics = self.assembly.worktime, self.assembly.metrics
        now = anyio.current_time()
        for actor in labels.ACTORS:
            metrics.actor_workers.labels(actor).set(len(worktime.workers.get(actor, ())))
            metrics.actor_longest_busy.labels(actor).set(worktime.longest_busy_s(actor, now))
            spent = worktime.seconds(actor, now)
            counted = self._counted.get(actor, {})
            for state in State:
                # Rounding may take back what it gave.
                more = max(0.0, spent[state] - counted.get(state, 0.0))
                metrics.actor_time.labels(actor, state.value).inc(more)
            self._counted[actor] = spent

    def _connector(self, name: str, governor: Governor) -> None:
        metrics = self.assembly.metrics
        metrics.api_in_flight.labels(name).set(governor.in_flight)
        metrics.admission_waiting.labels(name).set(governor.waiting)
        metrics.connector_paused.labels(name).set(governor.paused_s)
        metrics.connector_down.labels(name).set(governor.down)
        present = governor.condition
        for condition in Condition:
            metrics.connector_condition.labels(name, condition).set(condition is present)

    def _budget(self, now: float) -> None:
        metrics = self.assembly.metrics
        name, governor = self.assembly.config.connectors.target.name, self._target_governor
        budget = governor.budget
        for window, (limit, left) in (("hour", budget.hour(now)), ("year", budget.year(now))):
            metrics.budget_limit.labels(name, window).set(limit)
            metrics.budget_remaining.labels(name, window).set(left)
        metrics.budget_reset.labels(name).set(budget.window.reset_at or 0)
        for lane in Lane:
            metrics.budget_held.labels(name, lane.name.lower()).set(governor.held_s(lane))
        metrics.budget_year_used.labels(name).set(budget.used_last_year(now))
        metrics.budget_year_forecast.labels(name).set(budget.year_forecast(now))

    async def _authorisation(self) -> None:
        authority = self.assembly.systems.target.authority
        standing = None if authority is None else await authority.standing()
        ends_at = standing.ends_at if standing is not None else None
        name = self.assembly.config.connectors.target.name
        self.assembly.metrics.authorisation_ends.labels(name).set(ends_at or 0)

    @property
    def _target_governor(self) -> Governor:
        return self.assembly.systems.target_governor

    def _caches(self, now: float) -> None:
        assembly, metrics = self.assembly, self.assembly.metrics
        cached = assembly.owner_resolver.cached()
        cached[ACCOUNT] = assembly.account_resolver.cached()
        for kind, (entries, age_s) in cached.items():
            metrics.reference_cache_entries.labels(kind).set(entries)
            at = 0.0 if age_s is None else now - age_s
            metrics.reference_cache_refresh.labels(kind).set(at)

    async def _files(self) -> None:
        metrics = self.assembly.metrics
        place = self.assembly.environment.place(self.assembly.config)
        for name, size in (await place.sizes()).items():
            metrics.sqlite_file_bytes.labels(name).set(size)
        metrics.sqlite_writer_queue.set(self.assembly.store.waiting)
        free, size = _disk(place.directory)
        metrics.state_disk_free.set(free)
        metrics.state_disk_size.set(size)


def _age_s(since: float | None, now: float) -> float:
    return 0.0 if since is None else max(0.0, now - since)


def _disk(directory: Path) -> tuple[float, float]:
    """Bytes that are free, and all there are."""
    with suppress(OSError):
        usage = shutil.disk_usage(directory)
        return usage.free, usage.total
    return math.nan, math.nan
