"""Watermarks: how far a feed may be called captured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.decide import watermark as watermarks
from engine.decide.watermark import Moment, Told, advanced
from engine.model.capture import Watermark
from engine.model.records import Position
from tests.unit.engine.stand_ins import NOW

OVERLAP_S = 60.0
DAY_S = 86_400
T = int(NOW)
START = Watermark(Position(T - 900, 5), T - 900, NOW)


def after(
    mark: Watermark, *positions: Position, passed_s: float = 0.0, told_s: float | None = None
) -> Watermark:
    """The watermark after a page with these rows, so many seconds after NOW.

    Args:
        told_s: seconds after NOW that the source told; None when it told no time.
    """
    served_at = None if told_s is None else NOW + told_s
    return advanced(mark, positions, Moment(NOW + passed_s, served_at), OVERLAP_S)


def at(seconds: int, record: int = 1) -> Position:
    """A row changed so many seconds after T."""
    return Position(T + seconds, record)


def test_the_watermark_stays_the_overlap_behind_the_newest_row() -> None:
    """A record may commit late with an earlier time; that window is read again."""
    mark = after(START, at(-50), at(-10, 2), at(-9, 3), at(50, 4))

    assert mark == Watermark(at(-10, 2), T + 50, NOW)


def test_rows_within_the_overlap_move_nothing_but_the_time_seen() -> None:
    """Nothing below the window was shown, so nothing more is known to be complete."""
    assert after(START, at(-895)) == replace(START, newest_at=T - 895)


def test_time_that_passed_here_moves_the_window_on() -> None:
    """The source's clock goes on while nobody edits anything."""
    first = after(START, at(-895))

    assert after(first, at(-895), passed_s=59.9).position == START.position
    assert after(first, at(-895), passed_s=60).position == at(-895)


def test_a_time_seen_again_keeps_the_moment_it_was_seen_first() -> None:
    """Otherwise a quiet feed would never leave its window."""
    first = after(START, at(-895))

    assert after(first, at(-895), passed_s=600).newest_seen_at == NOW


def test_the_first_page_of_a_feed_begins_the_watermark() -> None:
    """Whole when it is old enough, and without a position when all of it is too new."""
    empty = Watermark(None, None, None)

    assert after(empty, at(-100), at(-10, 2)) == Watermark(at(-100), T - 10, NOW)
    assert after(empty, at(-10, 2)) == Watermark(None, T - 10, NOW)


def test_the_watermark_never_goes_back() -> None:
    """A page of the overlap lies below it, and so does everything when our clock steps back."""
    assert after(START, at(-990), passed_s=60) == START
    assert after(START, START.position or at(0), passed_s=-3600) == START


def test_ids_break_the_tie_of_one_second() -> None:
    """Thousands of rows of one import share one second."""
    assert after(START, at(-900, 7), at(-900, 6), passed_s=60).position == at(-900, 7)


@pytest.mark.parametrize("told_s", [0.0, None], ids=["told", "not told"])
@pytest.mark.parametrize("ahead", [1, 40])
def test_rows_ahead_of_the_clock_move_nothing(told_s: float | None, ahead: int) -> None:
    """Whatever is changed from now on would lie before them and never be shown."""
    rows = [at(DAY_S, number) for number in range(1, ahead + 1)]

    mark = after(START, at(-30), *rows, told_s=told_s)
    later = after(
        mark, at(20), *rows, passed_s=300, told_s=None if told_s is None else told_s + 300
    )

    assert (mark.newest_at, mark.position) == (T - 30, START.position)
    assert (later.newest_at, later.position) == (T + 20, START.position)


def test_the_time_told_bounds_a_clock_of_ours_that_was_set_forward() -> None:
    """Our own clock jumped two hours between two polls; the window did not."""
    first = after(START, at(-30), told_s=0)

    assert after(first, at(-30), passed_s=7200, told_s=10).position == START.position


def test_a_clock_of_ours_that_is_hours_late_holds_nothing_up_where_the_source_tells_its_own() -> (
    None
):
    """The machine's own clock is never compared."""
    mark = after(START, at(-200), at(-10, 2), passed_s=-5 * 3600, told_s=0)

    assert mark.position == at(-200)


def test_a_mark_ahead_of_the_time_told_goes_back() -> None:
    """A former version let one row carry it away; or the source's clock was put right."""
    lost = Watermark(at(DAY_S), T + DAY_S, NOW)

    back = watermarks.returned(lost, Moment(NOW, NOW), OVERLAP_S)

    assert back == Watermark(at(-60, 0), T, NOW)
    assert watermarks.returned(lost, Moment(NOW, None), OVERLAP_S) == lost
    assert watermarks.returned(START, Moment(NOW, NOW), OVERLAP_S) == START


def test_a_feed_is_begun_behind_the_time_told() -> None:
    """The newest row may be the one that is ahead."""
    mark = watermarks.begun(at(DAY_S), Watermark(None, None, None), Moment(NOW, NOW), OVERLAP_S)

    assert mark == Watermark(at(-60, 0), T, NOW)


def test_the_look_back_grows_with_what_is_seen_and_has_an_end() -> None:
    """What falls into the window shows only that there may be more beyond it."""
    assert watermarks.look_back_s(START, 10) == 60
    assert watermarks.look_back_s(START, 900) == 900
    assert watermarks.look_back_s(replace(START, skew_s=50), 10) == 110
    assert watermarks.look_back_s(replace(START, skew_s=500), 10) == 600


def test_the_mark_goes_back_by_what_the_window_grows() -> None:
    """Rows that were missed for want of it are read now."""
    wider = watermarks.widened(START, 200, OVERLAP_S)

    assert wider.skew_s == 200
    assert wider.position == at(-900 - 2 * 200, 0)
    assert watermarks.widened(wider, 201, OVERLAP_S) == wider


def test_differences_show_in_what_is_told_however_long_answers_take() -> None:
    """A slow answer is no other clock."""
    slow = [Told(0, 40, NOW + 20), Told(50, 51, NOW + 50), Told(60, 70, NOW + 69)]

    assert watermarks.spread_s(slow) == 0
    assert watermarks.spread_s([]) == 0
    assert watermarks.spread_s([*slow, Told(80, 81, NOW + 50)]) == pytest.approx(28)


def test_differences_show_in_rows_that_come_late_or_ahead() -> None:
    """By whatever clock they were stamped."""
    assert watermarks.skew_seen([T + 30, T], NOW, None) == 30
    assert watermarks.skew_seen([T - 25, T], NOW, NOW) == 25
    assert watermarks.skew_seen([T - 25], NOW, None) == 0
    # Nobody's clock differs by a day; that is a record of its own kind.
    assert watermarks.skew_seen([T + DAY_S], NOW, None) == 0
