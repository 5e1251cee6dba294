"""Who has waited for what was not granted is due as soon as something else is."""

from __future__ import annotations

import sqlite3

from engine.decide.reasons import foreign
from engine.model.reason import Code
from engine.model.work import Failure
from tests.unit.engine.stand_ins import NOW, pending, row, take
from tests.unit.engine.store.adapters import grants, settle

FAR = NOW + 900


def due_at(connection: sqlite3.Connection, record_id: int) -> float:
    """When the record is tried again."""
    [at] = connection.execute("SELECT due_at FROM record WHERE id = ?", (record_id,)).fetchone()
    return at


def test_a_consent_makes_whoever_has_waited_for_it_due(connection: sqlite3.Connection) -> None:
    """And nobody who waits for something else; the first look at what is granted is no consent."""
    take(connection, row(1), row(2))
    for record_id, code in ((1, Code.NOT_GRANTED), (2, Code.UNANSWERED)):
        failure = Failure("configuration", None, foreign(code, "not now"))
        work = pending(connection, record_id)
        settle.defer(connection, work, failure, due_at=FAR, counts=False, now=NOW)

    assert not grants.note_granted(connection, "users.read")
    assert not grants.note_granted(connection, "users.read")
    assert due_at(connection, 1) == FAR
    assert grants.note_granted(connection, "accounts.read users.read")

    assert (due_at(connection, 1), due_at(connection, 2)) == (0, FAR)
