"""What a lease promises, as an object that does one thing at a time; whether a history obeys it.

A history is obeyed if each of its operations can be given one moment between its beginning and its
end, so that the object, doing them in the order of these moments, answers as was answered: it is
linearizable. Moments are looked for as Wing and Gong did: all orders are followed at once, each as
far as what has ended by then allows, and those that lead to the same are followed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

NEVER = float("inf")


class Kind(StrEnum):
    """What somebody did."""

    TOOK = "took the lease"
    MAYBE_TOOK = "perhaps took the lease"
    """What it was answered never arrived."""
    STOOD = "found it standing"
    WROTE = "wrote"
    MAYBE_WROTE = "perhaps wrote"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Operation:
    """One, as the one who did it saw it.

    Args:
        number: of the lease under which it was done; 0 for none.
        value: what was counted, as it was answered.
        ended_at: NEVER for one that may have been done, and may yet be.
    """

    who: str
    kind: Kind
    began_at: float
    ended_at: float
    number: int = 0
    value: int = 0

    def __str__(self) -> str:
        until = "…" if self.ended_at == NEVER else f"{self.ended_at:.4f}"
        told = f" {self.value}" if self.kind in (Kind.WROTE, Kind.READ) else ""
        under = f" under {self.number}" if self.number else ""
        return f"{self.began_at:.4f} to {until}: {self.who} {self.kind}{told}{under}"


@dataclass(frozen=True, slots=True)
class Leased:
    """The object: a lease, and what is written under it.

    Args:
        number: of who had it last, as far as anybody has heard; it grows with each change of hands.
        counted: how often was written.
        gone: whether somebody has taken it who was never heard of again.
    """

    number: int = 0
    counted: int = 0
    gone: bool = False

    def after(self, one: Operation) -> Leased | None:
        """What it becomes by this; None where it would have answered otherwise."""
        match one.kind:
            case Kind.TOOK:
                return Leased(one.number, self.counted) if one.number > self.number else None
            case Kind.MAYBE_TOOK:
                return Leased(self.number, self.counted, gone=True)
            case Kind.STOOD:
                return self if self._has(one) else None
            case Kind.WROTE:
                rightful = self._has(one) and one.value == self.counted + 1
                return Leased(self.number, one.value) if rightful else None
            case Kind.MAYBE_WROTE:
                return Leased(self.number, self.counted + 1) if self._has(one) else None
            case Kind.READ:
                return self if one.value == self.counted else None

    def _has(self, one: Operation) -> bool:
        return one.number == self.number and not self.gone


_Order = tuple[Leased, frozenset[int]]
"""Where an order of moments has led to, and which of the operations under way have had theirs."""


def violation(history: Sequence[Operation]) -> Operation | None:
    """The first operation that no order explains any more; None where the history is obeyed."""
    events = [(one.began_at, 0, place) for place, one in enumerate(history)]
    # What ended at the very moment at which another began may have been before or after it.
    events += [(one.ended_at, 1, place) for place, one in enumerate(history)]
    under_way = set[int]()
    orders: set[_Order] = {(Leased(), frozenset())}
    for at, ends, place in sorted(events):
        if at == NEVER:
            break
        if not ends:
            under_way.add(place)
            continue
        orders = {
            (state, had - {place})
            for state, had in _followed(orders, history, under_way)
            if place in had
        }
        under_way.discard(place)
        if not orders:
            return history[place]
        orders, under_way = _without_what_is_over(orders, history, under_way)
    return None


def _followed(
    orders: Iterable[_Order], history: Sequence[Operation], under_way: set[int]
) -> set[_Order]:
    """These, and all to which they lead when more of what is under way has its moment."""
    found = set(orders)
    ahead = list(found)
    while ahead:
        state, had = ahead.pop()
        for place in _candidates(history, under_way - had):
            after = state.after(history[place])
            order = None if after is None else (after, had | {place})
            if order is not None and order not in found:
                found.add(order)
                ahead.append(order)
    return found


def _candidates(history: Sequence[Operation], places: Iterable[int]) -> Iterator[int]:
    """Of operations that never end and do the same only the first: the next is no other."""
    known = set[tuple[Kind, int]]()
    for place in sorted(places):
        one = history[place]
        if one.ended_at != NEVER:
            yield place
        elif (one.kind, one.number) not in known:
            known.add((one.kind, one.number))
            yield place


def _without_what_is_over(
    orders: set[_Order], history: Sequence[Operation], under_way: set[int]
) -> tuple[set[_Order], set[int]]:
    """The same without writes that nobody can do any more, since all agree that hands changed."""
    least = min(state.number for state, _ in orders)
    over = {
        place
        for place in under_way
        if history[place].kind is Kind.MAYBE_WROTE and history[place].number < least
    }
    return {(state, had - over) for state, had in orders}, under_way - over
