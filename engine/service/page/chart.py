"""A chart of one figure over a day, as the points of a drawing. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720.0, 120.0
DAY_S = 86_400
HOUR_S = 3600
# A gap longer than this is drawn as one: nothing is known of it.
GAP_S = 180
TICK_HOURS = 6
# Figures on the axis end in one of these.
_STEPS = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Tick:
    """A time on the axis: where it stands, and its hour."""

    x: float
    at: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn.

    Args:
        areas, lines: paths of a drawing WIDTH by HEIGHT, one for each stretch without a gap.
        top: the figure at its upper edge.
        highest, highest_at: the largest figure there is, and when it was; None without any.
    """

    areas: tuple[str, ...]
    lines: tuple[str, ...]
    ticks: tuple[Tick, ...]
    top: int
    highest: int
    highest_at: int | None
    latest: int


def chart(points: Sequence[tuple[int, int]], now: float) -> Chart:
    """The last day of one figure.

    Args:
        points: (unix seconds, figure), in the order of time.
    """
    begin = now - DAY_S
    shown = [(at, figure) for at, figure in points if begin <= at <= now]
    highest_at, highest = max(shown, key=lambda one: one[1], default=(None, 0))
    top = _rounded(highest)
    stretches = _stretches(shown)
    drawn = [[_place(at - begin, figure, top) for at, figure in one] for one in stretches]
    return Chart(
        tuple(_area(one) for one in drawn),
        tuple(_line(one) for one in drawn),
        tuple(_ticks(begin, now)),
        top,
        highest,
        highest_at,
        shown[-1][1] if shown else 0,
    )


def _rounded(highest: int) -> int:
    """The next larger figure that is easily read."""
    if highest <= _STEPS[-1]:
        return _STEPS[-1]
    size = 10 ** int(math.log10(highest))
    return next(step * size for step in _STEPS if step * size >= highest)


def _stretches(points: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    found: list[list[tuple[int, int]]] = []
    for point in points:
        if found and point[0] - found[-1][-1][0] <= GAP_S:
            found[-1].append(point)
        else:
            found.append([point])
    return found


def _place(after_s: float, figure: int, top: int) -> tuple[float, float]:
    return round(after_s / DAY_S * WIDTH, 1), round(HEIGHT * (1 - figure / top), 1)


def _line(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _area(points: Sequence[tuple[float, float]]) -> str:
    first, last = points[0][0], points[-1][0]
    return f"{_line(points)}L{last:g} {HEIGHT:g}L{first:g} {HEIGHT:g}Z"


def _ticks(begin: float, now: float) -> list[Tick]:
    step = TICK_HOURS * HOUR_S
    first = math.ceil(begin / step) * step
    return [
        Tick(round((at - begin) / DAY_S * WIDTH, 1), at) for at in range(first, int(now) + 1, step)
    ]
