"""Why fields of a record were left blank: for as long as they are, and with the time it began."""

from __future__ import annotations

import sqlite3

import pytest

from engine.decide.reasons import because
from engine.model.history import Note
from engine.model.reason import Code, Reason
from tests.unit.engine.stand_ins import NOW, pending, row, take
from tests.unit.engine.store.adapters import blanks, settle

EMPTY = because(Code.SOURCE_BLANK)
NOTE = Note("updated", "id 7")


@pytest.mark.parametrize("others", [{}, {"stage": EMPTY}], ids=["alone", "beside another"])
def test_a_field_that_is_filled_again_is_forgotten(
    connection: sqlite3.Connection, others: dict[str, Reason]
) -> None:
    """Blank once more it is so since then, and not since it was the first time."""
    take(connection, row(1))
    blanks.keep(connection, 1, {"owner": EMPTY, **others}, NOW)

    blanks.keep(connection, 1, others, NOW + 1)
    assert set(blanks.of_record(connection, 1)) == set(others)

    blanks.keep(connection, 1, {"owner": EMPTY, **others}, NOW + 2)
    since = connection.execute("SELECT since FROM left_blank WHERE field = 'owner'").fetchone()
    assert tuple(since) == (NOW + 2,)


def test_a_field_that_stays_blank_keeps_its_time(connection: sqlite3.Connection) -> None:
    """It is asked how long somebody has been missing."""
    take(connection, row(1))
    for later in (0, 1):
        blanks.keep(connection, 1, {"owner": EMPTY}, NOW + later)

    since = connection.execute("SELECT since FROM left_blank").fetchone()
    assert tuple(since) == (NOW,)


def test_an_outcome_that_leaves_nothing_blank_forgets_what_was(
    connection: sqlite3.Connection,
) -> None:
    """As it forgets what of it is not named any more."""
    take(connection, row(1))
    for version, left in ((2, {"owner": EMPTY}), (3, {})):
        of = pending(connection, 1)
        settle.settle_linked(
            connection, of, target_id=7, synced={}, owed=None, awaited=[], note=NOTE, now=NOW,
            blanks=left,
        )  # fmt: skip
        assert blanks.of_record(connection, 1) == left
        take(connection, row(1, version))
