"""Fields of target records that are blank: why they were left so, and on which records."""

from __future__ import annotations

from collections.abc import Mapping

from engine.decide.reasons import kept
from engine.model.reason import Reason
from engine.store.postgres.session import Session
from engine.store.rows.blanks import NOTHING

LISTED = (
    "SELECT 'opportunity' AS record_type, one.id, one.ref, one.target_id, b.since AS since,"  # noqa: S608 # words of ours
    " coalesce(b.reason, CASE WHEN EXISTS"
    " (SELECT 1 FROM awaited w WHERE w.record_id = one.id AND w.kind <> 'person')"
    " AND NOT EXISTS (SELECT 1 FROM left_blank o WHERE o.record_id = one.id)"
    f" THEN NULL ELSE '{NOTHING}' END) AS reason,"
    f" coalesce(b.reason_code, '{NOTHING.code}') AS reason_code,"
    " NULL AS reason_class, %(field)s::text AS field"
    " FROM record one LEFT JOIN left_blank b ON b.record_id = one.id AND b.field = %(field)s"
    " WHERE one.target_id IS NOT NULL AND one.state <> 'ineligible'"
    " AND as_jsonb(one.synced) -> %(field)s::text IN ('null', '[]')"
)


def keep(connection: Session, record_id: int, blanks: Mapping[str, Reason], now: float) -> None:
    """These fields of the record were left blank, and no others."""
    connection.execute(
        "DELETE FROM left_blank WHERE record_id = %s AND field <> ALL(%s::text[])",
        (record_id, list(blanks)),
    )
    if not blanks:
        return
    connection.execute(
        "INSERT INTO left_blank (record_id, field, since, reason, reason_code)"
        " SELECT %s, one.field, %s, one.reason, one.code"
        " FROM unnest(%s::text[], %s::text[], %s::text[]) AS one (field, reason, code)"
        " ON CONFLICT (record_id, field) DO UPDATE SET since = CASE WHEN left_blank.reason_code"
        " = excluded.reason_code THEN left_blank.since ELSE excluded.since END,"
        " reason = excluded.reason, reason_code = excluded.reason_code",
        (
            record_id,
            now,
            list(blanks),
            list(blanks.values()),
            [one.code for one in blanks.values()],
        ),
    )


def of_record(connection: Session, record_id: int) -> dict[str, Reason]:
    """Why fields of the record were left blank, by name."""
    rows = connection.execute(
        "SELECT field, reason_code, reason FROM left_blank WHERE record_id = %s", (record_id,)
    )
    return {row[0]: kept(row[1], row[2]) for row in rows}


def place_of(field: str) -> dict[str, str]:
    """What `LISTED` is asked with."""
    return {"field": field}


def fields(connection: Session) -> list[str]:
    """The mapped fields of target records, as the latest one shows them."""
    rows = connection.execute(
        "SELECT key FROM jsonb_object_keys(as_jsonb((SELECT synced FROM record"
        " WHERE target_id IS NOT NULL AND synced IS NOT NULL ORDER BY id DESC LIMIT 1))) AS key"
        ' ORDER BY key COLLATE "C"'
    )
    return [row[0] for row in rows]
