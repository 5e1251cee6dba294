"""Rows of opportunities and people, and the engine's records, in both directions."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import cast

from connectors.workbooks import cells, tab
from connectors.workbooks.wire import TAB_IDS, TAB_ROLES, PluginColumns, Row
from engine import Captured, RecordType, SourceRecord, WriteBack

# Columns every read asks for, beside the plugin's own (§6.3).
RECORD_COLUMNS = ("id", "lock_version", "updated_at", "object_ref")

# A custom text field holds a `string` (§6.1); a longer message would be refused.
MESSAGE_CHARS_MAX = 255

# Columns every read of a record type asks for besides.
FURTHER_COLUMNS = {RecordType.OPPORTUNITY: (TAB_IDS, TAB_ROLES), RecordType.PERSON: ()}


def wanted_columns(
    record_type: RecordType, plugin: PluginColumns, mapped: Iterable[str]
) -> tuple[str, ...]:
    """Columns to select, each once: the record's, the plugin's, then those the mapping needs."""
    further = FURTHER_COLUMNS[record_type]
    return tuple(dict.fromkeys((*RECORD_COLUMNS, *_own(plugin), *further, *mapped)))


def captured(row: Row, plugin: PluginColumns) -> Captured:
    """A row as the engine stores it, its eligibility judged here once more.

    The filters already ask for eligible rows, but what `true`, `false` and `blank` match on a
    checkbox or text never set is undocumented (A20, A21).

    Raises:
        TheirFault: id, lock_version or updated_at is absent or malformed, or one of the plugin's
            columns is absent: a row without its Outreach Id must not pass for an unlinked one.
    """
    record_id = cells.integer(row, "id")
    wanted, flagged = _wanted(row, plugin), cells.checkbox(row, plugin.error)
    target_id = cells.trimmed(row, plugin.outreach_id)
    return Captured(
        id=record_id,
        ref=_reference(row, record_id),
        version=cells.integer(row, "lock_version"),
        updated_at=cells.updated_at(row),
        eligible=wanted and not flagged,
        linked=target_id is not None,
        # Escaped to ASCII, so that no lone surrogate in a row can break the store.
        payload=json.dumps(row, separators=(",", ":")),
        tab=tab.spelled(row),
        flagged=wanted and flagged,
        target_id=target_id,
    )


def opened(payload: str, plugin: PluginColumns, mapped: Collection[str]) -> SourceRecord:
    """The row of a payload, by meaning.

    `columns` has what the row holds beyond the plugin's own columns, and those too when the
    mapping names them. A column that never came back is absent (A13). A person marked as a
    duplicate counts as one whose sync is not wanted (§19).

    Raises:
        TheirFault: as `captured`.
    """
    row = cast(Row, json.loads(payload))
    own = _own(plugin)
    record_id = cells.integer(row, "id")
    return SourceRecord(
        id=record_id,
        ref=_reference(row, record_id),
        version=cells.integer(row, "lock_version"),
        updated_at=cells.updated_at(row),
        sync=_wanted(row, plugin),
        error=cells.checkbox(row, plugin.error),
        target_id=cells.trimmed(row, plugin.outreach_id),
        target_url=cells.trimmed(row, plugin.outreach_url, required=False),
        columns={name: raw for name, raw in row.items() if name not in own or name in mapped},
        people=tab.relations(row),
        people_fault=tab.fault(row),
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


def account_ids(rows: Sequence[Row], account_field: str) -> dict[int, str | None]:
    """Outreach account id by organisation id, blank ones left out; None where it is absent.

    Raises:
        TheirFault: a row has no id, or its account id is no text or number.
    """
    found: dict[int, str | None] = {}
    for row in rows:
        account = cells.trimmed(row, account_field, required=False)
        if account is not None or account_field not in row:
            found[cells.integer(row, "id")] = account
    return found


def _own(plugin: PluginColumns) -> tuple[str, ...]:
    own = (plugin.sync, plugin.error, plugin.outreach_id, plugin.outreach_url)
    return own if plugin.duplicate is None else (*own, plugin.duplicate)


def _wanted(row: Row, plugin: PluginColumns) -> bool:
    duplicate = plugin.duplicate is not None and cells.checkbox(row, plugin.duplicate)
    return cells.checkbox(row, plugin.sync) and not duplicate


def _reference(row: Row, record_id: int) -> str:
    # Every record has a reference (§6.3); the id is as unique should one ever lack it.
    return cells.trimmed(row, "object_ref", required=False) or str(record_id)


def _shortened(message: str) -> str:
    if len(message) <= MESSAGE_CHARS_MAX:
        return message
    return message[: MESSAGE_CHARS_MAX - 1] + "…"
