"""Opportunity rows and the engine's records, in both directions."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import cast

from connectors.workbooks.values import boolean, moment, text, whole
from connectors.workbooks.wire import PluginColumns, Row
from engine import Captured, Json, Malformed, SourceRecord, TheirFault, WriteBack

# Columns every read asks for, beside the plugin's own (§6.3).
RECORD_COLUMNS = ("id", "lock_version", "updated_at", "object_ref")

# A custom text field holds a `string` (§6.1); a longer message would be refused.
MESSAGE_CHARS_MAX = 255

# What the store holds; the service's own integers have 32 bits (§6.1).
INTEGER_MAX = 2**63 - 1


def wanted_columns(plugin: PluginColumns, mapped: Iterable[str]) -> tuple[str, ...]:
    """Columns to select, each once: the record's, the plugin's, then those the mapping needs."""
    own = (plugin.sync, plugin.error, plugin.outreach_id, plugin.outreach_url)
    return tuple(dict.fromkeys((*RECORD_COLUMNS, *own, *mapped)))


def captured(row: Row, plugin: PluginColumns) -> Captured:
    """A row as the engine stores it, its eligibility judged here once more.

    The filters already ask for eligible rows, but what `true`, `false` and `blank` match on a
    checkbox or text never set is undocumented (A20, A21).

    Raises:
        TheirFault: id, lock_version or updated_at is absent or malformed, or one of the plugin's
            columns is absent: a row without its Outreach Id must not pass for an unlinked one.
    """
    record_id = _integer(row, "id")
    return Captured(
        id=record_id,
        ref=_reference(row, record_id),
        version=_integer(row, "lock_version"),
        updated_at=_updated_at(row),
        eligible=_checkbox(row, plugin.sync) and not _checkbox(row, plugin.error),
        linked=_text(row, plugin.outreach_id) is not None,
        # Escaped to ASCII, so that no lone surrogate in a row can break the store.
        payload=json.dumps(row, separators=(",", ":")),
    )


def opened(payload: str, plugin: PluginColumns, mapped: Collection[str]) -> SourceRecord:
    """The row of a payload, by meaning.

    `columns` has what the row holds beyond the plugin's own columns, and those too when the
    mapping names them. A column that never came back is absent (A13).

    Raises:
        TheirFault: as `captured`.
    """
    row = cast(Row, json.loads(payload))
    own = {plugin.sync, plugin.error, plugin.outreach_id, plugin.outreach_url}
    record_id = _integer(row, "id")
    return SourceRecord(
        id=record_id,
        ref=_reference(row, record_id),
        version=_integer(row, "lock_version"),
        updated_at=_updated_at(row),
        sync=_checkbox(row, plugin.sync),
        error=_checkbox(row, plugin.error),
        target_id=_text(row, plugin.outreach_id),
        target_url=_text(row, plugin.outreach_url, required=False),
        columns={name: raw for name, raw in row.items() if name not in own or name in mapped},
    )


def written(entry: WriteBack, plugin: PluginColumns) -> dict[str, str]:
    """The attributes a write-back sets, as wire text; what it leaves alone is left out."""
    attributes: dict[str, str] = {}
    if entry.target_id is not None:
        attributes[plugin.outreach_id] = entry.target_id
    if entry.target_url is not None:
        attributes[plugin.outreach_url] = entry.target_url
    if entry.error is not None:
        attributes[plugin.error] = "true" if entry.error else "false"
    if entry.message is not None and plugin.error_message is not None:
        attributes[plugin.error_message] = _shortened(entry.message)
    return attributes


def account_ids(rows: Sequence[Row], account_field: str) -> dict[int, str]:
    """Outreach account id by organisation id, blank ones left out.

    Raises:
        TheirFault: a row has no id, or its account id is no text or number.
    """
    found: dict[int, str] = {}
    for row in rows:
        account = _text(row, account_field, required=False)
        if account is not None:
            found[_integer(row, "id")] = account
    return found


def _reference(row: Row, record_id: int) -> str:
    # Every record has a reference (§6.3); the id is as unique should one ever lack it.
    return _text(row, "object_ref", required=False) or str(record_id)


def _shortened(message: str) -> str:
    if len(message) <= MESSAGE_CHARS_MAX:
        return message
    return message[: MESSAGE_CHARS_MAX - 1] + "…"


def _integer(row: Row, column: str) -> int:
    found = whole(row.get(column))
    if found is None or not 0 <= found <= INTEGER_MAX:
        raise _unreadable(row, column, "a whole number")
    return found


def _updated_at(row: Row) -> int:
    try:
        found = moment(row.get("updated_at"))
    except Malformed as error:
        raise _unreadable(row, "updated_at", "a UTC date and time") from error
    if found is None:
        raise _unreadable(row, "updated_at", "a UTC date and time")
    return int(found.timestamp())


def _checkbox(row: Row, column: str) -> bool:
    _present(row, column)
    try:
        return bool(boolean(row[column]))
    except Malformed as error:
        raise _unreadable(row, column, "a checkbox") from error


def _text(row: Row, column: str, *, required: bool = True) -> str | None:
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
