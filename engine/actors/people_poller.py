"""People poller: what happened to People tabs and to people, without an edit of an opportunity.

Two feeds, each with its own watermark: relationships that were added, changed or removed (rule 8,
cases 2 and 3), where the source lists them; and people, for as long as some line waits for one.

Mailbox   none: the poller calls it after each of its own polls
Sends     a notification of the tab dispatchers when something was captured
Store     reads and moves the watermarks; captures the opportunities concerned
Metrics   polls, poll_pages, poll_records, poll_duration, poll_last_success, sync_lag{observed},
          errors
Stops     with the poller
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import anyio
import structlog

from engine.actors import unreadable_rows
from engine.actors.fuse_keeper import FuseKeeper
from engine.actors.poller import FRESH_SHARE
from engine.actors.polling.feed_clock import FeedClock
from engine.actors.polling.seen_rows import SeenRows
from engine.actors.tolerating import tolerated
from engine.actors.unreadable_rows import Repeated
from engine.clock import Clock
from engine.decide.watermark import behind
from engine.errors import Misconfigured
from engine.flow.purpose import spent_on
from engine.metrics import Metrics
from engine.model.capture import Watermark
from engine.model.purpose import Purpose
from engine.model.records import Captured, Newest, Position, RecordType, TabChange
from engine.ports import Source
from engine.resolvers.prospects import ProspectResolver
from engine.runs import Runs, exemplar
from engine.store.port.store import Store

COMPONENT = "people_poller"
TABS = "tab_changes"
PEOPLE = "people"

log = structlog.get_logger(component=COMPONENT)


@dataclass(frozen=True, slots=True)
class PeoplePollLimits:
    """Times in seconds; `page_size` in rows; `tabs` where tab changes are learnt from."""

    overlap_s: int
    page_size: int
    tabs: Literal["auto", "resource", "arrays"]


@dataclass(slots=True)
class PeoplePoller:
    """Follows what the poll of opportunities cannot show."""

    source: Source
    store: Store
    clock: Clock
    prospects: ProspectResolver
    fuse_keeper: FuseKeeper
    limits: PeoplePollLimits
    metrics: Metrics
    wake: Callable[[], None]
    runs: Runs
    captured: int = field(default=0, init=False)
    _tabs_clock: FeedClock = field(init=False)
    _people_clock: FeedClock = field(init=False)
    _tabs_seen: SeenRows = field(default_factory=SeenRows, init=False)
    _unreadable: dict[str, Repeated] = field(init=False)
    # Named apart: nothing was missed while nobody was awaited.
    _following: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        shared = (COMPONENT, self.store, self.clock, self.metrics)
        self._tabs_clock = FeedClock(TABS, *shared)
        self._people_clock = FeedClock(PEOPLE, *shared)
        self._unreadable = {TABS: Repeated(), PEOPLE: Repeated()}

    async def attempt(self) -> None:
        """One poll of each feed; a failure of one keeps back nothing else."""
        for feed, follow in ((TABS, self._follow_tabs), (PEOPLE, self._follow_people)):
            with (
                self.runs.run(),
                spent_on(Purpose.PEOPLE),
                tolerated(COMPONENT, "poll_failed", self.metrics, feed=feed) as poll,
            ):
                await follow()
            if poll.error is not None:
                self.metrics.polls.labels(feed, "error").inc()

    def polls_tabs(self) -> bool:
        """Whether tab changes are asked for, rather than found by the sweep.

        Raises:
            Misconfigured: they are to be, and the source does not list them.
        """
        if not self.source.people or self.limits.tabs == "arrays":
            return False
        if self.limits.tabs == "resource" and not self.source.tab_changes_listed:
            raise Misconfigured(
                '[contacts] source is "resource", but the source does not list relationships',
                remedy='set [contacts] source = "auto" or "arrays"',
            )
        return self.source.tab_changes_listed

    async def start(self) -> None:
        """Where the feed of tab changes begins, when that is not known yet.

        To be called before opportunities are first read: their tabs come with them, and what
        changes after that read lies behind this position.
        """
        if self.polls_tabs():
            await self._started()

    async def _started(self) -> Watermark:
        mark = await self.store.feeds.watermark(TABS)
        if mark.position is None:
            mark = await self._begin(self._tabs_clock, await self.source.newest_tab_change())
        return mark

    async def step(self) -> int:
        """Follow both feeds; returns how many tabs turned out to differ."""
        differing = await self._follow_tabs()
        await self._follow_people()
        return differing

    async def _follow_tabs(self) -> int:
        if not self.polls_tabs():
            return 0
        mark = await self._started()
        cursor, differing, began = mark.position or Position(0, 0), 0, anyio.current_time()
        self._tabs_clock.begin()
        while True:
            self._tabs_clock.asking()
            page = await self.source.tab_changes(cursor, self.limits.page_size)
            self._note_page(TABS, page.unreadable)
            before, mark = mark, await self._answered(self._tabs_clock, mark, page.served_at)
            if mark.position != before.position:
                cursor = mark.position or Position(0, 0)
                continue
            if page.rows:
                news = [row for row in page.rows if row.position not in self._tabs_seen]
                differing += await self._capture(_changed_at(news))
                self._tabs_seen.note(
                    (row.position for row in news), served_at=page.served_at, skew_s=mark.skew_s
                )
                rows = {f"relationship {row.position.id}": row.position for row in page.rows}
                mark = await self._advance(self._tabs_clock, mark, rows, page.served_at)
            if page.complete:
                break
            cursor = behind(cursor, [row.position for row in page.rows])
        self._tabs_seen.forget_upto(mark.position)
        await self._tabs_clock.end()
        await self.fuse_keeper.poll_ends()
        self._polled(TABS, differing, began)
        return differing

    async def _capture(self, changed_at: Mapping[int, float]) -> int:
        """Look at the tabs of these opportunities, as far as they concern us.

        Args:
            changed_at: when each was edited, unix seconds.
        """
        ids, asked_at = sorted(changed_at), self.clock.now()
        if not ids:
            return 0
        found = await self.source.fetch(RecordType.OPPORTUNITY, ids)
        unreadable_rows.tell(self.metrics, COMPONENT, found.why_unreadable, feed=TABS)
        await self.store.feeds.read_anew([*found.unreadable], asked_at)
        known = await self.store.feeds.known_ids(ids)
        concerned = [
            row for row in found.rows if row.id in changed_at and (row.id in known or row.eligible)
        ]
        return await self._take(concerned, changed_at, asked_at)

    async def _take(
        self, rows: Sequence[Captured], changed_at: Mapping[int, float], asked_at: float
    ) -> int:
        if not rows:
            return 0
        outcome = await self.store.feeds.capture_page(
            rows,
            now=self.clock.now(),
            fresh_max=int(self.limits.page_size * FRESH_SHARE),
            tab_changed_at=changed_at,
            asked_at=asked_at,
            may_lag=False,
        )
        self.metrics.poll_records.labels(TABS, "changed").inc(len(outcome.tabs))
        self.metrics.poll_records.labels(TABS, "known").inc(len(rows) - len(outcome.tabs))
        now = self.clock.now()
        for record_id in outcome.tabs:
            lag = max(0.0, now - changed_at[record_id])
            self.metrics.sync_lag.labels("relationship", "observed").observe(lag, exemplar())
        self.captured += len(outcome.changed)
        if outcome.tabs or outcome.changed:
            log.debug("tabs_captured", tabs=len(outcome.tabs), records=len(outcome.changed))
            self.wake()
        return len(outcome.tabs)

    async def _follow_people(self) -> None:
        if not self.source.people:
            return
        awaited = await self.store.people.awaited()
        if not awaited:
            self._following = False
            return
        if not self._following:
            # Whoever changed since it was read is found by reading everybody once more.
            await self._begin(self._people_clock, await self.source.newest_person_change())
            self._following = True
            await self._available(awaited)
            return
        waiting, mark = set(awaited), await self.store.feeds.watermark(PEOPLE)
        cursor, changed, began = mark.position or Position(0, 0), 0, anyio.current_time()
        self._people_clock.begin()
        while True:
            self._people_clock.asking()
            page = await self.source.people_changes(cursor, self.limits.page_size)
            self._note_page(PEOPLE, page.unreadable)
            before, mark = mark, await self._answered(self._people_clock, mark, page.served_at)
            if mark.position != before.position:
                cursor = mark.position or Position(0, 0)
                continue
            if page.rows:
                differing = await self._changed(waiting, page.rows)
                changed += len(differing)
                self.metrics.poll_records.labels(PEOPLE, "changed").inc(len(differing))
                known = len(page.rows) - len(differing)
                self.metrics.poll_records.labels(PEOPLE, "known").inc(known)
                await self._available(differing)
                rows = {row.ref: row.position for row in page.rows}
                mark = await self._advance(self._people_clock, mark, rows, page.served_at)
            if page.complete:
                break
            cursor = behind(cursor, [row.position for row in page.rows])
        await self._people_clock.end()
        self._polled(PEOPLE, changed, began)

    def _note_page(self, feed: str, unreadable: Sequence[str]) -> None:
        """Count the page; a row that cannot be read is lost to us, and that is said once."""
        self.metrics.poll_pages.labels(feed).inc()
        fresh = self._unreadable[feed].fresh(unreadable)
        unreadable_rows.tell(self.metrics, COMPONENT, fresh, feed=feed)

    def _polled(self, feed: str, changed: int, began: float) -> None:
        self._unreadable[feed].poll_ends()
        took_s = anyio.current_time() - began
        self.metrics.polled(feed, changed, took_s, self.clock.now())

    async def _changed(self, waiting: set[int], rows: Sequence[Captured]) -> list[int]:
        """Those waited for who may not be what we know; the overlap shows others again."""
        versions = {row.id: row.version for row in rows if row.id in waiting}
        known = await self.store.people.load(versions) if versions else {}
        # One that is a prospect by now was read for another opportunity than those that wait.
        unchanged = {
            person.id
            for person in known.values()
            if person.version == versions[person.id] and person.prospect_id is None
        }
        return sorted(versions.keys() - unchanged)

    async def _available(self, ids: Sequence[int]) -> None:
        if ids:
            self.prospects.forget(ids)
            await self.prospects.wake_awaiting(ids)

    async def _begin(self, feed: FeedClock, newest: Newest) -> Watermark:
        """Follow the feed from here on; a row that commits late is still to be seen."""
        mark = await self.store.feeds.watermark(feed.feed)
        mark = feed.begun(newest, mark, self.limits.overlap_s)
        await self.store.feeds.set_watermark(feed.feed, mark)
        # As it is told from now on: of what all feeds have in common a part is another one's.
        return await self.store.feeds.watermark(feed.feed)

    async def _answered(
        self, feed: FeedClock, mark: Watermark, served_at: float | None
    ) -> Watermark:
        return await feed.answered(mark, served_at, self.limits.overlap_s)

    async def _advance(
        self,
        feed: FeedClock,
        mark: Watermark,
        rows: Mapping[str, Position],
        served_at: float | None,
    ) -> Watermark:
        after = feed.advanced(mark, rows, served_at, self.limits.overlap_s)
        if after != mark:
            await self.store.feeds.set_watermark(feed.feed, after)
        return after


def _changed_at(rows: Sequence[TabChange]) -> dict[int, float]:
    """The earliest change of each opportunity's tab among these, unix seconds."""
    times: dict[int, float] = {}
    for row in rows:
        if row.opportunity_id > 0:
            at = float(row.position.updated_at)
            times[row.opportunity_id] = min(at, times.get(row.opportunity_id, at))
    return times
