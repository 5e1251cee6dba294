"""The chart of a day: what is drawn of any samples there may be."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from engine.service.page.chart import DAY_S, HEIGHT, WIDTH, chart

NOW = 1_790_000_000.0
_PLACES = re.compile(r"[ML](-?[\d.e+]+) (-?[\d.e+]+)")
SAMPLES = st.lists(
    st.tuples(st.integers(int(NOW) - 2 * DAY_S, int(NOW) + DAY_S), st.integers(0, 10**9)),
    max_size=50,
    unique_by=lambda one: one[0],
).map(sorted)


@given(SAMPLES)
def test_everything_is_drawn_within_the_frame(points: list[tuple[int, int]]) -> None:
    """Whatever the clock or the backlog was."""
    drawn = chart(points, NOW)

    for path in drawn.lines + drawn.areas:
        places = [(float(x), float(y)) for x, y in _PLACES.findall(path)]
        assert places
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)
    assert drawn.top >= drawn.highest
    assert all(0 <= tick.x <= WIDTH for tick in drawn.ticks)


def test_without_samples_there_is_an_empty_frame() -> None:
    """A service that has just been started."""
    drawn = chart([], NOW)

    assert drawn.lines == drawn.areas == ()
    assert (drawn.highest, drawn.highest_at, drawn.latest) == (0, None, 0)


def test_a_gap_is_no_line() -> None:
    """While the service was down nobody knows how far behind it was."""
    at = int(NOW) - 7200
    drawn = chart([(at, 1), (at + 60, 2), (at + 3600, 9), (at + 3660, 3)], NOW)

    assert len(drawn.lines) == 2
    assert (drawn.highest, drawn.highest_at, drawn.latest) == (9, at + 3600, 3)


def test_the_axis_ends_in_a_figure_that_is_easily_read() -> None:
    """Above the highest, and not far above."""
    tops = {figure: chart([(int(NOW) - 60, figure)], NOW).top for figure in (0, 7, 11, 300, 501)}

    assert tops == {0: 10, 7: 10, 11: 20, 300: 500, 501: 1000}
