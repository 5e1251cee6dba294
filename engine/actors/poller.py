"""Poller: capture every eligible change of the source, once, in order.

Mailbox   none: it is driven by time
Sends     a notification of the dispatchers when something was captured
Store     reads and moves the watermark; writes captured records
Metrics   polls, poll_pages, poll_records, poll_duration, poll_last_success, sync_lag{observed},
          errors
Stops     when it is cancelled; a page is captured whole or not at all
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random

import anyio
import structlog

from engine.actors.absent_columns import AbsentColumns
from engine.actors.fuse_keeper import FuseKeeper
from engine.actors.healer import Healer
from engine.actors.polling.feed_clock import FeedClock
from engine.actors.polling.unfinished import unfinished
from engine.actors.tolerating import tolerated
from engine.actors.unreadable_rows import UnreadableRows
from engine.clock import Clock
from engine.decide.failure import plain_reason
from engine.decide.watermark import behind
from engine.errors import EngineError
from engine.flow.backoff import delay_s
from engine.flow.pace import Pace
from engine.flow.purpose import spent_on
from engine.flow.worktime import resting
from engine.metrics import Metrics
from engine.model.capture import Watermark
from engine.model.kept import AUDIT_OWED, LAST_SWEEP, SWEEP_UNFINISHED
from engine.model.purpose import Purpose
from engine.model.reason import Code
from engine.model.records import Captured, Page
from engine.model.wait import BackoffLimits
from engine.ports import Source
from engine.runs import Runs, exemplar
from engine.store.port.store import Store

COMPONENT = "poller"
FEED = "changes"
SWEEP = "sweep"
# A page in which more than this share of the rows are changes belongs to a bulk import.
FRESH_SHARE = 0.25

log = structlog.get_logger(component=COMPONENT)


@dataclass(frozen=True, slots=True)
class PollLimits:
    """Times in seconds; `page_size` in rows."""

    interval_s: float
    overlap_s: int
    sweep_interval_s: float
    page_size: int


@dataclass(slots=True)
class Poller:
    """Runs one poll at a time; a late one is followed at once by the next, never by several.

    Args:
        tabs_listed: whether somebody else learns of changed People tabs.
        audit: follows each sweep.
        follow_people: follows each poll.
        absent, unreadable: told of every page.
    """

    source: Source
    store: Store
    clock: Clock
    rng: Random
    limits: PollLimits
    backoff: BackoffLimits
    metrics: Metrics
    wake: Callable[[], None]
    tabs_listed: Callable[[], bool]
    audit: Callable[[], Awaitable[int]]
    fuse_keeper: FuseKeeper
    follow_people: Callable[[], Awaitable[None]]
    healer: Healer
    absent: AbsentColumns
    unreadable: UnreadableRows
    runs: Runs
    pace: Pace = field(init=False)
    feed_clock: FeedClock = field(init=False)
    polled: anyio.Event = field(default_factory=anyio.Event)
    # Set once a poll has ended, however it did.
    tried: anyio.Event = field(default_factory=anyio.Event)
    captured: int = 0
    failures: int = 0
    trouble: str | None = None
    trouble_code: Code = Code.UNANSWERED
    remedy: str | None = None
    told_s: float | None = None
    # When the next poll begins after a failure, on the loop's clock.
    retry_at: float | None = None
    _failing_since: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.limits.interval_s)
        self.feed_clock = FeedClock(FEED, COMPONENT, self.store, self.clock, self.metrics)

    def retune(self, limits: PollLimits, backoff: BackoffLimits) -> None:
        """Poll by these from now on."""
        self.limits, self.backoff = limits, backoff
        self.pace.change(limits.interval_s)

    async def run(self) -> None:
        """Poll for ever, on the interval or when nudged; after a failure, after a backoff."""
        while True:
            started = anyio.current_time()
            self.pace.nudges.looks(started)
            ok = await self.attempt()
            if ok:
                await self.follow_people()
                await self.pace.rest(started)
            else:
                # At least half a second, so that a refused connection is not tried in a tight loop.
                wait = max(0.5, self.told_s or delay_s(self.failures, self.rng, self.backoff))
                self.retry_at = anyio.current_time() + wait
                await resting(wait)

    async def attempt(self) -> bool:
        """One poll, and a sweep when it is due; failures are counted and logged, not raised."""
        with self.runs.run(), tolerated(COMPONENT, "poll_failed", self.metrics, feed=FEED) as poll:
            await self.step()
        if poll.error is not None:
            self.metrics.polls.labels(FEED, "error").inc()
            self._in_trouble(poll.error)
            return False
        self._out_of_trouble()
        with tolerated(COMPONENT, "poll_failed", self.metrics, feed=SWEEP) as sweep:
            await self.sweep_when_due()
        if sweep.error is not None:
            # The next poll tries it again; meanwhile no change is missed.
            self.metrics.polls.labels(SWEEP, "error").inc()
        self.polled.set()
        return True

    def _in_trouble(self, error: Exception) -> None:
        if not self.failures:
            self._failing_since = anyio.current_time()
        self.failures += 1
        self.trouble = str(error) if isinstance(error, EngineError) else plain_reason(error)
        self.trouble_code = plain_reason(error).code
        known = isinstance(error, EngineError)
        self.told_s, self.remedy = (error.retry_after_s, error.remedy) if known else (None, None)

    def _out_of_trouble(self) -> None:
        if self.failures:
            lasted_s = round(anyio.current_time() - self._failing_since, 1)
            log.info("polls_resumed", failed=self.failures, lasted_s=lasted_s)
        self.failures, self.trouble, self.remedy, self.retry_at = 0, None, None, None

    @property
    def failing_s(self) -> float:
        """Seconds for which polls have failed; 0 while they do not."""
        return anyio.current_time() - self._failing_since if self.failures else 0.0

    async def step(self) -> int:
        """Read everything behind the watermark and capture it; returns how many rows changed."""
        try:
            return await self._follow()
        finally:
            self.tried.set()

    async def _follow(self) -> int:
        mark, overlap_s = await self.store.feeds.watermark(FEED), self.limits.overlap_s
        self.feed_clock.begin()
        # Until the whole population was read once, what a page shows may have changed long ago.
        first_ever = await self.store.kept.setting(LAST_SWEEP) is None
        began = anyio.current_time()
        cursor, changed = mark.position, 0
        flagged = await self.healer.follows()
        if first_ever:
            await self.fuse_keeper.look_begins()
        while True:
            self.feed_clock.asking()
            asked_at = self.clock.now()
            page = await self.source.changes(cursor, self.limits.page_size, flagged=flagged)
            await self._note_page(FEED, page)
            before, mark = mark, await self.feed_clock.answered(mark, page.served_at, overlap_s)
            if before.position is not None and mark.position != before.position:
                # The mark went back: what lies between is asked for first.
                cursor = mark.position
                continue
            if page.rows:
                rows = {row.ref: row.position for row in page.rows}
                mark = self.feed_clock.advanced(mark, rows, page.served_at, overlap_s)
                taken = await self._capture(
                    page, asked_at, mark=mark, first_look=first_ever, flagged=flagged
                )
                changed += len(taken)
                if not first_ever:
                    self._observe_lag(taken, page.served_at)
                    times = [row.updated_at for row in taken]
                    mark = await self.feed_clock.learn(mark, times, page.served_at, overlap_s)
                cursor = behind(cursor, list(rows.values()))
            if page.complete:
                break
        await self.feed_clock.end()
        await self.healer.step()
        await self.fuse_keeper.poll_ends(first_look=first_ever)
        self.metrics.polled(FEED, changed, anyio.current_time() - began, self.clock.now())
        log.debug("poll_done", changed=changed)
        return changed

    async def sweep(self) -> int:
        """Read every eligible record without a target id (rule 2, condition 3), by id.

        What it does not show, although it waits to be created, is no longer eligible. Where the
        source does not list changed People tabs, linked records are read as well: an edit of the
        tab need not show anywhere else.
        """
        async with unfinished(self.store, SWEEP_UNFINISHED):
            return await self._sweep()

    async def _sweep(self) -> int:
        read = self.source.unlinked if self.tabs_listed() else self.source.eligible
        started_at, began = self.clock.now(), anyio.current_time()
        number = await self.store.feeds.next_sweep()
        after, changed, whole = 0, 0, True
        while True:
            asked_at = self.clock.now()
            page = await read(after, self.limits.page_size)
            await self._note_page(SWEEP, page)
            whole = whole and not page.unreadable
            if page.rows:
                changed += len(await self._capture(page, asked_at, sweep=number))
            if page.complete:
                break
            after = behind(after, [row.id for row in page.rows])
        now = self.clock.now()
        left = await self.store.feeds.end_sweep(number, started_at, now, whole=whole)
        self.metrics.polled(SWEEP, changed, anyio.current_time() - began, self.clock.now())
        log.info("sweep_done", found=changed, no_longer_eligible=left)
        return changed

    async def sweep_when_due(self) -> None:
        """Sweep, if the last sweep is `sweep_interval_s` ago; then audit the next slice.

        What fails of the two is tried again after the next poll.
        """
        last = await self.store.kept.setting(LAST_SWEEP)
        if last is None:
            # The first poll of a new state reads the whole eligible population: a sweep by itself.
            await self.store.kept.set_setting(LAST_SWEEP, str(self.clock.now()))
        elif abs(self.clock.now() - float(last)) >= self.limits.sweep_interval_s:
            with self.runs.run(), spent_on(Purpose.AUDIT):
                await self.sweep()
        if await self.store.kept.setting(AUDIT_OWED) is not None:
            with self.runs.run(), spent_on(Purpose.AUDIT):
                await self.audit()
            await self.store.kept.forget_setting(AUDIT_OWED)
            # A sweep lists what is not linked, and an audit all of its slice.
            self.unreadable.forget_before(float(await self.store.kept.setting(LAST_SWEEP) or 0))

    async def _capture(
        self,
        page: Page,
        asked_at: float,
        *,
        mark: Watermark | None = None,
        sweep: int = 0,
        first_look: bool = False,
        flagged: bool = False,
    ) -> list[Captured]:
        rows = await self._concerned(page.rows) if flagged else page.rows
        outcome = await self.store.feeds.capture_page(
            rows,
            now=self.clock.now(),
            fresh_max=int(self.limits.page_size * FRESH_SHARE),
            feed=FEED if mark is not None else None,
            mark=mark,
            sweep=sweep,
            mass=bool(sweep),
            news=not first_look,
            first_look=first_look,
            asked_at=asked_at,
            may_lag=not sweep,
        )
        self.captured += len(outcome.changed)
        feed = SWEEP if sweep else FEED
        self.metrics.poll_records.labels(feed, "changed").inc(len(outcome.changed))
        self.metrics.poll_records.labels(feed, "known").inc(outcome.known)
        for row in outcome.changed:
            log.debug("captured", record=row.ref, version=row.version, linked=row.linked)
        if outcome.changed or outcome.tabs:
            self.wake()
        return outcome.changed

    async def _concerned(self, rows: Sequence[Captured]) -> Sequence[Captured]:
        """Without records that carry a flag which is not ours: nothing of those is news."""
        flagged = [row.id for row in rows if row.flagged]
        if not flagged:
            return rows
        ours = await self.store.refusals.flagged_by_us(flagged)
        return [row for row in rows if not row.flagged or row.id in ours]

    async def _note_page(self, feed: str, page: Page) -> None:
        """Count the page; a row that cannot be read is lost to us, and that is said."""
        self.metrics.poll_pages.labels(feed).inc()
        await self.unreadable.pass_by(COMPONENT, page, feed=feed)
        self.absent.look(page.rows)

    def _observe_lag(self, rows: list[Captured], served_at: float | None) -> None:
        now = self.clock.now() if served_at is None else served_at
        for row in rows:
            lag = now - row.updated_at
            self.metrics.sync_lag.labels("opportunity", "observed").observe(
                max(0.0, lag), exemplar()
            )
