"""What a record or a tab is right now, for whoever decides what to keep of it."""

from __future__ import annotations

import sqlite3

from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.present import RecordNow, TabNow
from engine.model.states import State
from engine.store.sqlite import intents

_STATES = {state.value: state for state in State}
_MASSES, _LANES = tuple(Mass), tuple(Lane)
RECORD = "state, revision, mass, flagged, pending_since, updated_at, due_at, failures, failed_since"


def record(connection: sqlite3.Connection, record_id: int) -> RecordNow | None:
    """The record; None where there is none."""
    row = connection.execute(
        f"SELECT {RECORD} FROM record WHERE id = ?",  # noqa: S608 # a constant
        (record_id,),
    ).fetchone()
    return None if row is None else of_record(row)


def of_record(row: sqlite3.Row) -> RecordNow:
    """The record in a row that begins with RECORD."""
    return RecordNow(
        _STATES[row[0]],
        row[1],
        _MASSES[row[2]],
        bool(row[3]),
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
    )


def tab(connection: sqlite3.Connection, record_id: int) -> TabNow | None:
    """The record's People tab; None where none is followed."""
    row = connection.execute(
        "SELECT state, revision, lane, mass, target_id, pending_since, due_at, failures,"  # noqa: S608 # a constant
        f" failed_at, taken_since, given_up, {intents.TAB_IN_DOUBT} FROM people_tab"
        " WHERE record_id = ?",
        (record_id,),
    ).fetchone()
    if row is None:
        return None
    return TabNow(
        _STATES[row[0]],
        row[1],
        _LANES[row[2]],
        _MASSES[row[3]],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        bool(row[10]),
        bool(row[11]),
    )
