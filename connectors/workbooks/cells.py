"""The columns of a row that a record cannot do without, read or refused (workbooks-api §6.3)."""

from __future__ import annotations

from connectors.workbooks.values import boolean, moment, text, whole
from connectors.workbooks.wire import Row
from engine import Json, Malformed, Position, TheirFault

# What the store holds; the service's own integers have 32 bits (§6.1).
INTEGER_MAX = 2**63 - 1


def integer(row: Row, column: str) -> int:
    """A whole number that is not negative.

    Raises:
        TheirFault: the column is absent or holds something else.
    """
    found = whole(row.get(column))
    if found is None or not 0 <= found <= INTEGER_MAX:
        raise _unreadable(row, column, "a whole number")
    return found


def updated_at(row: Row) -> int:
    """The change stamp in unix seconds.

    Raises:
        TheirFault: it is absent or malformed.
    """
    try:
        found = moment(row.get("updated_at"))
    except Malformed as error:
        raise _unreadable(row, "updated_at", "a UTC date and time") from error
    if found is None:
        raise _unreadable(row, "updated_at", "a UTC date and time")
    return int(found.timestamp())


def position(row: Row) -> Position:
    """Where the row stands in the change order of its resource.

    Raises:
        TheirFault: it has no usable id or change stamp.
    """
    return Position(updated_at(row), integer(row, "id"))


def checkbox(row: Row, column: str) -> bool:
    """A checkbox; one that was never set counts as not ticked (A21).

    Raises:
        TheirFault: the column is absent or holds no checkbox.
    """
    _present(row, column)
    try:
        return bool(boolean(row[column]))
    except Malformed as error:
        raise _unreadable(row, column, "a checkbox") from error


def trimmed(row: Row, column: str, *, required: bool = True) -> str | None:
    """Text without surrounding space; None when blank, and when absent and not required.

    Raises:
        TheirFault: the column holds no text, or is absent though required.
    """
    if required:
        _present(row, column)
    try:
        found = text(row.get(column))
    except Malformed as error:
        raise _unreadable(row, column, "text") from error
    return found if found is None else found.strip()


def _present(row: Row, column: str) -> None:
    if column not in row:
        raise _unreadable(row, column, "in the row, but is not")


def _unreadable(row: Row, column: str, expected: str) -> TheirFault:
    record_id: Json = row.get("id")
    which = f"the record with id {record_id}" if whole(record_id) is not None else "a record"
    return TheirFault(f"{which}: column {column} should be {expected}", system="workbooks")
