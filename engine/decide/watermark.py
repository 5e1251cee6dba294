"""How far a listing was read, and a feed may be called captured. Pure.

A record may commit late, with an earlier time than rows seen already. So a watermark follows only
up to some seconds behind the source's clock, and the rows above it are read again by the next
poll, which knows them. What the source's clock shows is bounded twice: its answers tell the time,
and it is no earlier than the newest time it ever stamped plus the time that passed here since; of
the two the earlier counts. The machine's own clock is compared only where answers tell no time,
and then only to doubt a time that is hours ahead. A row with a time ahead of the clock is captured
like any other, but moves nothing.

The source may be several servers with a clock each. How far they differ shows in what they tell
and in rows that appear late or ahead, and the look-back grows with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from engine.errors import TheirFault
from engine.model.capture import Watermark
from engine.model.records import Position

Cursor = TypeVar("Cursor", int, Position)

# The look-back is never less, nor more because of what was seen, whatever was seen.
LOOK_BACK_S_MIN = 60.0
LOOK_BACK_S_MAX = 600.0
# Times are told and stamped in whole seconds.
ROUNDING_S = 2.0
# Where the source tells no time, no clock of a machine that works is further off than this.
UNTOLD_S = 3600.0


@dataclass(frozen=True, slots=True)
class Moment:
    """When a page was answered, unix seconds: by our clock, and by the source's if it told."""

    now: float
    served_at: float | None

    def since(self, mark: Watermark) -> float | None:
        """The source's clock as the mark bounds it from below; None before the first row."""
        if mark.newest_at is None or mark.newest_seen_at is None:
            return None
        return mark.newest_at + max(0.0, self.now - mark.newest_seen_at)

    def latest(self, mark: Watermark) -> float:
        """No row can truly have been changed later than this."""
        if self.served_at is not None:
            return self.served_at + ROUNDING_S
        known = self.since(mark)
        return max(self.now, known if known is not None else self.now) + UNTOLD_S


def behind(cursor: Cursor | None, positions: Sequence[Cursor]) -> Cursor:
    """Where a listing goes on after a page with rows at these positions, one at least.

    Raises:
        TheirFault: the page does not lie behind the cursor; asking on would never end.
    """
    newest = max(positions)
    if cursor is not None and newest <= cursor:
        raise TheirFault(
            "a page of records lies before the position it was asked for",
            operation="poll",
            remedy="the source ignores the filter or the sort order; run: wosync check",
        )
    return newest


def look_back_s(mark: Watermark, overlap_s: float) -> float:
    """How far behind the source's clock rows are still read again.

    Args:
        overlap_s: so long may a record commit late by one and the same clock.
    """
    # What was seen is what fell into the window: what did not may be as far beyond.
    wanted = overlap_s + 2 * mark.skew_s
    return max(LOOK_BACK_S_MIN, float(overlap_s), min(wanted, LOOK_BACK_S_MAX))


def advanced(
    mark: Watermark, positions: Sequence[Position], moment: Moment, overlap_s: float
) -> Watermark:
    """The watermark after a page with rows at these positions, of which there is at least one."""
    latest = moment.latest(mark)
    believed = [position for position in positions if position.updated_at <= latest]
    newest = max((position.updated_at for position in believed), default=None)
    if newest is not None and (mark.newest_at is None or newest > mark.newest_at):
        mark = replace(mark, newest_at=newest, newest_seen_at=moment.now)
    clock = moment.since(mark)
    if clock is None:
        return mark
    if moment.served_at is not None:
        clock = min(clock, moment.served_at)
    final = clock - look_back_s(mark, overlap_s)
    safe = [position for position in believed if position.updated_at <= final]
    if not safe or (mark.position is not None and max(safe) <= mark.position):
        return mark
    return replace(mark, position=max(safe))


def returned(mark: Watermark, moment: Moment, overlap_s: float) -> Watermark:
    """The mark, brought back where it lies ahead of the time the source tells.

    Nothing that is changed from now on would ever be shown behind such a mark.
    """
    told = moment.served_at
    if told is None or max(mark.newest_at or 0, _time(mark)) <= told + ROUNDING_S:
        return mark
    position = mark.position
    if _time(mark) > told + ROUNDING_S:
        position = Position(max(0, int(told - look_back_s(mark, overlap_s))), 0)
    return replace(mark, position=position, newest_at=int(told), newest_seen_at=moment.now)


def begun(newest: Position | None, mark: Watermark, moment: Moment, overlap_s: float) -> Watermark:
    """A mark from which to follow a feed whose newest row stands there; late rows still show."""
    at = 0 if newest is None else newest.updated_at
    latest = moment.served_at if moment.served_at is not None else moment.now + UNTOLD_S
    at = min(at, int(latest))
    start = Position(max(0, int(at - look_back_s(mark, overlap_s))), 0)
    return replace(mark, position=start, newest_at=at, newest_seen_at=moment.now)


def widened(mark: Watermark, skew_s: float, overlap_s: float) -> Watermark:
    """The mark after a difference between the source's clocks was seen.

    What the wider look-back takes in may hold rows that were missed, so the mark goes back by it.
    """
    if skew_s <= mark.skew_s + ROUNDING_S:
        return mark
    wider = replace(mark, skew_s=min(skew_s, LOOK_BACK_S_MAX))
    back_s = look_back_s(wider, overlap_s) - look_back_s(mark, overlap_s)
    if mark.position is None or back_s <= 0:
        return wider
    return replace(wider, position=Position(max(0, int(_time(mark) - back_s)), 0))


class Told(NamedTuple):
    """One answer: when it was asked for and came, by a clock that nobody sets, and what it told."""

    sent_at: float
    came_at: float
    served_at: float


def spread_s(answers: Collection[Told]) -> float:
    """How far the clocks behind these answers differ at least, however long each took."""
    if not answers:
        return 0.0
    # Whole seconds are told: the true time lies within the second that begins there.
    most = max(answer.sent_at - answer.served_at - 1.0 for answer in answers)
    least = min(answer.came_at - answer.served_at for answer in answers)
    return max(0.0, most - least)


def skew_seen(rows: Sequence[int], served_at: float | None, asked_before: float | None) -> float:
    """How far the source's clocks differ at least, by the times of rows that are new to us.

    Args:
        served_at: what the source told with the rows.
        asked_before: what it told when it last was asked, and did not show them.
    """
    seen = 0.0
    for updated_at in rows:
        if served_at is not None and 0 < updated_at - served_at <= LOOK_BACK_S_MAX:
            seen = max(seen, updated_at - served_at)
        if asked_before is not None and 0 < asked_before - updated_at <= LOOK_BACK_S_MAX:
            seen = max(seen, asked_before - updated_at)
    return seen


def _time(mark: Watermark) -> int:
    return 0 if mark.position is None else mark.position.updated_at
