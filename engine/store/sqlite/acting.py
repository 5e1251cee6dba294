"""What an operator does to records: retry, skip, unskip and resync, each whole for each record."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from engine.decide.skipping import skipped
from engine.model.acting import Did, Done
from engine.model.history import Note
from engine.model.intent import IntentKind
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.named import Named
from engine.model.outbox import Key
from engine.model.reason import Code
from engine.model.records import RecordType
from engine.model.skip import Skip
from engine.model.states import State
from engine.store.rows import acting as rows
from engine.store.sqlite import intents, people, present, refusals, refused_roles, skips, tabs
from engine.store.sqlite.history import remember
from engine.store.sqlite.outbox import owe


def refused(connection: sqlite3.Connection, code: Code | None) -> list[Named]:
    """See `Acting.refused`."""
    found = connection.execute(
        "SELECT 'opportunity' AS kind, id, ref, reason_code FROM record"
        " INDEXED BY record_refused WHERE state = 'refused'"
        " UNION ALL SELECT 'person', id, ref, reason_code FROM person"
        " INDEXED BY person_refused WHERE refused_version IS NOT NULL ORDER BY kind, id"
    )
    return [
        Named(RecordType(kind), record_id, ref)
        for kind, record_id, ref, kept in found
        if code in (None, kept)
    ]


def retry(connection: sqlite3.Connection, named: Sequence[Named], now: float) -> list[Done]:
    """See `Acting.retry`."""
    lane = rows.lane(named)
    return [
        Done(
            one,
            _retry_person(connection, one, now)
            if one.record_type is RecordType.PERSON
            else _retry_record(connection, one, lane, now),
        )
        for one in named
    ]


def _retry_record(connection: sqlite3.Connection, one: Named, lane: Lane, now: float) -> Did:
    row = _record(connection, one)
    if row is None:
        return Did.NOTHING
    if row["mass"] in (Mass.EVALUATING, Mass.HELD):
        return Did.HELD
    if skips.of(connection, one.record_type, one.id) is not None:
        return Did.LEFT_ALONE
    state = State(row["state"])
    if state is State.REFUSED:
        refusals.lift(connection, one.id, now, lane=lane, mass=Mass.NONE)
        _owe_reset(connection, one, now)
        _note(connection, one, row["version"], Note("retried", Did.RESET.value), now)
        return Did.RESET
    if state is State.INELIGIBLE:
        return _unflag(connection, one, row, now)
    if intents.of(connection, IntentKind.OPPORTUNITY, one.id) is not None:
        return Did.SOUGHT
    refused_roles.forget(connection, one.id)
    due = connection.execute(
        "UPDATE record SET due_at = 0, lane = ? WHERE id = ? AND state = 'pending'",
        (lane, one.id),
    ).rowcount
    tab = present.tab(connection, one.id)
    if tab is not None:
        due += connection.execute(
            "UPDATE people_tab SET state = 'pending', due_at = ?, given_up = 0,"
            " revision = revision + 1 WHERE record_id = ?"
            " AND mass NOT IN (1, 2) AND (state = 'pending' OR reason IS NOT NULL)",
            (tab.due_at if tab.in_doubt else 0.0, one.id),
        ).rowcount
    return Did.DUE if due else Did.NOTHING


def _unflag(connection: sqlite3.Connection, one: Named, row: sqlite3.Row, now: float) -> Did:
    """A record that is left out: a flag of ours is reset all the same."""
    if row["flagged"]:
        _owe_reset(connection, one, now)
        _note(connection, one, row["version"], Note("retried", Did.UNFLAGGED.value), now)
        return Did.UNFLAGGED
    last = connection.execute(
        "SELECT reason_code FROM history WHERE record_type = 'opportunity' AND record_id = ?"
        " AND decision = 'left out' ORDER BY seq DESC LIMIT 1",
        (one.id,),
    ).fetchone()
    return Did.NOT_OURS if last and last[0] == Code.ERROR_FLAG_SET else Did.INELIGIBLE


def _retry_person(connection: sqlite3.Connection, one: Named, now: float) -> Did:
    row = connection.execute("SELECT * FROM person WHERE id = ?", (one.id,)).fetchone()
    if row is None:
        return Did.NOTHING
    if skips.of(connection, one.record_type, one.id) is not None:
        return Did.LEFT_ALONE
    did = Did.NOTHING
    if row["refused_version"] is not None:
        connection.execute("UPDATE person SET lifted = 1 WHERE id = ?", (one.id,))
        _owe_reset(connection, one, now)
        _note(connection, one, row["version"], Note("retried", Did.RESET.value), now)
        did = Did.RESET
    elif row["reason_code"] == Code.PERSON_FLAGGED:
        return Did.NOT_OURS
    elif row["prospect_id"] is None:
        did = Did.DUE
    if did is not Did.NOTHING:
        _look_at_person(connection, one.id, now)
    return did


def _look_at_person(connection: sqlite3.Connection, person_id: int, now: float) -> None:
    connection.execute("UPDATE person SET retry_at = 0, read_at = 0 WHERE id = ?", (person_id,))
    tabs.wake_awaiting(connection, [person_id], now)


def skip(
    connection: sqlite3.Connection, named: Sequence[Named], reason: str, now: float
) -> list[Done]:
    """See `Acting.skip`."""
    told = Skip(reason, now)
    return [Done(one, _skip(connection, one, told)) for one in named]


def _skip(connection: sqlite3.Connection, one: Named, told: Skip) -> Did:
    skips.keep(connection, one.record_type, one.id, told)
    now, note = told.since, Note("skipped", skipped(told))
    if one.record_type is RecordType.PERSON:
        connection.execute(
            "INSERT INTO person (id, ref, version, read_at) VALUES (?, ?, 0, 0)"
            " ON CONFLICT (id) DO NOTHING",
            (one.id, one.ref),
        )
        _note(connection, one, 0, note, now)
        return Did.SKIPPED
    row = _record(connection, one)
    if row is None:
        return Did.SKIPPED
    _note(connection, one, row["version"], note, now)
    left_out = connection.execute(
        "UPDATE record SET state = 'ineligible', revision = revision + 1, mass = 0"  # noqa: S608 # a constant
        f" WHERE id = ? AND NOT {intents.RECORD_OPEN}",
        (one.id,),
    ).rowcount
    return Did.SKIPPED if left_out else Did.DOUBTED


def unskip(connection: sqlite3.Connection, named: Sequence[Named], now: float) -> list[Done]:
    """See `Acting.unskip`."""
    return [Done(one, _unskip(connection, one, now)) for one in named]


def _unskip(connection: sqlite3.Connection, one: Named, now: float) -> Did:
    if not skips.forget(connection, one.record_type, one.id):
        return Did.NOT_SKIPPED
    row = _record(connection, one)
    _note(connection, one, row["version"] if row else 0, Note("unskipped", "by an operator"), now)
    if one.record_type is RecordType.PERSON:
        _look_at_person(connection, one.id, now)
        return Did.UNSKIPPED
    flagged = row is not None and bool(row["flagged"])
    connection.execute(
        # Our own flag still stands; anything else may have changed since, so it is read anew.
        "UPDATE record SET state = ?, reread = ?, revision = revision + 1, lane = ?, due_at = 0,"
        " pending_since = ? WHERE id = ? AND state = 'ineligible'",
        (
            State.REFUSED if flagged else State.PENDING,
            int(not flagged),
            Lane.FRESH,
            now,
            one.id,
        ),
    )
    return Did.STILL_REFUSED if flagged else Did.UNSKIPPED


def resync(connection: sqlite3.Connection, named: Sequence[Named], now: float) -> list[Done]:
    """See `Acting.resync`."""
    return [Done(one, _resync(connection, one, now)) for one in named]


def _resync(connection: sqlite3.Connection, one: Named, now: float) -> Did:
    if skips.of(connection, one.record_type, one.id) is not None:
        return Did.LEFT_ALONE
    if one.record_type is RecordType.PERSON:
        people.forget_reading(connection, [one.id])
        people.relate_again(connection, one.id, now)
        return Did.READ
    row = _record(connection, one)
    if row is None or row["mass"] in (Mass.EVALUATING, Mass.HELD):
        return Did.NOTHING if row is None else Did.HELD
    if row["state"] in (State.REFUSED, State.INELIGIBLE):
        return Did.INELIGIBLE
    if row["target_id"] is None:
        return Did.NOT_LINKED
    since = row["pending_since"] if row["state"] == State.PENDING else now
    connection.execute(
        "UPDATE record SET synced = NULL, reread = 1, state = 'pending', lane = ?, due_at = 0,"
        " pending_since = ?, revision = revision + 1 WHERE id = ?",
        (Lane.FRESH, since, one.id),
    )
    connection.execute("UPDATE people_tab SET listed = 0 WHERE record_id = ?", (one.id,))
    refused_roles.forget(connection, one.id)
    tabs.look_again(connection, [one.id], Lane.FRESH, now)
    # Whoever asks for that wants what was undone to be repaired as well.
    connection.execute("DELETE FROM undone WHERE record_id = ?", (one.id,))
    note = Note("resynced", Did.READ.value)
    _note(connection, one, row["version"], note, now)
    return Did.READ


def _record(connection: sqlite3.Connection, one: Named) -> sqlite3.Row | None:
    if one.record_type is not RecordType.OPPORTUNITY:
        return None
    return connection.execute("SELECT * FROM record WHERE id = ?", (one.id,)).fetchone()


def _owe_reset(connection: sqlite3.Connection, one: Named, now: float) -> None:
    key = Key(one.record_type, one.id)
    # Due whatever a clock says that was set meanwhile.
    owe(connection, key, rows.RESET, clears_error=True, changed_at=int(now), now=0.0)


def _note(connection: sqlite3.Connection, one: Named, version: int, note: Note, now: float) -> None:
    remember(connection, one.id, version, note, now, record_type=one.record_type)
