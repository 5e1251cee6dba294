"""Why fields of a record were left blank: for as long as they are, and with the time it began."""

from __future__ import annotations

import sqlite3

import pytest

from engine.decide.reasons import because
from engine.model.reason import Code, Reason
from tests.unit.engine.stand_ins import NOW, row, take
from tests.unit.engine.store.adapters import blanks

EMPTY = because(Code.SOURCE_BLANK)


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
