"""Selections: a test for rows, with what it implies about where in an index they can be.

Bounds are kept in two forms. A *box* limits `updated_at` and `id` each by itself; a *place* limits
the pair in the order of (updated_at, id). The keyset filter "later, or the same second and a
greater id" has a useless box (any id) and an exact place, which is why both are carried.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.sandbox.workbooks.fields import Row

Test = Callable[[Row], bool]
Pair = tuple[int, int]
FAR = 1 << 62
LOWEST: Pair = (-FAR, -FAR)
HIGHEST: Pair = (FAR, FAR)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows; `ids`, if not None, holds every id that can pass."""

    test: Test
    ids: frozenset[int] | None = None
    low_box: Pair = LOWEST
    low: Pair = LOWEST
    high_box: Pair = HIGHEST
    high: Pair = HIGHEST


def everything() -> Selection:
    """No limit at all."""
    return Selection(lambda _: True)


def within(test: Test, column: str, low: int, high: int) -> Selection:
    """A test that passes only rows whose `id` or `updated_at` is in [low, high]."""
    if column == "id":
        low_box, high_box = (-FAR, low), (FAR, high)
    else:
        low_box, high_box = (low, -FAR), (high, FAR)
    return Selection(test, None, low_box, low_box, high_box, high_box)


def all_of(parts: Sequence[Selection]) -> Selection:
    """Rows that pass every part."""
    if len(parts) == 1:
        return parts[0]
    tests = [part.test for part in parts]
    known = [part.ids for part in parts if part.ids is not None]
    low_box = _each(max, [part.low_box for part in parts])
    high_box = _each(min, [part.high_box for part in parts])
    return Selection(
        test=_both(*tests) if len(tests) == 2 else lambda row: all(test(row) for test in tests),
        ids=known[0].intersection(*known[1:]) if known else None,
        low_box=low_box,
        low=max(low_box, *(part.low for part in parts)),
        high_box=high_box,
        high=min(high_box, *(part.high for part in parts)),
    )


def any_of(parts: Sequence[Selection]) -> Selection:
    """Rows that pass at least one part."""
    if len(parts) == 1:
        return parts[0]
    tests = [part.test for part in parts]
    known = [part.ids for part in parts if part.ids is not None]
    return Selection(
        test=_either(*tests) if len(tests) == 2 else lambda row: any(test(row) for test in tests),
        ids=frozenset[int]().union(*known) if len(known) == len(parts) else None,
        low_box=_each(min, [part.low_box for part in parts]),
        low=min(part.low for part in parts),
        high_box=_each(max, [part.high_box for part in parts]),
        high=max(part.high for part in parts),
    )


def one_of(first: Selection, second: Selection) -> Selection:
    """Rows that pass exactly one of two parts."""
    left, right = first.test, second.test
    return Selection(lambda row: left(row) != right(row))


def none_of(part: Selection) -> Selection:
    """Rows that do not pass."""
    test = part.test
    return Selection(lambda row: not test(row))


def _both(left: Test, right: Test) -> Test:
    return lambda row: left(row) and right(row)


def _either(left: Test, right: Test) -> Test:
    return lambda row: left(row) or right(row)


def _each(choose: Callable[[list[int]], int], pairs: list[Pair]) -> Pair:
    return choose([pair[0] for pair in pairs]), choose([pair[1] for pair in pairs])
