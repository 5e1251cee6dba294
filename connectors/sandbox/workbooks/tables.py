"""Tables: the rows of one record type, kept so that a page costs a page whatever the table holds.

A CRM user's hands are the methods `create`, `update`, `delete`, `get` and `rows`; the HTTP side
uses `save`, `insert` and `flag_deleted`, which take the caller to be recorded.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from connectors.sandbox.workbooks.fields import Field, RecordType, Row
from connectors.sandbox.workbooks.formats import Incoming, Value, from_python, to_python

# Places of a row in the order of (updated_at, id), as one integer: half the memory of a pair.
_ID_BITS = 40
DESKTOP = "Workbooks Desktop"
_STANDARD = ("id", "created_at", "updated_at", "created_by", "updated_by", "lock_version")


@dataclass(slots=True)
class Ids:
    """The next free id; people and organisations share one, being both parties (§15)."""

    last: int = 0

    def take(self, wanted: int | None) -> int:
        """Return `wanted`, or else the next id, and never go back below it."""
        taken = self.last + 1 if wanted is None else wanted
        self.last = max(self.last, taken)
        return taken


def time_place(updated_at: int, row_id: int) -> int:
    """Where (updated_at, id) stands in the time order."""
    limit = (1 << _ID_BITS) - 1
    return (updated_at << _ID_BITS) + min(max(row_id, 0), limit)


SaveHook = Callable[[Row, dict[str, Value], int], None]


class Table:
    """All rows of one record type, deleted ones included (§8)."""

    def __init__(
        self,
        record_type: RecordType,
        clock: Callable[[], float],
        crm_user: Callable[[], int],
        ids: Ids | None = None,
    ) -> None:
        self.type = record_type
        self.hidden: set[int] = set()
        # Called with the changes about to be saved; takes out those that live elsewhere.
        self.before_save: list[SaveHook] = []
        self.after_delete: list[Callable[[Row, int], None]] = []
        self._clock = clock
        self._crm_user = crm_user
        self._ids = ids or Ids()
        self._rows: dict[int, Row] = {}
        self._by_id: list[int] = []
        self._by_time: list[int] = []

    def __len__(self) -> int:
        return len(self._rows)

    def now(self) -> int:
        """The server's clock: whole epoch seconds (§6.1)."""
        return int(self._clock())

    # The hands of a CRM user.

    def create(self, **attrs: Incoming) -> int:
        """Add a record as the CRM user and return its id.

        `id`, `created_at`, `updated_at` (datetime or epoch seconds), `created_by`, `updated_by` and
        `lock_version` may be given, to seed a history. Columns are given by API name, with
        underscores for brackets (`opportunity_stage_name`).

        Raises:
            KeyError: the type has no such column, or it cannot be set.
            ValueError: the id is taken.
        """
        given = {name: attrs.pop(name) for name in _STANDARD if name in attrs}
        standard = {name: _seconds(value) for name, value in given.items()}
        row = self.new_row(standard.get("id"), self._crm_user(), DESKTOP)
        row.created_at = standard.get("created_at", standard.get("updated_at", row.created_at))
        row.updated_at = standard.get("updated_at", max(row.created_at, row.updated_at))
        row.created_by = standard.get("created_by", row.created_by)
        row.updated_by = standard.get("updated_by", row.created_by)
        row.lock_version = standard.get("lock_version", 0)
        self.insert(row, self._from_hands(attrs))
        return row.id

    def update(self, row_id: int, **attrs: Incoming) -> bool:
        """Edit a record as the CRM user; True if anything really changed.

        Raises:
            KeyError: no such record or column.
        """
        return bool(self.save(self._rows[row_id], self._from_hands(attrs), self._crm_user()))

    def delete(self, row_id: int) -> None:
        """Flag a record as deleted, as the CRM user (§8)."""
        self.flag_deleted(self._rows[row_id], self._crm_user())

    def restamp(
        self, row_id: int, *, updated_at: Incoming = None, lock_version: int | None = None
    ) -> None:
        """Give a record another time or version without an edit, as a wrong clock or a backup does.

        Raises:
            KeyError: no such record.
        """
        row = self._rows[row_id]
        if updated_at is not None:
            del self._by_time[bisect_left(self._by_time, time_place(row.updated_at, row_id))]
            row.updated_at = _seconds(updated_at)
            insort(self._by_time, time_place(row.updated_at, row_id))
        if lock_version is not None:
            row.lock_version = lock_version

    def restore(self, row_id: int) -> None:
        """Take a deleted record back, as the CRM user."""
        row = self._rows[row_id]
        if row.is_deleted:
            row.is_deleted = False
            self.touch(row, self._crm_user())

    def purge(self, row_id: int) -> None:
        """Make a record vanish altogether, flag and all (§8)."""
        row = self._rows.pop(row_id)
        del self._by_id[bisect_left(self._by_id, row_id)]
        del self._by_time[bisect_left(self._by_time, time_place(row.updated_at, row_id))]

    def hide(self, row_id: int) -> None:
        """Take away the API users' right to see a record (A7)."""
        self.hidden.add(row_id)

    def show(self, row_id: int) -> None:
        """Give the right back."""
        self.hidden.discard(row_id)

    def get(self, row_id: int) -> dict[str, object]:
        """All served columns of a record by API name; datetimes are aware, arrays are lists.

        Raises:
            KeyError: no such record.
        """
        row = self._rows[row_id]
        return {
            one.name: to_python(one.datatype, one.read(row)) for one in self.type.by_name.values()
        }

    def value(self, row_id: int, name: str) -> object:
        """One column, by its API name, Python name, or the name it had when it was made."""
        column = self.type.named(name)
        return to_python(column.datatype, column.read(self._rows[row_id]))

    def rows(self) -> Iterator[dict[str, object]]:
        """Every record that is not deleted, in id order."""
        return (self.get(row_id) for row_id in list(self._by_id) if self.is_live(row_id))

    def ids(self) -> list[int]:
        """Ids of every record that is not deleted, in order."""
        return [row_id for row_id in self._by_id if self.is_live(row_id)]

    def is_live(self, row_id: int) -> bool:
        """Whether a record exists and is not deleted."""
        row = self._rows.get(row_id)
        return row is not None and not row.is_deleted

    # What the HTTP side uses.

    def find(self, row_id: int) -> Row | None:
        """The row itself, deleted or not."""
        return self._rows.get(row_id)

    def new_row(self, row_id: int | None, user_id: int, through: str) -> Row:
        """A row not yet in the table.

        Raises:
            ValueError: the id is taken.
        """
        if row_id is not None and row_id in self._rows:
            raise ValueError(f"{self.type.human_name} {row_id} exists already")
        now = self.now()
        return Row(self._ids.take(row_id), now, user_id, now, user_id, through)

    def insert(self, row: Row, changes: dict[str, Value]) -> None:
        """Put a new row in."""
        self._rows[row.id] = row
        insort(self._by_id, row.id)
        insort(self._by_time, time_place(row.updated_at, row.id))
        for hook in self.before_save:
            hook(row, changes, row.created_by)
        row.values = {key: value for key, value in changes.items() if value is not None}

    def save(self, row: Row, changes: dict[str, Value], user_id: int) -> list[str]:
        """Change a row; return the keys that really changed.

        Nothing moves when nothing changes: neither version nor `updated_at` (§7.2).
        """
        real = {
            key: value
            for key, value in changes.items()
            if differs(self.type.by_key[key], row, value)
        }
        if not real:
            return []
        keys = list(real)
        for hook in self.before_save:
            hook(row, real, user_id)
        for key, value in real.items():
            if value is None:
                row.values.pop(key, None)
            else:
                row.values[key] = value
        self.touch(row, user_id)
        return keys

    def touch(self, row: Row, user_id: int) -> None:
        """Count one modification by this user, now (§6.3)."""
        del self._by_time[bisect_left(self._by_time, time_place(row.updated_at, row.id))]
        row.updated_at = self.now()
        insort(self._by_time, time_place(row.updated_at, row.id))
        row.updated_by = user_id
        row.lock_version += 1

    def flag_deleted(self, row: Row, user_id: int) -> None:
        """Delete a row: it stays, flagged, with a new version and time (§8, A28)."""
        if row.is_deleted:
            return
        row.is_deleted = True
        self.touch(row, user_id)
        for hook in self.after_delete:
            hook(row, user_id)

    def in_time_order(self, low: int, high: int, *, descending: bool) -> Iterator[Row]:
        """Rows whose `time_place` is within [low, high]."""
        start, stop = bisect_left(self._by_time, low), bisect_right(self._by_time, high)
        mask = (1 << _ID_BITS) - 1
        for place in _places(start, stop, descending=descending):
            yield self._rows[self._by_time[place] & mask]

    def in_id_order(self, low: int, high: int, *, descending: bool) -> Iterator[Row]:
        """Rows whose id is within [low, high]."""
        start, stop = bisect_left(self._by_id, low), bisect_right(self._by_id, high)
        for place in _places(start, stop, descending=descending):
            yield self._rows[self._by_id[place]]

    def _from_hands(self, attrs: dict[str, Incoming]) -> dict[str, Value]:
        changes: dict[str, Value] = {}
        for name, given in attrs.items():
            column = self.type.named(name)
            value = from_python(column.datatype, given)
            if column.by_hand:
                key, value = column.by_hand(value)
                changes[key] = value
            elif column.stored or column.updateable:
                changes[column.key] = value
            else:
                raise KeyError(f"{name} is calculated")
        return changes


def differs(column: Field, row: Row, value: Value) -> bool:
    """Whether a column would show another value; unset, empty and unticked are one (A20, A21)."""
    return _shown(column.read(row)) != _shown(value)


def _shown(value: Value) -> Value:
    return None if value is False or value in ("", ()) else value


def _places(start: int, stop: int, *, descending: bool) -> range:
    return range(stop - 1, start - 1, -1) if descending else range(start, stop)


def _seconds(value: Incoming) -> int:
    if isinstance(value, datetime):
        value = from_python("datetime", value)
    if not isinstance(value, int | float):
        raise TypeError(f"not a number or a datetime: {value!r}")
    return int(value)
