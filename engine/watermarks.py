"""How far a listing was read, and a feed may be called captured. Pure.

A record may commit late, with an earlier time than rows seen already. So a watermark follows only
up to `overlap_s` behind the source's clock, and the rows above it are read again by the next
poll, which knows them. The source's clock is at least the newest time it ever showed plus the
time that passed here since; the machine's own clock is never compared with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from engine.errors import TheirFault
from engine.records import Position
from engine.store.capture import Watermark

Cursor = TypeVar("Cursor", int, Position)


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


def advanced(
    mark: Watermark, positions: Sequence[Position], now: float, overlap_s: float
) -> Watermark:
    """The watermark after a page with rows at these positions, of which there is at least one."""
    newest = max(position.updated_at for position in positions)
    if mark.newest_at is None or newest > mark.newest_at:
        mark = replace(mark, newest_at=newest, newest_seen_at=now)
    newest_at, seen_at = mark.newest_at or newest, mark.newest_seen_at or now
    final = newest_at + max(0.0, now - seen_at) - overlap_s
    safe = [position for position in positions if position.updated_at <= final]
    if not safe or (mark.position is not None and max(safe) <= mark.position):
        return mark
    return replace(mark, position=max(safe))
