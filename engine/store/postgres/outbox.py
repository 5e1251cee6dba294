"""The outbox: what records of the source are owed, and what became of each delivery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.decide import journal, write_back
from engine.model.history import Note
from engine.model.outbox import Carried, Entry, Key, Owed
from engine.model.reason import Reason, code_of
from engine.model.records import RecordType
from engine.store.postgres import undone
from engine.store.postgres.history import Line, line, remember, remember_each
from engine.store.postgres.session import Session, document
from engine.store.rows import outbox as rows


def due_keys(connection: Session, now: float, limit: int) -> list[Key]:
    """See `Outbox.due_keys`."""
    found = connection.execute(
        "SELECT record_type, record_id FROM outbox WHERE due_at <= %s"
        " ORDER BY due_at, record_id LIMIT %s",
        (now, limit),
    )
    return [Key(RecordType(row[0]), row[1]) for row in found]


def next_due(connection: Session, now: float) -> float | None:
    """See `Outbox.next_due`."""
    return connection.execute(
        "SELECT min(due_at) FROM outbox WHERE due_at > %s", (now,)
    ).fetchone()[0]


_LOAD = {
    RecordType.OPPORTUNITY: "SELECT o.*, r.ref, r.version, r.delivered_id, r.delivered_version,"
    " r.gone_id, r.target_id AS link,"
    " r.linked, r.carried FROM outbox o"
    " JOIN record r ON r.id = o.record_id WHERE o.record_type = 'opportunity'"
    " AND o.record_id = ANY(%s::bigint[]) ORDER BY o.record_id",
    RecordType.PERSON: "SELECT o.*, p.ref, p.version, NULL AS delivered_id,"
    " NULL AS delivered_version, NULL AS gone_id, p.prospect_id AS link, 0 AS linked,"
    " NULL AS carried"
    " FROM outbox o"
    " JOIN person p ON p.id = o.record_id WHERE o.record_type = 'person'"
    " AND o.record_id = ANY(%s::bigint[]) ORDER BY o.record_id",
}


def load(connection: Session, record_type: RecordType, record_ids: Sequence[int]) -> list[Entry]:
    """See `Outbox.load`."""
    found = connection.named(_LOAD[record_type], (list(record_ids),))
    return [rows.entry(record_type, row) for row in found]


# What is said of what is owed already; where a column is left alone, it stays as it was.
_MERGED = (
    " generation = o.generation + 1, due_at = %(due_at)s,"
    " (target_id, target_url, error, message) = (SELECT"
    " coalesce(said.target_id, o.target_id), coalesce(said.target_url, o.target_url),"
    " coalesce(said.error, o.error), coalesce(said.message, o.message) FROM (VALUES"
    " (0, %(target_id)s::text, %(target_url)s::text, %(error)s::smallint, %(message)s::text),"
    " (1, %(flag_target_id)s, %(flag_target_url)s, %(flag_error)s, %(flag_message)s)"
    ") AS said (of_flag, target_id, target_url, error, message)"
    " WHERE said.of_flag = coalesce(o.error, 0))"
)
_OWE = (
    "INSERT INTO outbox AS o (record_type, record_id, target_id, target_url, error, message,"  # noqa: S608 # a constant
    " changed_at, due_at, generation) VALUES (%(record_type)s, %(record_id)s, %(target_id)s,"
    " %(target_url)s, %(error)s, %(message)s, %(changed_at)s, %(due_at)s, %(generation)s)"
    f" ON CONFLICT (record_type, record_id) DO UPDATE SET{_MERGED}"
)
_OWE_MORE = (
    f"UPDATE outbox AS o SET{_MERGED}"  # a constant
    " WHERE o.record_type = %(record_type)s AND o.record_id = %(record_id)s"
)
_SAID = ("target_id", "target_url", "error", "message")
_OF_FLAG = tuple(f"flag_{name}" for name in _SAID)


def owe(
    connection: Session,
    key: Key,
    owed: Owed | None,
    *,
    clears_error: bool,
    changed_at: int,
    now: float,
) -> None:
    """Merge into the outbox; one row per record says what the source shall hold in the end.

    Nothing is read first, which would be waited for. What is said of what is owed already depends
    on it in one way only: whether that is an error flag. So it is decided for either.

    Args:
        changed_at: source time of the change this answers, unix seconds.
    """
    fresh = write_back.merged(None, owed, clears_error=clears_error)
    said = write_back.merged(Owed(), owed, clears_error=clears_error) or Owed()
    of_flag = write_back.merged(Owed(error=True), owed, clears_error=clears_error) or Owed()
    connection.execute(
        _OWE_MORE if fresh is None else _OWE,
        {
            **dict(zip(_SAID, rows.columns(said), strict=True)),
            **dict(zip(_OF_FLAG, rows.columns(of_flag), strict=True)),
            "record_type": key.record_type,
            "record_id": key.record_id,
            "changed_at": changed_at,
            "due_at": now,
            "generation": _generation(now),
        },
    )


class Owing(NamedTuple):
    """What the source is to be told of a record that it is owed nothing of yet.

    Args:
        changed_at: see `owe`.
    """

    key: Key
    owed: Owed
    changed_at: int
    now: float


def enter(connection: Session, owing: Sequence[Owing]) -> None:
    """Each of these is owed from now on."""
    if not owing:
        return
    rows = [
        {
            "record_type": one.key.record_type,
            "record_id": one.key.record_id,
            "target_id": one.owed.target_id,
            "target_url": one.owed.target_url,
            "error": None if one.owed.error is None else int(one.owed.error),
            "message": one.owed.message,
            "changed_at": one.changed_at,
            "due_at": one.now,
            "generation": _generation(one.now),
        }
        for one in owing
    ]
    connection.execute(
        "INSERT INTO outbox (record_type, record_id, target_id, target_url, error, message,"
        " changed_at, due_at, generation) SELECT record_type, record_id, target_id, target_url,"
        " error, message, changed_at, due_at, generation FROM json_to_recordset(%s::json) AS one"
        " (record_type text, record_id bigint, target_id text, target_url text, error smallint,"
        " message text, changed_at bigint, due_at double precision, generation bigint)",
        (document(rows),),
    )


def _generation(now: float) -> int:
    """A row that was voided and says the same again is not the one on its way meanwhile."""
    return int(now * 1_000_000)


_VOID_FLAG = {
    record_type: "UPDATE outbox SET error = NULL, message = NULL, generation = generation + 1"  # noqa: S608 # names below
    " WHERE record_type = %s AND record_id = %s AND error = 1"
    f" AND (SELECT version FROM {table} WHERE id = outbox.record_id) <> %s"
    " RETURNING target_id, target_url"
    for record_type, table in (
        (RecordType.OPPORTUNITY, "record"),
        (RecordType.PERSON, "person"),
    )
}


def void_flag(connection: Session, key: Key, version: int) -> bool:
    """An error flag that is owed for another version than this one is void; whether one was.

    Called before the version becomes the newest one known. What was refused has been changed since,
    and is judged anew; written on top of the change, the flag would be about what nobody refused.
    """
    left = connection.execute(_VOID_FLAG[key.record_type], (*key, version)).fetchone()
    if left == (None, None):
        _drop_empty(connection, key)
    return left is not None


def _drop_empty(connection: Session, key: Key) -> None:
    connection.execute(
        "DELETE FROM outbox WHERE record_type = %s AND record_id = %s AND target_id IS NULL"
        " AND target_url IS NULL AND error IS NULL AND message IS NULL",
        key,
    )


# The very entry that was delivered, told by what it says as well.
_SAME = (
    " WHERE record_type = %s AND record_id = %s AND generation = %s"
    " AND target_id IS NOT DISTINCT FROM %s AND target_url IS NOT DISTINCT FROM %s"
    " AND error IS NOT DISTINCT FROM %s AND message IS NOT DISTINCT FROM %s"
)
# The same of many, handed over column by column.
_CLOSE = (
    "DELETE FROM outbox o USING unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[],"
    " %s::text[], %s::smallint[], %s::text[]) AS closed (record_type, record_id, generation,"
    " target_id, target_url, error, message)"
    " WHERE o.record_type = closed.record_type AND o.record_id = closed.record_id"
    " AND o.generation = closed.generation"
    " AND o.target_id IS NOT DISTINCT FROM closed.target_id"
    " AND o.target_url IS NOT DISTINCT FROM closed.target_url"
    " AND o.error IS NOT DISTINCT FROM closed.error"
    " AND o.message IS NOT DISTINCT FROM closed.message"
)


def _close(connection: Session, entries: Sequence[Entry]) -> None:
    columns = [list(column) for column in zip(*map(rows.identity, entries), strict=True)]
    connection.execute(_CLOSE, columns)


def delivered(connection: Session, confirmed: Sequence[tuple[Entry, int]], now: float) -> None:
    """See `Outbox.delivered`."""
    for record_type in RecordType:
        its = [one for one in confirmed if one[0].record_type is record_type]
        if its:
            _deliver(connection, record_type, its, now)
    remember_each(connection, [_line(entry, version, now) for entry, version in confirmed])


def _line(entry: Entry, version: int, now: float) -> Line:
    note = Note("written back", entry.described(), (journal.write_back(entry),))
    return line(entry.record_id, version, note, now, record_type=entry.record_type)


def _deliver(
    connection: Session,
    record_type: RecordType,
    confirmed: Sequence[tuple[Entry, int]],
    now: float,
) -> None:
    """Close these entries, each of another record of the type."""
    _close(connection, [entry for entry, _ in confirmed])
    _carry(connection, record_type, confirmed, now)
    reset = [entry.record_id for entry, _ in confirmed if entry.error is False]
    if reset:
        connection.execute(_UNFLAGGED[record_type], (reset,))


_CARRIED = {
    RecordType.OPPORTUNITY: "SELECT r.id, r.version, r.delivered_id, r.delivered_version,"
    " u.record_id IS NOT NULL FROM record r LEFT JOIN undone u ON u.record_id = r.id"
    " WHERE r.id = ANY(%s::bigint[])",
    RecordType.PERSON: "SELECT id, version, delivered_id, delivered_version, false FROM person"
    " WHERE id = ANY(%s::bigint[])",
}
_DELIVERED = (
    " SET version = by_now.version, delivered_id = by_now.delivered_id,"
    " delivered_version = by_now.delivered_version"
)
_BY_NOW = (
    " FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[])"
    " AS by_now (id, version, delivered_id, delivered_version)"
)
_DELIVERED_TO = {
    RecordType.OPPORTUNITY: f"UPDATE record{_DELIVERED}{_BY_NOW} WHERE record.id = by_now.id",
    RecordType.PERSON: f"UPDATE person{_DELIVERED}{_BY_NOW} WHERE person.id = by_now.id",
}
# The times of these versions are not told; the next look at each record learns its own.
_DELIVERED_NEWER = (
    f"UPDATE record{_DELIVERED}, known_at = %s, timed = 0{_BY_NOW} WHERE record.id = by_now.id"
)


def _carry(
    connection: Session,
    record_type: RecordType,
    confirmed: Sequence[tuple[Entry, int]],
    now: float,
) -> None:
    ids = [entry.record_id for entry, _ in confirmed]
    found = connection.execute(_CARRIED[record_type], (ids,))
    known = {row[0]: (Carried(*row[1:4]), row[4]) for row in found}
    newer: list[tuple[int, Carried]] = []
    others: list[tuple[int, Carried]] = []
    for entry, version in confirmed:
        if entry.record_id not in known:
            continue
        before, is_undone = known[entry.record_id]
        after = write_back.delivered(before, entry.target_id, version)
        if record_type is RecordType.OPPORTUNITY and after.version > before.version:
            newer.append((entry.record_id, after))
            if is_undone:
                undone.follow_write_back(connection, entry.record_id, before.version, after.version)
        else:
            others.append((entry.record_id, after))
    if newer:
        connection.execute(_DELIVERED_NEWER, (now, *_columns(newer)))
    if others:
        connection.execute(_DELIVERED_TO[record_type], _columns(others))


def _columns(carried: Sequence[tuple[int, Carried]]) -> tuple[list[int | str | None], ...]:
    """What these records carry, column by column."""
    return (
        [record_id for record_id, _ in carried],
        [one.version for _, one in carried],
        [one.delivered_id for _, one in carried],
        [one.delivered_version for _, one in carried],
    )


# A flag of ours is reset: one that is shown from now on is somebody's, unless we owe another.
_UNFLAGGED = {
    RecordType.OPPORTUNITY: "UPDATE record SET flagged = 0"
    " WHERE id = ANY(%s::bigint[]) AND flagged = 1 AND NOT EXISTS (SELECT 1 FROM outbox o"
    " WHERE o.record_type = 'opportunity' AND o.record_id = record.id AND o.error = 1)",
    RecordType.PERSON: "UPDATE person SET refused_version = NULL, lifted = 0"
    " WHERE id = ANY(%s::bigint[]) AND refused_version IS NOT NULL AND NOT EXISTS"
    " (SELECT 1 FROM outbox o"
    " WHERE o.record_type = 'person' AND o.record_id = person.id AND o.error = 1)",
}


def postpone(
    connection: Session,
    entry: Entry,
    reason: Reason,
    *,
    due_at: float,
    counts: bool,
    missed: int,
) -> None:
    """See `Outbox.postpone`."""
    connection.execute(
        "UPDATE outbox SET due_at = %s, attempts = attempts + %s, reason = %s,"  # noqa: S608 # a constant
        f" reason_code = %s, missed = %s{_SAME}",
        (due_at, counts, reason, code_of(reason), missed, *rows.identity(entry)),
    )


def withdraw(connection: Session, entry: Entry, note: Note, now: float) -> None:
    """The entry is void: the record now carries something that is not ours to overwrite."""
    connection.execute(f"DELETE FROM outbox{_SAME}", rows.identity(entry))  # noqa: S608 # a constant
    remember(connection, entry.record_id, entry.version, note, now, record_type=entry.record_type)


def withdraw_link(connection: Session, entry: Entry, note: Note, now: float) -> None:
    """The id and URL of the entry are void; what else it says is owed as before."""
    connection.execute(
        "UPDATE outbox SET target_id = NULL, target_url = NULL,"  # noqa: S608 # a constant
        f" generation = generation + 1{_SAME}",
        rows.identity(entry),
    )
    _drop_empty(connection, Key(entry.record_type, entry.record_id))
    remember(connection, entry.record_id, entry.version, note, now, record_type=entry.record_type)
