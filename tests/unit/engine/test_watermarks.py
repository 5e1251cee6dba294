"""Watermarks: how far a feed may be called captured."""

from __future__ import annotations

from engine.records import Position
from engine.store.capture import Watermark
from engine.watermarks import advanced
from tests.unit.engine.stand_ins import NOW

OVERLAP_S = 10.0
START = Watermark(Position(100, 5), 100, NOW)


def after(mark: Watermark, *positions: Position, passed_s: float = 0.0) -> Watermark:
    """The watermark after a page with these rows, so many seconds after NOW."""
    return advanced(mark, positions, NOW + passed_s, OVERLAP_S)


def test_the_watermark_stays_the_overlap_behind_the_newest_row() -> None:
    """A record may commit late with an earlier time; that window is read again."""
    mark = after(START, Position(150, 1), Position(190, 2), Position(191, 3), Position(200, 4))

    assert mark == Watermark(Position(190, 2), 200, NOW)


def test_rows_within_the_overlap_move_nothing_but_the_time_seen() -> None:
    """Nothing below the window was shown, so nothing more is known to be complete."""
    assert after(START, Position(105, 1)) == Watermark(Position(100, 5), 105, NOW)


def test_time_that_passed_here_moves_the_window_on() -> None:
    """The source's clock goes on while nobody edits anything."""
    first = after(START, Position(105, 1))

    assert after(first, Position(105, 1), passed_s=9.9).position == Position(100, 5)
    assert after(first, Position(105, 1), passed_s=10).position == Position(105, 1)


def test_a_time_seen_again_keeps_the_moment_it_was_seen_first() -> None:
    """Otherwise a quiet feed would never leave its window."""
    first = after(START, Position(105, 1))

    assert after(first, Position(105, 1), passed_s=60).newest_seen_at == NOW


def test_the_first_page_of_a_feed_begins_the_watermark() -> None:
    """Whole when it is old enough, and without a position when all of it is too new."""
    empty = Watermark(None, None, None)

    assert after(empty, Position(50, 1), Position(100, 2)) == Watermark(Position(50, 1), 100, NOW)
    assert after(empty, Position(100, 2)) == Watermark(None, 100, NOW)


def test_the_watermark_never_goes_back() -> None:
    """A page of the overlap lies below it, and so does everything when our clock steps back."""
    assert after(START, Position(80, 9), passed_s=60) == START
    assert after(START, Position(100, 5), passed_s=-3600) == START


def test_ids_break_the_tie_of_one_second() -> None:
    """Thousands of rows of one import share one second."""
    assert after(START, Position(100, 7), Position(100, 6), passed_s=60).position == Position(
        100, 7
    )
