"""What is left alone, as kept."""

from __future__ import annotations

import sqlite3

from engine.model.records import RecordType
from engine.model.skip import Skip
from tests.unit.engine.stand_ins import NOW, pending, row, take
from tests.unit.engine.store.adapters import skips

OPPORTUNITY, PERSON = RecordType.OPPORTUNITY, RecordType.PERSON


def test_what_is_left_alone_is_so_until_somebody_says_otherwise(
    connection: sqlite3.Connection,
) -> None:
    """Ids are unique within a record type only."""
    take(connection, row(1))
    skips.keep(connection, OPPORTUNITY, 1, Skip("odd", NOW))
    skips.keep(connection, OPPORTUNITY, 1, Skip("odder", NOW + 1))

    assert skips.of(connection, OPPORTUNITY, 1) == Skip("odder", NOW + 1)
    assert skips.of(connection, PERSON, 1) is None
    assert pending(connection, 1).skip == Skip("odder", NOW + 1)

    assert not skips.forget(connection, PERSON, 1)
    assert skips.forget(connection, OPPORTUNITY, 1)
    assert not skips.forget(connection, OPPORTUNITY, 1)
    assert pending(connection, 1).skip is None
