"""Capture: a page of source rows and the watermark move in one transaction.

From then on the change is ours to finish, whatever dies. What a row is beside what is known is
judged in `engine.decide.version`. A row whose version is known already
(our own echo, or a second look at an overlap window) changes nothing, unless its People tab is
another, since an edit of the tab need not move the version, or it has a column that was lacking.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence

from engine.decide.capture import Before, completes, taken
from engine.decide.reasons import because
from engine.decide.version import Seen, seen
from engine.model.capture import Capture, Watermark
from engine.model.history import CAME_BACK, LEFT_OUT, Note
from engine.model.identity import id_of
from engine.model.kept import AUDIT_OWED, LAST_SWEEP
from engine.model.lane import Lane
from engine.model.mass_change import NEVER, Mass
from engine.model.outbox import Key
from engine.model.reason import Code, Reason
from engine.model.records import Captured, RecordType
from engine.store.rows.capture import before_of, is_bare, known_of, mark_of
from engine.store.sqlite import intents, kept, outbox, skips, tabs
from engine.store.sqlite.history import remember, remember_alike

# A listing of eligible records lacks those that carry a flag of ours which counts as reset.
LISTED = (
    " AND NOT (lifted AND flagged) AND NOT EXISTS (SELECT 1 FROM outbox WHERE error = 0"
    " AND record_type = 'opportunity' AND record_id = record.id)"
)


def watermark(connection: sqlite3.Connection, feed: str) -> Watermark:
    """See `Feeds.watermark`."""
    row = connection.execute("SELECT * FROM watermark WHERE feed = ?", (feed,)).fetchone()
    # All feeds come from the same servers.
    skew_s: float = connection.execute(
        "SELECT coalesce(max(skew_s), 0.0) FROM watermark"
    ).fetchone()[0]
    return mark_of(row, skew_s)


def set_watermark(connection: sqlite3.Connection, feed: str, mark: Watermark) -> None:
    """See `Feeds.set_watermark`."""
    updated_at, record_id = mark.position or (None, None)
    connection.execute(
        "INSERT OR REPLACE INTO watermark (feed, updated_at, id, newest_at, newest_seen_at, skew_s)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (feed, updated_at, record_id, mark.newest_at, mark.newest_seen_at, mark.skew_s),
    )


def capture_page(
    connection: sqlite3.Connection,
    rows: Sequence[Captured],
    *,
    now: float,
    fresh_max: int,
    feed: str | None = None,
    mark: Watermark | None = None,
    sweep: int = 0,
    anew: bool = False,
    mass: bool = False,
    news: bool = True,
    tab_changed_at: Mapping[int, float] | None = None,
    asked_at: float = -math.inf,
    may_lag: bool = True,
    first_look: bool = False,
    completing: bool = False,
) -> Capture:
    """See `Feeds.capture_page`; `completing` when a column that was lacking is news as well."""
    judged = {row.id: _judge(connection, row, asked_at, may_lag=may_lag) for row in rows}
    changed = [
        row for row in rows if _is_change(connection, row, judged[row.id], completing=completing)
    ]
    shown = [row for row in rows if judged[row.id] is not Seen.NEWS and _take_tab(connection, row)]
    lane = Lane.FRESH if len(changed) + len(shown) <= fresh_max else Lane.BACKLOG
    concerned = [row.id for row in shown if row.eligible]
    # Among records that are read anew, a few changes are fresh edits of today.
    weighed = mass and not (anew and lane is Lane.FRESH)
    for record_id in concerned:
        since = (tab_changed_at or {}).get(record_id, now)
        tabs.look_again(connection, [record_id], lane, now, since=since, mass=Mass(weighed))
    for row in changed:
        restored = judged[row.id] is Seen.RESTORED
        if restored:
            _set_back(connection, row, now)
        since = row.updated_at if news else now
        # A source that was set back is a mass change, however it shows.
        if first_look:
            _take_first(connection, row, lane, now, since=since)
        else:
            _take(connection, row, lane, now, since=since, mass=weighed or restored)
    if not mass:
        differing = {*concerned, *(row.id for row in changed)}
        emptied = [row.id for row in rows if row.id in differing and is_bare(row)]
        tabs.park_emptied(connection, emptied, lane, now)
    if anew:
        again = [row for row in rows if row not in changed and _is_known(connection, row)]
        for row in again:
            its = _lane_in(connection, row)
            _take(connection, row, its, now, since=now, mass=mass and its is Lane.BACKLOG)
        changed += again
    _note_shown(connection, rows, changed, sweep=sweep, now=now)
    if feed is not None and mark is not None:
        set_watermark(connection, feed, mark)
    return Capture(changed, [row.id for row in shown], len(rows) - len(changed))


def _note_shown(
    connection: sqlite3.Connection,
    rows: Sequence[Captured],
    changed: Sequence[Captured],
    *,
    sweep: int,
    now: float,
) -> None:
    """The source has shown these rows just now; `changed` were taken in, and with that shown."""
    taken_in = {row.id for row in changed}
    if sweep:
        connection.executemany(
            "UPDATE record SET swept = ? WHERE id = ?",
            [(sweep, row.id) for row in rows],
        )
    connection.executemany(
        "UPDATE record SET proved_at = ?, updated_at = ?, timed = 1, lower_at = NULL, reread = 0"
        " WHERE id = ? AND version = ?",
        [(now, row.updated_at, row.id, row.version) for row in rows if row.id not in taken_in],
    )


def _is_known(connection: sqlite3.Connection, row: Captured) -> bool:
    known = connection.execute(
        "SELECT 1 FROM record WHERE id = ? AND version = ?", (row.id, row.version)
    ).fetchone()
    return known is not None


def _lane_in(connection: sqlite3.Connection, row: Captured) -> Lane:
    """A record that waits keeps its lane; anything else joins the backlog."""
    waits = connection.execute(
        "SELECT lane FROM record WHERE id = ? AND state = 'pending'", (row.id,)
    ).fetchone()
    return Lane.BACKLOG if waits is None else Lane(waits[0])


def _judge(
    connection: sqlite3.Connection, row: Captured, asked_at: float, *, may_lag: bool
) -> Seen:
    found = connection.execute(
        "SELECT version, updated_at, timed, known_at, lower_at, delivered_version, delivered_id"
        " FROM record WHERE id = ?",
        (row.id,),
    ).fetchone()
    known = None if found is None else known_of(found)
    judged = seen(
        known,
        row.version,
        row.updated_at,
        asked_at=asked_at,
        may_lag=may_lag,
        carried=row.target_id,
    )
    if judged is Seen.LATE and known is not None and asked_at > known.known_at:
        connection.execute(
            "UPDATE record SET lower_at = coalesce(lower_at, ?) WHERE id = ?", (asked_at, row.id)
        )
    return judged


def _is_change(
    connection: sqlite3.Connection, row: Captured, judged: Seen, *, completing: bool
) -> bool:
    if judged is not Seen.KNOWN:
        return judged is not Seen.LATE
    if not (row.eligible or (completing and row.flagged)):
        return False
    # Left out by mistake, or hidden from us for a while; so may a column of it have been.
    left_out = connection.execute(
        "SELECT 1 FROM record WHERE id = ? AND ? AND state = 'ineligible' AND NOT EXISTS"
        " (SELECT 1 FROM skip WHERE record_type = 'opportunity' AND record_id = record.id)",
        (row.id, row.eligible),
    ).fetchone()
    kept = connection.execute(
        "SELECT payload FROM record WHERE id = ? AND payload <> ? AND (? OR tab IS NOT ?)",
        (row.id, row.payload, completing, row.tab),
    ).fetchone()
    return left_out is not None or (kept is not None and completes(row.payload, kept[0]))


def _set_back(connection: sqlite3.Connection, row: Captured, now: float) -> None:
    """The source counts from an earlier version again: none of what we wrote there is proof now."""
    (version,) = connection.execute("SELECT version FROM record WHERE id = ?", (row.id,)).fetchone()
    connection.execute(
        "UPDATE record SET delivered_id = NULL, delivered_version = NULL"
        " WHERE id = ? AND delivered_version >= ?",
        (row.id, row.version),
    )
    detail = f"the source shows version {row.version} after {version}: it was set back"
    remember(connection, row.id, row.version, Note("set back", detail), now)


def _take_tab(connection: sqlite3.Connection, row: Captured) -> bool:
    """Take in a tab that differs on a record of the known version; whether it did."""
    if row.tab is None:
        return False
    differs = connection.execute(
        "UPDATE record SET tab = ?, payload = ? WHERE id = ? AND version = ? AND tab IS NOT ?",
        (row.tab, row.payload, row.id, row.version, row.tab),
    ).rowcount
    return bool(differs)


def _take_first(
    connection: sqlite3.Connection, row: Captured, lane: Lane, now: float, *, since: float
) -> None:
    """Take in a row of the first look: overwriting waits for all of it, and so does creating."""
    if row.linked:
        _take(connection, row, Lane.BACKLOG, now, since=since, mass=True)
    else:
        _take(connection, row, lane, now, since=since, mass=False)
        connection.execute(
            "UPDATE record SET mass = ?, due_at = ? WHERE id = ? AND state = 'pending'"  # noqa: S608 # a constant
            f" AND target_id IS NULL AND NOT {intents.RECORD_OPEN}",
            (Mass.EVALUATING, NEVER, row.id),
        )


def _take(
    connection: sqlite3.Connection,
    row: Captured,
    lane: Lane,
    now: float,
    *,
    since: float,
    mass: bool,
) -> None:
    skip = skips.of(connection, RecordType.OPPORTUNITY, row.id)
    before = _before(connection, row)
    became = taken(before, row, since=since, now=now, mass=mass, skip=skip)
    if became.left_out is not None:
        note = Note(LEFT_OUT, became.left_out)
        remember(connection, row.id, row.version, note, now)
    if became.came_back:
        note = Note(CAME_BACK, f"version {row.version} may be synced")
        remember(connection, row.id, row.version, note, now)
    connection.execute(
        "INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload, tab,"
        " carried, state, lane, due_at, pending_since, known_at, mass, lifted, proved_at, timed,"
        " seen_unlinked)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)"
        " ON CONFLICT (id) DO UPDATE SET ref = excluded.ref, version = excluded.version,"
        " updated_at = excluded.updated_at, captured_at = excluded.captured_at,"
        " linked = excluded.linked, payload = excluded.payload, tab = excluded.tab,"
        " carried = excluded.carried, state = excluded.state, lane = excluded.lane,"
        " due_at = excluded.due_at, pending_since = excluded.pending_since,"
        " known_at = excluded.known_at, mass = excluded.mass, lifted = excluded.lifted,"
        " proved_at = excluded.proved_at, timed = 1, lower_at = NULL, reread = 0,"
        " seen_unlinked = max(seen_unlinked, excluded.seen_unlinked),"
        " revision = revision + 1,"
        " attempts = 0, failed_since = NULL, failed_at = NULL",
        (
            row.id,
            row.ref,
            row.version,
            row.updated_at,
            now,
            row.linked,
            row.payload,
            row.tab,
            id_of(row.target_id or ""),
            became.state,
            lane,
            now,
            became.pending_since,
            became.known_at,
            became.mass,
            became.lifted,
            now,
            not row.linked,
        ),
    )


def _before(connection: sqlite3.Connection, row: Captured) -> Before | None:
    """What is known of the record; a flag that is owed for another version is void with this."""
    before = _known_before(connection, row.id)
    if before is None:
        return None
    if not outbox.void_flag(connection, Key(RecordType.OPPORTUNITY, row.id), row.version):
        return before
    if row.eligible:
        # It was never set: one that is shown from now on is somebody's.
        connection.execute("UPDATE record SET flagged = 0 WHERE id = ?", (row.id,))
    return _known_before(connection, row.id)


def _known_before(connection: sqlite3.Connection, record_id: int) -> Before | None:
    known = connection.execute(
        "SELECT state, version, pending_since, known_at, mass, target_id, flagged,"  # noqa: S608 # a constant
        f" {intents.RECORD_OPEN},"
        # Ours is still shown while its reset is owed, however it came to be.
        " (flagged AND lifted) OR EXISTS (SELECT 1 FROM outbox WHERE error = 0"
        " AND record_type = 'opportunity' AND record_id = record.id)"
        " FROM record WHERE id = ?",
        (record_id,),
    ).fetchone()
    return None if known is None else before_of(known)


def leave_out_hidden(
    connection: sqlite3.Connection, ids: Sequence[int], asked_at: float, now: float
) -> int:
    """Records asked for by id and not shown: what the target never heard of stays unknown to it.

    A create in doubt is accounted for all the same. Returns how many were left out.
    """
    rows = connection.execute(
        "SELECT id, version FROM record WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608 # a constant
        " AND state = 'pending' AND target_id IS NULL AND captured_at <= ?"
        f" AND NOT {intents.RECORD_OPEN}",
        (json.dumps(ids), asked_at),
    ).fetchall()
    leave_out(connection, [(row[0], row[1]) for row in rows], because(Code.RECORD_HIDDEN), now)
    return len(rows)


def leave_out(
    connection: sqlite3.Connection, records: Sequence[tuple[int, int]], reason: Reason, now: float
) -> None:
    """These records, with their versions, are not eligible any more; a later change starts anew."""
    connection.executemany(
        "UPDATE record SET state = 'ineligible', revision = revision + 1 WHERE id = ?",
        [(record_id,) for record_id, _ in records],
    )
    remember_alike(connection, records, Note(LEFT_OUT, reason), now)


def known_ids(connection: sqlite3.Connection, ids: Sequence[int]) -> set[int]:
    """See `Feeds.known_ids`."""
    rows = connection.execute(
        "SELECT id FROM record WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(ids),)
    )
    return {row[0] for row in rows}


def reconciled_ids(connection: sqlite3.Connection, after: int, limit: int) -> list[int]:
    """See `Feeds.reconciled_ids`."""
    rows = connection.execute(
        "SELECT id FROM record WHERE id > ? AND state IN ('pending', 'settled')"
        " ORDER BY id LIMIT ?",
        (after, limit),
    )
    return [row[0] for row in rows]


def hold_pending(connection: sqlite3.Connection, until: float) -> None:
    """Let what waits wait until then, unless it is captured again before."""
    connection.execute(
        "UPDATE record SET due_at = max(due_at, ?) WHERE state = 'pending'", (until,)
    )


def next_sweep(connection: sqlite3.Connection) -> int:
    """See `Feeds.next_sweep`."""
    return connection.execute("SELECT coalesce(max(swept), 0) + 1 FROM record").fetchone()[0]


def finish_sweep(connection: sqlite3.Connection, sweep: int, started_at: float, now: float) -> int:
    """After a complete sweep of unlinked records: forget those waiting that it did not show.

    A record captured before the sweep, still to be created, and not shown by it, is no longer
    eligible: unticked, flagged or deleted while it waited. Returns how many were left out.
    """
    rows = connection.execute(
        "SELECT id, version FROM record"  # noqa: S608 # a constant
        " WHERE state = 'pending' AND target_id IS NULL AND NOT linked AND swept < ?"
        " AND captured_at < ?"
        f" AND NOT {intents.RECORD_OPEN}{LISTED}",
        (sweep, started_at),
    ).fetchall()
    leave_out(connection, [(row[0], row[1]) for row in rows], because(Code.RECORD_NOT_LISTED), now)
    return len(rows)


def take_asked_for(
    connection: sqlite3.Connection,
    ids: Sequence[int],
    rows: Sequence[Captured],
    asked_at: float,
    now: float,
    *,
    fresh_max: int,
) -> int:
    """See `Feeds.take_asked_for`."""
    capture_page(
        connection,
        rows,
        now=now,
        fresh_max=fresh_max,
        asked_at=asked_at,
        may_lag=False,
        completing=True,
    )
    missing = sorted(set(ids) - {row.id for row in rows})
    return leave_out_hidden(connection, missing, asked_at, now)


def read_anew(connection: sqlite3.Connection, ids: Sequence[int], now: float) -> None:
    """See `Feeds.read_anew`."""
    connection.execute(
        "UPDATE record SET state = 'pending', reread = 1, revision = revision + 1, due_at = ?,"
        " lane = ?, pending_since = ?"
        " WHERE state = 'settled' AND id IN (SELECT value FROM json_each(?))",
        (now, Lane.BACKLOG, now, json.dumps(list(ids))),
    )


def end_sweep(
    connection: sqlite3.Connection, number: int, started_at: float, now: float, *, whole: bool
) -> int:
    """See `Feeds.end_sweep`."""
    # What was not shown may be what could not be read.
    left = finish_sweep(connection, number, started_at, now) if whole else 0
    kept.set_setting(connection, LAST_SWEEP, str(started_at))
    kept.set_setting(connection, AUDIT_OWED, "")
    return left
