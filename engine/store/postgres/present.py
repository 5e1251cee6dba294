"""What a record or a tab is right now, for whoever decides what to keep of it."""

from __future__ import annotations

from engine.model.present import RecordNow, TabNow
from engine.store.postgres import intents
from engine.store.postgres.session import Session
from engine.store.rows.present import of_record, of_tab

# Of a statement that calls the record r.
RECORD = (
    "r.state, r.revision, r.mass, r.flagged, r.pending_since, r.updated_at, r.due_at, r.failures,"
    " r.failed_since"
)


def record(connection: Session, record_id: int) -> RecordNow | None:
    """The record; None where there is none."""
    row = connection.execute(
        f"SELECT {RECORD} FROM record r WHERE r.id = %s",  # noqa: S608 # a constant
        (record_id,),
    ).fetchone()
    return None if row is None else of_record(row)


def tab(connection: Session, record_id: int) -> TabNow | None:
    """The record's People tab; None where none is followed."""
    row = connection.execute(
        "SELECT state, revision, lane, mass, target_id, pending_since, due_at, failures,"  # noqa: S608 # a constant
        f" failed_at, taken_since, given_up, {intents.TAB_IN_DOUBT} FROM people_tab"
        " WHERE record_id = %s",
        (record_id,),
    ).fetchone()
    return None if row is None else of_tab(row)
