"""The mark of a mapping: what follows from another one is unfinished until it is done."""

from __future__ import annotations

import sqlite3

from engine.model.kept import MAPPING
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.run import RunKind
from tests.unit.engine.stand_ins import NOW, link, pending, row, take
from tests.unit.engine.store.adapters import kept, mapping_mark, runs, work


def test_only_another_mapping_than_before_is_a_change(connection: sqlite3.Connection) -> None:
    """A new state has done nothing by a former one."""
    take(connection, row(1))
    assert not mapping_mark.note_fingerprint(connection, "a", NOW + 60, NOW)
    assert not mapping_mark.note_fingerprint(connection, "a", NOW + 60, NOW)
    assert kept.setting(connection, MAPPING) is None
    assert runs.known(connection, 1) is None

    assert mapping_mark.note_fingerprint(connection, "b", NOW + 60, NOW)

    assert kept.setting(connection, MAPPING) == "0"
    run = runs.known(connection, 1)
    assert run is not None
    assert (run.kind, run.began_at) == (RunKind.MAPPING_CHANGED, NOW)
    # It is held until it is captured with the columns that are read now.
    assert work.next_due(connection, Lane.FRESH, NOW) == NOW + 60


def test_the_mark_moves_with_what_is_taken_anew_and_goes_with_the_last_of_it(
    connection: sqlite3.Connection,
) -> None:
    """Whoever is stopped in between goes on from there."""
    take(connection, row(1), row(2))
    link(connection, 1)
    for fingerprint in ("a", "b"):
        mapping_mark.note_fingerprint(connection, fingerprint, NOW + 60, NOW)

    mapping_mark.take_anew(connection, [row(1)], 1, NOW + 1, NOW + 2, fresh_max=0)

    assert kept.setting(connection, MAPPING) == "1"
    assert pending(connection, 1).mass is Mass.EVALUATING

    mapping_mark.take_anew(connection, [row(2)], None, NOW + 3, NOW + 4, fresh_max=0)

    assert kept.setting(connection, MAPPING) is None
    assert pending(connection, 2).proved_at == NOW + 4
