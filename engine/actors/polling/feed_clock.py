"""Feed clock: what a feed shows of the source's clock, and how far its mark may follow.

Two things are told: that the clocks of the source's servers differ, because more is read again
from then on; and that a record carries a time ahead of them, because until that time has come
every poll reads it again, and whatever compares times in the source is misled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import anyio
import structlog

from engine.clock import Clock
from engine.decide import watermark as watermarks
from engine.decide.watermark import Moment, Told
from engine.metrics import Metrics
from engine.model.capture import Watermark
from engine.model.records import Newest, Position
from engine.store.port.store import Store

# Answers whose times are compared with each other.
ANSWERS_COMPARED = 20
# A time so many seconds ahead, or a difference of so many, is worth telling.
TOLD_S = 5.0
# Records named in the status.
NAMED_MAX = 5

log = structlog.get_logger(component="feed_clock")


@dataclass(slots=True)
class FeedClock:
    """One per feed; the poller that follows the feed calls it for every page.

    Args:
        component: in whose name differences are counted.
    """

    feed: str
    component: str
    store: Store
    clock: Clock
    metrics: Metrics
    _answers: deque[Told] = field(
        default_factory=lambda: deque[Told](maxlen=ANSWERS_COMPARED), init=False
    )
    _sent_at: float = field(default=0.0, init=False)
    # What the source told at the first answer of the last whole poll, and of the present one.
    _asked_before: float | None = field(default=None, init=False)
    _asked_now: float | None = field(default=None, init=False)
    _ahead: dict[str, float] = field(default_factory=dict[str, float], init=False)
    _told: dict[str, float] | None = field(default=None, init=False)

    def begin(self) -> None:
        """A poll begins."""
        self._asked_now = None
        self._ahead = {}

    def asking(self) -> None:
        """A page is asked for."""
        self._sent_at = anyio.current_time()

    async def answered(
        self, mark: Watermark, served_at: float | None, overlap_s: float
    ) -> Watermark:
        """The mark to go by, after an answer told its time; stored when it is another one."""
        moment = self._moment(served_at)
        if served_at is not None:
            if self._asked_now is None:
                self._asked_now = served_at
            self._answers.append(Told(self._sent_at, anyio.current_time(), served_at))
        spread_s = watermarks.spread_s(self._answers)
        known = watermarks.returned(mark, moment, overlap_s)
        if known.position != mark.position:
            log.warning("watermark_was_ahead", feed=self.feed, served_at=served_at)
        if spread_s > TOLD_S:
            known = self._widened(known, spread_s, overlap_s)
        if known != mark:
            await self.store.feeds.set_watermark(self.feed, known)
        return known

    def advanced(
        self,
        mark: Watermark,
        rows: Mapping[str, Position],
        served_at: float | None,
        overlap_s: float,
    ) -> Watermark:
        """The mark after a page with these rows, given by what they are to be called."""
        moment = self._moment(served_at)
        for name, position in rows.items():
            ahead_s = position.updated_at - (served_at if served_at is not None else moment.now)
            if ahead_s > TOLD_S + mark.skew_s:
                self._ahead[name] = ahead_s
        return watermarks.advanced(mark, list(rows.values()), moment, overlap_s)

    async def learn(
        self,
        mark: Watermark,
        changed_at: Sequence[int],
        served_at: float | None,
        overlap_s: float,
    ) -> Watermark:
        """The mark after rows that were new to us had these times."""
        skew_s = watermarks.skew_seen(changed_at, served_at, self._asked_before)
        known = self._widened(mark, skew_s, overlap_s) if skew_s > TOLD_S else mark
        if known != mark:
            await self.store.feeds.set_watermark(self.feed, known)
        return known

    async def end(self) -> None:
        """The whole feed was read; what is ahead of the clock is told once and kept."""
        self._asked_before = self._asked_now
        if self._told is not None and self._ahead.keys() == self._told.keys():
            return
        for name, ahead_s in self._ahead.items():
            if self._told is None or name not in self._told:
                self.metrics.errors.labels(self.component, "clock_skew").inc()
                log.warning(
                    "ahead_of_the_source_clock",
                    feed=self.feed,
                    record=name,
                    ahead_s=round(ahead_s),
                    remedy="save the record again in the source, by a clock that is right",
                )
        self._told = self._ahead
        await self.store.kept.keep_ahead(self.feed, list(self._ahead.items())[:NAMED_MAX])

    def begun(self, newest: Newest, mark: Watermark, overlap_s: float) -> Watermark:
        """Where to begin to follow a feed that ends there now."""
        moment = self._moment(newest.served_at)
        return watermarks.begun(newest.position, mark, moment, overlap_s)

    def _widened(self, mark: Watermark, skew_s: float, overlap_s: float) -> Watermark:
        wider = watermarks.widened(mark, skew_s, overlap_s)
        if wider.skew_s != mark.skew_s:
            self.metrics.errors.labels(self.component, "clock_skew").inc()
            log.warning(
                "source_clocks_differ",
                feed=self.feed,
                seconds=round(wider.skew_s),
                look_back_s=round(watermarks.look_back_s(wider, overlap_s)),
            )
        return wider

    def _moment(self, served_at: float | None) -> Moment:
        return Moment(self.clock.now(), served_at)
