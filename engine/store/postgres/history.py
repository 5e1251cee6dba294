"""History: one line per decision about a record, so that every one of them can be explained.

A line has what was written for it, each field with what it held before. Lines that only tell are
bounded for each record; those with writes live for a time, and lose their writes then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.model.history import Note
from engine.model.reason import code_of
from engine.model.records import RecordType
from engine.runs import kept_run, spent
from engine.store.postgres.runs import PRESENT, begin_day
from engine.store.postgres.session import Session, document
from engine.store.rows.history import DAY_S, HISTORY_MAX
from engine.store.writes import encoded

_COLUMNS = (
    "at, record_type, record_id, version, decision, detail, reason_code, writes, requests, run"
)
_RUN = (
    "coalesce(%(run)s::bigint, (SELECT value::bigint FROM setting"  # noqa: S608 # a name of ours
    f" WHERE name = '{PRESENT}'))"
)
Line = dict[str, Any]
"""A line by the names of the columns, in the order of which they are added."""
_LINES = (
    f"INSERT INTO history ({_COLUMNS})"  # noqa: S608 # constants
    " SELECT at, record_type, record_id, version, decision, detail, reason_code, writes, requests,"
    " coalesce(run, (SELECT value::bigint FROM setting"
    f"  WHERE name = '{PRESENT}')) FROM json_to_recordset(%(lines)s::json) AS line"
    " (at double precision, record_type text, record_id bigint, version bigint, decision text,"
    " detail text, reason_code text, writes text, requests bigint, run bigint, place bigint)"
    " ORDER BY place"
)
# The lines themselves are not seen by what goes with them, and are the last of those that stay.
_BARE_LINES = (
    f"WITH line AS ({_LINES}) DELETE FROM history h"  # noqa: S608 # constants
    " USING unnest(%(types)s::text[], %(ids)s::bigint[]) AS one (type, id)"
    " CROSS JOIN LATERAL (SELECT seq FROM history WHERE record_type = one.type"
    "  AND record_id = one.id AND writes IS NULL"
    f"  ORDER BY seq DESC LIMIT 1 OFFSET {HISTORY_MAX - 1}) AS beyond"
    " WHERE h.record_type = one.type AND h.record_id = one.id AND h.writes IS NULL"
    " AND h.seq <= beyond.seq"
)


def remember(
    connection: Session,
    record_id: int,
    version: int,
    note: Note,
    now: float,
    *,
    record_type: RecordType = RecordType.OPPORTUNITY,
) -> None:
    """Add a line to the record's history; of those without writes let the oldest go."""
    remember_each(connection, [line(record_id, version, note, now, record_type=record_type)])


def line(
    record_id: int,
    version: int,
    note: Note,
    now: float,
    *,
    record_type: RecordType = RecordType.OPPORTUNITY,
) -> Line:
    """A line about what the caller does, with the requests it took."""
    counted = spent.get()
    return {
        "at": now,
        "record_type": record_type,
        "record_id": record_id,
        "version": version,
        "decision": note.decision,
        "detail": note.detail,
        "reason_code": code_of(note.detail),
        "writes": encoded(note.writes),
        "requests": None if counted is None else counted.taken(),
        "run": kept_run.get(),
    }


def remember_each(connection: Session, lines: Sequence[Line]) -> None:
    """Add these lines, each to its record's history."""
    if not lines:
        return
    rows = [{**one, "place": place} for place, one in enumerate(lines)]
    values: dict[str, Any] = {"lines": document(rows)}
    bare = {(one["record_type"], one["record_id"]) for one in lines if one["writes"] is None}
    if bare:
        values["types"] = [kind for kind, _ in bare]
        values["ids"] = [record_id for _, record_id in bare]
    connection.execute(_BARE_LINES if bare else _LINES, values)


def said_last(connection: Session, record_id: int, note: Note) -> bool:
    """Whether this opportunity's last line of the kind says the same, and nothing was written."""
    last = connection.execute(
        "SELECT detail, writes FROM history WHERE record_type = %s AND record_id = %s"
        " AND decision = %s ORDER BY seq DESC LIMIT 1",
        (RecordType.OPPORTUNITY, record_id, note.decision),
    ).fetchone()
    return last == (note.detail, None)


def remember_alike(
    connection: Session, records: Sequence[tuple[int, int]], note: Note, now: float
) -> None:
    """Add one line to the history of each of these opportunities, given with their versions.

    The oldest lines beyond HISTORY_MAX go with the next line of each.
    """
    connection.execute(
        f"INSERT INTO history ({_COLUMNS})"  # noqa: S608 # constants
        " SELECT %(at)s, 'opportunity', one.id, one.version, %(decision)s, %(detail)s,"
        f" %(reason_code)s, NULL, NULL, {_RUN}"
        " FROM unnest(%(ids)s::bigint[], %(versions)s::bigint[])"
        " WITH ORDINALITY AS one (id, version, place) ORDER BY one.place",
        {
            "at": now,
            "decision": note.decision,
            "detail": note.detail,
            "reason_code": code_of(note.detail),
            "run": kept_run.get(),
            "ids": [record_id for record_id, _ in records],
            "versions": [version for _, version in records],
        },
    )


def tend(connection: Session, now: float, *, before: float, bytes_max: int, limit: int) -> int:
    """See `Journal.tend`."""
    begin_day(connection, now)
    return _forget(connection, before, bytes_max, limit)


def _forget(connection: Session, before: float, bytes_max: int, limit: int) -> int:
    old = connection.execute(
        "WITH line AS (SELECT seq, at, octet_length(writes) + 150 AS size FROM history"
        "  WHERE writes IS NOT NULL ORDER BY at, seq LIMIT %s),"
        # What it comes to with all that are later.
        " counted AS (SELECT seq, at, size + (SELECT bytes FROM history_size)"
        "  - sum(size) OVER (ORDER BY at, seq) AS bytes FROM line)"
        " UPDATE history h SET writes = NULL FROM counted WHERE h.seq = counted.seq"
        " AND (counted.at < %s OR counted.bytes > %s) RETURNING h.record_type, h.record_id",
        (limit, before, bytes_max),
    ).fetchall()
    if old:
        _bound(connection, sorted(set(old)))
    connection.execute(
        "DELETE FROM run WHERE began_at < %s AND id IS DISTINCT FROM"
        " (SELECT value::bigint FROM setting WHERE name = %s)",
        # None lasts for longer than a day.
        (before - DAY_S, PRESENT),
    )
    return len(old)


def _bound(connection: Session, records: Sequence[tuple[str, int]]) -> None:
    """Let the oldest lines without writes beyond HISTORY_MAX of each record go."""
    connection.execute(
        "DELETE FROM history h USING unnest(%s::text[], %s::bigint[]) AS one (type, id)"
        " CROSS JOIN LATERAL (SELECT seq FROM history WHERE record_type = one.type"
        "  AND record_id = one.id AND writes IS NULL ORDER BY seq DESC LIMIT 1 OFFSET %s) AS beyond"
        " WHERE h.record_type = one.type AND h.record_id = one.id AND h.writes IS NULL"
        " AND h.seq <= beyond.seq",
        ([kind for kind, _ in records], [number for _, number in records], HISTORY_MAX),
    )
