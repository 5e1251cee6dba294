"""What the capture of a page knows and says."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.records import Captured, Position


@dataclass(frozen=True, slots=True)
class Capture:
    """What a page held: rows taken as changes, whose tabs differed, how many rows were known."""

    changed: list[Captured]
    tabs: list[int]
    known: int


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far a feed is captured.

    `position`: every change at or below it is captured; None before the first.
    `newest_at`, `newest_seen_at`: the newest source time ever seen in the feed, and our own time
    when it was first seen; together they bound the source's clock from below.
    `skew_s`: how far the source's clocks were seen to differ.
    """

    position: Position | None
    newest_at: int | None
    newest_seen_at: float | None
    skew_s: float = 0.0
