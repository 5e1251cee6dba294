"""Records in memory: a table per resource, its look-ups, and what collections see of it.

A row is never changed in place: a write puts a new row where the old one was. That is what makes
the index lag cheap (§6.4): while a write is younger than the lag, the table remembers the row that
was there before, and collections are answered from that one.
"""

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Any, cast

from connectors.sandbox.outreach.knobs import OutreachKnobs
from connectors.sandbox.outreach.schema import Resource


@dataclass(frozen=True, slots=True)
class Row:
    """One record: set attributes only, to-one relationships only, times in epoch seconds."""

    resource: Resource
    id: int
    attributes: Mapping[str, Any]
    relationships: Mapping[str, int]
    created_at: int
    updated_at: int

    def value(self, name: str) -> Any:
        """An attribute for comparing: text folded, the record's own times as epoch seconds."""
        match name:
            case "id":
                return self.id
            case "createdAt":
                return self.created_at
            case "updatedAt":
                return self.updated_at
            case _:
                return folded(self.attributes.get(name))


def folded(value: Any) -> Any:
    """Text without case, because string filters ignore it (§15.10); lists item by item."""
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, list):
        return [folded(each) for each in cast("list[Any]", value)]
    return value


class Lookup:
    """Ids by value. One id is held bare: most keys are unique, and a set costs 200 bytes."""

    def __init__(self) -> None:
        self._ids: dict[Hashable, int | set[int]] = {}

    def add(self, key: Hashable, row_id: int) -> None:
        """Remember that this row has this value."""
        held = self._ids.setdefault(key, row_id)
        if isinstance(held, set):
            held.add(row_id)
        elif held != row_id:
            self._ids[key] = {held, row_id}

    def discard(self, key: Hashable, row_id: int) -> None:
        """Forget it; forgetting what was never known is harmless."""
        held = self._ids.get(key)
        if isinstance(held, set):
            held.discard(row_id)
        if held in (row_id, set[int]()):
            del self._ids[key]

    def ids(self, key: Hashable) -> set[int]:
        """Ids of the rows that have this value."""
        held = self._ids.get(key, set[int]())
        return set(held) if isinstance(held, set) else {held}


class Table:
    """The rows of one resource. `lookups` names attributes and relationships answered by index."""

    def __init__(
        self,
        resource: Resource,
        lookups: Sequence[str],
        knobs: OutreachKnobs,
        clock: Callable[[], float],
    ) -> None:
        self.resource = resource
        self.lookups = frozenset(lookups)
        self._knobs = knobs
        self._clock = clock
        self._rows: dict[int, Row] = {}
        self._ids: list[int] = []
        self._by = {name: Lookup() for name in lookups}
        self._id_last = 0
        self._unseen: deque[tuple[float, int]] = deque()
        self._before: dict[int, deque[Row | None]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, row_id: int | None) -> Row | None:
        """The record as it is now; what `GET /{plural}/{id}` sees (§15.6)."""
        return None if row_id is None else self._rows.get(row_id)

    def rows(self) -> list[Row]:
        """Every record as it is now, by id."""
        return [self._rows[row_id] for row_id in self._ids]

    def find(self, lookup: str, value: Hashable) -> list[Row]:
        """Records as they are now that have this value, by id; text is compared without case."""
        return [self._rows[each] for each in sorted(self._by[lookup].ids(folded(value)))]

    def next_id(self) -> int:
        """An id no record of this table has had."""
        return self._id_last + 1

    def put(self, row: Row) -> None:
        """Insert or replace."""
        old = self._rows.get(row.id)
        self._remember(row.id, old)
        if old is None:
            insort(self._ids, row.id)
            self._id_last = max(self._id_last, row.id)
        self._rows[row.id] = row
        self._reindex(old, row)

    def drop(self, row_id: int) -> None:
        """Remove a record that exists."""
        old = self._rows.pop(row_id)
        self._remember(row_id, old)
        del self._ids[bisect_right(self._ids, row_id) - 1]
        self._reindex(old, None)

    def seen_after(self, row_id: int) -> Iterator[Row]:
        """Records with a greater id as collections show them, by id."""
        self._settle()
        ids: Iterable[int] = self._ids[bisect_right(self._ids, row_id) :]
        if self._before:
            gone = (each for each in self._before if each > row_id and each not in self._rows)
            ids = merge(ids, sorted(gone))
        return (row for row in map(self._seen, ids) if row is not None)

    def seen_among(self, lookup: str, values: Iterable[Hashable]) -> list[Row]:
        """Records, by id, that may have one of these values as collections show them.

        A superset while writes are unseen: the caller still compares.
        """
        self._settle()
        if lookup == "id":
            ids = {value for value in values if isinstance(value, int)}
        else:
            ids = {each for value in values for each in self._by[lookup].ids(value)}
            ids |= self._before.keys()
        return [row for row in map(self._seen, sorted(ids)) if row is not None]

    def _seen(self, row_id: int) -> Row | None:
        older = self._before.get(row_id)
        return older[0] if older else self._rows.get(row_id)

    def _remember(self, row_id: int, before: Row | None) -> None:
        self._settle()
        if self._knobs.index_lag_s > 0:
            self._unseen.append((self._clock(), row_id))
            self._before.setdefault(row_id, deque()).append(before)

    def _settle(self) -> None:
        if not self._unseen:
            return
        horizon = self._clock() - self._knobs.index_lag_s
        while self._unseen and self._unseen[0][0] <= horizon:
            row_id = self._unseen.popleft()[1]
            older = self._before[row_id]
            older.popleft()
            if not older:
                del self._before[row_id]

    def _reindex(self, old: Row | None, new: Row | None) -> None:
        for name, lookup in self._by.items():
            was, becomes = self._keys(old, name), self._keys(new, name)
            for key in was - becomes:
                lookup.discard(key, old.id if old else 0)
            for key in becomes - was:
                lookup.add(key, new.id if new else 0)

    def _keys(self, row: Row | None, name: str) -> set[Hashable]:
        if row is None:
            return set()
        if name in self.resource.relationships:
            return {row.relationships[name]} if name in row.relationships else set()
        value = row.value(name)
        return set(cast("list[Any]", value)) if isinstance(value, list) else {value} - {None}
