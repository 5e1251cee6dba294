"""What a record or a tab is right now, for whoever decides what to keep of it."""

from __future__ import annotations

import sqlite3

from engine.model.present import RecordNow, TabNow
from engine.store.rows.present import of_record, of_tab
from engine.store.sqlite import intents

RECORD = "state, revision, mass, flagged, pending_since, updated_at, due_at, failures, failed_since"


def record(connection: sqlite3.Connection, record_id: int) -> RecordNow | None:
    """The record; None where there is none."""
    row = connection.execute(
        f"SELECT {RECORD} FROM record WHERE id = ?",  # noqa: S608 # a constant
        (record_id,),
    ).fetchone()
    return None if row is None else of_record(row)


def tab(connection: sqlite3.Connection, record_id: int) -> TabNow | None:
    """The record's People tab; None where none is followed."""
    row = connection.execute(
        "SELECT state, revision, lane, mass, target_id, pending_since, due_at, failures,"  # noqa: S608 # a constant
        f" failed_at, taken_since, given_up, {intents.TAB_IN_DOUBT} FROM people_tab"
        " WHERE record_id = ?",
        (record_id,),
    ).fetchone()
    return None if row is None else of_tab(row)
