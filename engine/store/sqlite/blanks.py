"""Fields of target records that are blank: why they were left so, and on which records."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from engine.decide.reasons import kept
from engine.model.reason import Reason
from engine.store.rows.blanks import NOTHING

LISTED = (
    "SELECT 'opportunity' AS record_type, one.id, one.ref, one.target_id, b.since AS since,"  # noqa: S608 # words of ours
    " coalesce(b.reason, CASE WHEN EXISTS"
    " (SELECT 1 FROM awaited w WHERE w.record_id = one.id AND w.kind <> 'person')"
    " AND NOT EXISTS (SELECT 1 FROM left_blank o WHERE o.record_id = one.id)"
    f" THEN NULL ELSE '{NOTHING}' END) AS reason,"
    f" coalesce(b.reason_code, '{NOTHING.code}') AS reason_code,"
    " NULL AS reason_class, :field AS field"
    " FROM record one LEFT JOIN left_blank b ON b.record_id = one.id AND b.field = :field"
    " WHERE one.target_id IS NOT NULL AND one.state <> 'ineligible'"
    " AND (json_type(one.synced, :path) = 'null' OR json_type(one.synced, :path) = 'array'"
    " AND json_array_length(one.synced, :path) = 0)"
)


def keep(
    connection: sqlite3.Connection, record_id: int, blanks: Mapping[str, Reason], now: float
) -> None:
    """These fields of the record were left blank, and no others."""
    if not blanks:
        connection.execute("DELETE FROM left_blank WHERE record_id = ?", (record_id,))
        return
    connection.execute(
        "DELETE FROM left_blank WHERE record_id = ?"
        " AND field NOT IN (SELECT value FROM json_each(?))",
        (record_id, json.dumps(list(blanks))),
    )
    connection.executemany(
        "INSERT INTO left_blank (record_id, field, since, reason, reason_code)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (record_id, field) DO UPDATE SET"
        " since = CASE WHEN reason_code = excluded.reason_code THEN since ELSE excluded.since END,"
        " reason = excluded.reason, reason_code = excluded.reason_code",
        [(record_id, name, now, reason, reason.code) for name, reason in blanks.items()],
    )


def of_record(connection: sqlite3.Connection, record_id: int) -> dict[str, Reason]:
    """Why fields of the record were left blank, by name."""
    rows = connection.execute(
        "SELECT field, reason_code, reason FROM left_blank WHERE record_id = ?", (record_id,)
    )
    return {row[0]: kept(row[1], row[2]) for row in rows}


def place_of(field: str) -> dict[str, str]:
    """What `LISTED` is asked with."""
    return {"field": field, "path": f"$.{json.dumps(field)}"}


def fields(connection: sqlite3.Connection) -> list[str]:
    """The mapped fields of target records, as the latest one shows them."""
    rows = connection.execute(
        "SELECT key FROM json_each((SELECT synced FROM record WHERE target_id IS NOT NULL"
        " AND synced IS NOT NULL ORDER BY id DESC LIMIT 1)) ORDER BY key"
    )
    return [row[0] for row in rows]
