"""Rows of one listing that can be read, told apart from odd ones that cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from connectors.workbooks import cells
from connectors.workbooks.wire import Row
from engine import TheirFault

Read = TypeVar("Read")

# So many rows that are odd, and no other beside them, are no matter of each single one.
MANY = 10


@dataclass(frozen=True, slots=True)
class Readable(Generic[Read]):
    """The rows that can be read, and what is wrong with each of the others.

    Args:
        odd_ids: ids of those others, as far as they can be read.
    """

    rows: list[Read]
    faults: list[TheirFault]
    odd_ids: tuple[int, ...]

    def told(self, *, nulls: int = 0) -> tuple[str, ...]:
        """Why rows were skipped.

        Args:
            nulls: so many of them are none at all.
        """
        return ("a row is null",) * nulls + tuple(one.message for one in self.faults)


def readable_of(
    rows: Sequence[Row], reading: Callable[[Row], Read], *, last: bool
) -> Readable[Read]:
    """Tell them apart.

    Args:
        last: no row is behind them, so that it is no matter where they stand.

    Raises:
        TheirFault: none of many can be read, which is a matter of all rows alike; or none of a
            page, behind which it cannot go on.
    """
    found, faults, ids = list[Read](), list[TheirFault](), list[int]()
    for row in rows:
        try:
            found.append(reading(row))
        except TheirFault as error:
            faults.append(error)
            ids += _id_of(row)
    if faults and not found and not (last and len(faults) < MANY):
        raise faults[-1]
    return Readable(found, faults, tuple(ids))


def _id_of(row: Row) -> list[int]:
    try:
        return [cells.integer(row, "id")]
    except TheirFault:
        return []
