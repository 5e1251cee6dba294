"""Capture: a page of source rows and the watermark move in one transaction.

From then on the change is ours to finish, whatever dies. What a row is beside what is known is
judged in `engine.decide.version`. A row whose version is known already
(our own echo, or a second look at an overlap window) changes nothing, unless its People tab is
another, since an edit of the tab need not move the version, or it has a column that was lacking.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.decide.capture import Before, completes, taken
from engine.decide.reasons import because
from engine.decide.version import Seen, seen
from engine.model.capture import Capture, Watermark
from engine.model.history import CAME_BACK, LEFT_OUT, Note
from engine.model.kept import AUDIT_OWED, LAST_SWEEP
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.outbox import Key
from engine.model.reason import Code, Reason
from engine.model.records import Captured, RecordType
from engine.model.states import State
from engine.store.postgres import intents, kept, outbox, tabs
from engine.store.postgres.history import remember, remember_alike
from engine.store.postgres.page import Present, Records
from engine.store.postgres.session import Session
from engine.store.rows.capture import is_bare, mark_of

# A listing of eligible records lacks those that carry a flag of ours which counts as reset.
LISTED = (
    " AND NOT (lifted = 1 AND flagged = 1) AND NOT EXISTS (SELECT 1 FROM outbox WHERE error = 0"
    " AND record_type = 'opportunity' AND record_id = record.id)"
)


def watermark(connection: Session, feed: str) -> Watermark:
    """See `Feeds.watermark`."""
    row = connection.named("SELECT * FROM watermark WHERE feed = %s", (feed,))
    # All feeds come from the same servers.
    skew = connection.execute("SELECT coalesce(max(skew_s), 0.0) FROM watermark")
    return mark_of(row.fetchone(), skew.fetchone()[0])


def set_watermark(connection: Session, feed: str, mark: Watermark) -> None:
    """See `Feeds.set_watermark`."""
    updated_at, record_id = mark.position or (None, None)
    connection.execute(
        "INSERT INTO watermark (feed, updated_at, id, newest_at, newest_seen_at, skew_s)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (feed) DO UPDATE SET"
        " updated_at = excluded.updated_at, id = excluded.id, newest_at = excluded.newest_at,"
        " newest_seen_at = excluded.newest_seen_at, skew_s = excluded.skew_s",
        (feed, updated_at, record_id, mark.newest_at, mark.newest_seen_at, mark.skew_s),
    )


def capture_page(
    connection: Session,
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
    records = Records(connection, now, sweep)
    records.read(row.id for row in rows)
    judged = {row.id: _judge(records, row, asked_at, may_lag=may_lag) for row in rows}
    wanted = [row for row in rows if row.eligible or (completing and row.flagged)]
    same = [row for row in wanted if judged[row.id] is Seen.KNOWN]
    records.compare(row for row in same if completing or records.of(row.id).tab != row.tab)
    changed = [row for row in rows if _is_change(records, row, judged[row.id])]
    shown = [row for row in rows if judged[row.id] is not Seen.NEWS and _take_tab(records, row)]
    lane = Lane.FRESH if len(changed) + len(shown) <= fresh_max else Lane.BACKLOG
    concerned = [row.id for row in shown if row.eligible]
    # Among records that are read anew, a few changes are fresh edits of today.
    weighed = mass and not (anew and lane is Lane.FRESH)
    edited = [(one, (tab_changed_at or {}).get(one, now)) for one in concerned]
    tabs.look_at_each(connection, edited, lane, now, mass=Mass(weighed))
    if not mass:
        differing = {*concerned, *(row.id for row in changed)}
        emptied = [row.id for row in rows if row.id in differing and is_bare(row)]
        # Most have no roles of ours, which is known already, and nothing is asked for them.
        parked = [one for one in emptied if records.of(one).made_roles]
        tabs.park_emptied(connection, parked, lane, now)
    for row in changed:
        restored = judged[row.id] is Seen.RESTORED
        if restored:
            _set_back(records, row)
        since = row.updated_at if news else now
        # A source that was set back is a mass change, however it shows.
        if first_look:
            _take_first(records, row, lane, since=since)
        else:
            _take(records, row, lane, since=since, mass=weighed or restored)
    if anew:
        again = [row for row in rows if row not in changed and _is_known(records, row)]
        for row in again:
            its = records.of(row.id).lane
            _take(records, row, its, since=now, mass=mass and its is Lane.BACKLOG)
        changed += again
    records.write()
    _note_shown(connection, rows, changed, sweep=sweep, now=now)
    if feed is not None and mark is not None:
        set_watermark(connection, feed, mark)
    return Capture(changed, [row.id for row in shown], len(rows) - len(changed))


def _note_shown(
    connection: Session,
    rows: Sequence[Captured],
    changed: Sequence[Captured],
    *,
    sweep: int,
    now: float,
) -> None:
    """The source has shown these rows just now; `changed` were taken in, and with that shown."""
    taken_in = {row.id for row in changed}
    others = [row for row in rows if row.id not in taken_in]
    if not others:
        return
    if sweep:
        connection.execute(
            "UPDATE record SET swept = %s WHERE id = ANY(%s::bigint[])",
            (sweep, [row.id for row in others]),
        )
    # Of a record that is there twice the last row counts.
    shown = {(row.id, row.version): row.updated_at for row in others}
    connection.execute(
        "UPDATE record SET proved_at = %s, updated_at = shown.updated_at, timed = 1,"
        " lower_at = NULL, reread = 0"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS shown (id, version, updated_at)"
        " WHERE record.id = shown.id AND record.version = shown.version",
        (now, [one for one, _ in shown], [version for _, version in shown], list(shown.values())),
    )


def _is_known(records: Records, row: Captured) -> bool:
    return records.of(row.id).is_of(row.version)


def _judge(records: Records, row: Captured, asked_at: float, *, may_lag: bool) -> Seen:
    known = records.of(row.id).known
    judged = seen(
        known,
        row.version,
        row.updated_at,
        asked_at=asked_at,
        may_lag=may_lag,
        carried=row.target_id,
    )
    if judged is Seen.LATE and known is not None and asked_at > known.known_at:
        # It is no news to another row of this page, which was asked for at the same time.
        records.connection.execute(
            "UPDATE record SET lower_at = coalesce(lower_at, %s) WHERE id = %s", (asked_at, row.id)
        )
    return judged


def _is_change(records: Records, row: Captured, judged: Seen) -> bool:
    if judged is not Seen.KNOWN:
        return judged is not Seen.LATE
    present, kept = records.of(row.id), records.differing.get(row.id)
    # Left out by mistake, or hidden from us for a while; so may a column of it have been.
    left_out = (
        present.before is not None
        and present.before.state is State.INELIGIBLE
        and present.skip is None
        and row.eligible
    )
    return left_out or (kept is not None and completes(row.payload, kept))


def _set_back(records: Records, row: Captured) -> None:
    """The source counts from an earlier version again: none of what we wrote there is proof now."""
    before = records.of(row.id).before
    version = None if before is None else before.version
    records.connection.execute(
        "UPDATE record SET delivered_id = NULL, delivered_version = NULL"
        " WHERE id = %s AND delivered_version >= %s",
        (row.id, row.version),
    )
    detail = f"the source shows version {row.version} after {version}: it was set back"
    remember(records.connection, row.id, row.version, Note("set back", detail), records.now)


def _take_tab(records: Records, row: Captured) -> bool:
    """Take in a tab that differs on a record of the known version; whether it did."""
    present = records.of(row.id)
    if row.tab is None or row.tab == present.tab or not present.is_of(row.version):
        return False
    records.connection.execute(
        "UPDATE record SET tab = %s, payload = %s WHERE id = %s", (row.tab, row.payload, row.id)
    )
    present.tab = row.tab
    return True


def _take_first(records: Records, row: Captured, lane: Lane, *, since: float) -> None:
    """Take in a row of the first look: overwriting waits for all of it, and so does creating."""
    if row.linked:
        _take(records, row, Lane.BACKLOG, since=since, mass=True)
    else:
        _take(records, row, lane, since=since, mass=False, first=True)


def _take(
    records: Records,
    row: Captured,
    lane: Lane,
    *,
    since: float,
    mass: bool,
    first: bool = False,
) -> None:
    """Take in a row.

    Args:
        first: what would be created for it is counted first.
    """
    now = records.now
    present = records.of(row.id)
    before = _before(records, row, present)
    became = taken(before, row, since=since, now=now, mass=mass, skip=present.skip)
    if became.left_out is not None:
        note = Note(LEFT_OUT, became.left_out)
        remember(records.connection, row.id, row.version, note, now)
    if became.came_back:
        note = Note(CAME_BACK, f"version {row.version} may be synced")
        remember(records.connection, row.id, row.version, note, now)
    creates = before is None or (before.target_id is None and not before.in_doubt)
    records.take(row, became, lane, held=first and creates and became.state is State.PENDING)


def _before(records: Records, row: Captured, present: Present) -> Before | None:
    """What is known of the record; a flag that is owed for another version is void with this."""
    before = present.before
    if before is None or not present.owes_flag or present.is_of(row.version):
        return before
    outbox.void_flag(records.connection, Key(RecordType.OPPORTUNITY, row.id), row.version)
    if not row.eligible:
        return before
    # It was never set: one that is shown from now on is somebody's.
    records.connection.execute("UPDATE record SET flagged = 0 WHERE id = %s", (row.id,))
    return replace(before, flagged=False, lifted=False)


def leave_out_hidden(connection: Session, ids: Sequence[int], asked_at: float, now: float) -> int:
    """Records asked for by id and not shown: what the target never heard of stays unknown to it.

    A create in doubt is accounted for all the same. Returns how many were left out.
    """
    return _leave_out_those(
        connection,
        "id = ANY(%s::bigint[]) AND captured_at <= %s",
        (list(ids), asked_at),
        because(Code.RECORD_HIDDEN),
        now,
    )


def _leave_out_those(
    connection: Session, which: str, values: tuple[object, ...], reason: Reason, now: float
) -> int:
    """Leave out those of the records that wait to be created of which this is true."""
    left = connection.execute(
        "UPDATE record SET state = 'ineligible', revision = revision + 1"  # noqa: S608 # conditions of ours
        f" WHERE state = 'pending' AND target_id IS NULL AND {which}"
        f" AND NOT {intents.RECORD_OPEN} RETURNING id, version",
        values,
    ).fetchall()
    remember_alike(connection, sorted(left), Note(LEFT_OUT, reason), now)
    return len(left)


def leave_out(
    connection: Session, records: Sequence[tuple[int, int]], reason: Reason, now: float
) -> None:
    """These records, with their versions, are not eligible any more; a later change starts anew."""
    connection.execute(
        "UPDATE record SET state = 'ineligible', revision = revision + 1"
        " WHERE id = ANY(%s::bigint[])",
        ([record_id for record_id, _ in records],),
    )
    remember_alike(connection, records, Note(LEFT_OUT, reason), now)


def known_ids(connection: Session, ids: Sequence[int]) -> set[int]:
    """See `Feeds.known_ids`."""
    rows = connection.execute("SELECT id FROM record WHERE id = ANY(%s::bigint[])", (list(ids),))
    return {row[0] for row in rows}


def reconciled_ids(connection: Session, after: int, limit: int) -> list[int]:
    """See `Feeds.reconciled_ids`."""
    rows = connection.execute(
        "SELECT id FROM record WHERE id > %s AND state IN ('pending', 'settled')"
        " ORDER BY id LIMIT %s",
        (after, limit),
    )
    return [row[0] for row in rows]


def hold_pending(connection: Session, until: float) -> None:
    """Let what waits wait until then, unless it is captured again before."""
    connection.execute(
        "UPDATE record SET due_at = greatest(due_at, %s::double precision) WHERE state = 'pending'",
        (until,),
    )


def next_sweep(connection: Session) -> int:
    """See `Feeds.next_sweep`."""
    return connection.execute("SELECT coalesce(max(swept), 0) + 1 FROM record").fetchone()[0]


def finish_sweep(connection: Session, sweep: int, started_at: float, now: float) -> int:
    """After a complete sweep of unlinked records: forget those waiting that it did not show.

    A record captured before the sweep, still to be created, and not shown by it, is no longer
    eligible: unticked, flagged or deleted while it waited. Returns how many were left out.
    """
    return _leave_out_those(
        connection,
        f"linked = 0 AND swept < %s AND captured_at < %s{LISTED}",
        (sweep, started_at),
        because(Code.RECORD_NOT_LISTED),
        now,
    )


def take_asked_for(
    connection: Session,
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


def read_anew(connection: Session, ids: Sequence[int], now: float) -> None:
    """See `Feeds.read_anew`."""
    connection.execute(
        "UPDATE record SET state = 'pending', reread = 1, revision = revision + 1, due_at = %s,"
        " lane = %s, pending_since = %s WHERE state = 'settled' AND id = ANY(%s::bigint[])",
        (now, Lane.BACKLOG, now, list(ids)),
    )


def end_sweep(
    connection: Session, number: int, started_at: float, now: float, *, whole: bool
) -> int:
    """See `Feeds.end_sweep`."""
    # What was not shown may be what could not be read.
    left = finish_sweep(connection, number, started_at, now) if whole else 0
    kept.set_setting(connection, LAST_SWEEP, str(started_at))
    kept.set_setting(connection, AUDIT_OWED, "")
    return left
