"""What was undone, as kept: for as long as the record and the mapping are what they were."""

from __future__ import annotations

import sqlite3

import pytest

from engine.model.kept import FINGERPRINT
from engine.model.undone import Undone
from tests.unit.engine.stand_ins import link, pending, row, take
from tests.unit.engine.store.adapters import kept, undone, work

UNDONE = Undone(7, 5, "abc", frozenset({"name", "stage"}), None, 3)


@pytest.fixture
def db(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A record of which something was undone, and another one."""
    take(connection, row(1, 5), row(2, 5))
    kept.set_setting(connection, FINGERPRINT, "abc")
    for record_id in (1, 2):
        connection.execute(
            "INSERT INTO undone (record_id, target_id, version, mapping, fields, run)"
            """ VALUES (?, 7, 5, 'abc', '["name","stage"]', 3)""",
            (record_id,),
        )
    return connection


def test_it_is_read_with_the_record(db: sqlite3.Connection) -> None:
    """Whoever decides must know of it."""
    assert pending(db, 1).undone == UNDONE


def test_it_stays_while_nothing_else_has_changed(db: sqlite3.Connection) -> None:
    """A reconcile of the same version under the same mapping would write it again."""
    undone.drop_outdated(db, 1)
    link(db)

    known = work.known(db, 1)
    assert known is not None
    assert known.undone == UNDONE


@pytest.mark.parametrize("otherwise", ["version", "mapping", "no mapping"])
def test_it_is_over_once_the_record_or_the_mapping_is_another(
    db: sqlite3.Connection, otherwise: str
) -> None:
    """Somebody has decided anew."""
    if otherwise == "version":
        take(db, row(1, 6))
    elif otherwise == "mapping":
        kept.set_setting(db, FINGERPRINT, "def")
    else:
        db.execute("DELETE FROM setting WHERE name = ?", (FINGERPRINT,))

    link(db)

    known, other = work.known(db, 1), work.known(db, 2)
    assert known is not None
    assert other is not None
    assert (known.undone, other.undone) == (None, UNDONE)


def test_our_own_write_back_is_no_other_version(db: sqlite3.Connection) -> None:
    """Nobody has edited the record."""
    undone.follow_write_back(db, 1, 4, 6)
    assert pending(db, 1).undone == UNDONE

    undone.follow_write_back(db, 1, 5, 6)

    followed = pending(db, 1).undone
    assert followed is not None
    assert followed.version == 6
    assert pending(db, 2).undone == UNDONE
