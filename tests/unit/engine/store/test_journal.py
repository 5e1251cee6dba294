"""The journal: what was written, for how long it is kept, and how much of it."""

from __future__ import annotations

import sqlite3

import pytest

from engine.model.edit import Edit
from engine.model.history import Note
from engine.model.records import RecordType
from engine.model.run import RunKind
from engine.model.write import Write, WriteKind
from engine.runs import kept_run
from engine.store.writes import decoded, encoded
from tests.unit.engine.stand_ins import NOW, pending, row, take
from tests.unit.engine.store.adapters import history, journal, runs, settle, work

DAY_S = 86_400.0
EVERY = (
    Write(WriteKind.CREATED, 7, (Edit("name", None, "Crane"), Edit("tags", None, ["a", "b"]))),
    Write(WriteKind.UPDATED, 7, (Edit("amount", 1.5, None), Edit("open", True, False)), found=True),
    Write(WriteKind.ROLE_CHANGED, 7, (Edit("role", "", "Buyer"),), 12, 310),
    Write(WriteKind.DELETED, 8),
)


def note(number: int) -> Note:
    """A line with one write."""
    edits = (Edit("name", f"{number}", f"{number + 1}"),)
    return Note("updated", str(number), (Write(WriteKind.UPDATED, 7, edits),))


def kept(db: sqlite3.Connection) -> list[str]:
    """What the lines that still have their writes say, oldest first."""
    return [line.detail for line in journal.lines(db) if line.writes]


def size(db: sqlite3.Connection) -> int:
    """What all writes come to, counted anew."""
    found = db.execute("SELECT writes FROM history WHERE writes IS NOT NULL")
    return sum(len(writes.encode()) + 150 for (writes,) in found)


def test_a_write_is_kept_as_it_was() -> None:
    """Whatever a field may hold."""
    assert decoded(encoded(EVERY)) == EVERY
    assert encoded(()) is None
    assert decoded(None) == ()


def test_what_is_too_old_loses_what_it_took_the_place_of(connection: sqlite3.Connection) -> None:
    """That it was done, and why, is still told."""
    take(connection, row(1))
    for number in range(4):
        history.remember(connection, 1, 1, note(number), NOW + number * DAY_S)

    gone = history.tend(
        connection, NOW + 4 * DAY_S, before=NOW + 2 * DAY_S, bytes_max=1_000_000, limit=100
    )

    assert gone == 2
    assert kept(connection) == ["2", "3"]
    assert [line.detail for line in journal.lines(connection)] == ["0", "1", "2", "3"]


def test_what_is_too_much_goes_the_oldest_first(connection: sqlite3.Connection) -> None:
    """However young it is: the disk has an end."""
    take(connection, row(1))
    for number in range(10):
        history.remember(connection, 1, 1, note(number), NOW + number)
    whole = size(connection)

    history.tend(connection, NOW, before=0, bytes_max=whole // 2 + 10, limit=100)

    assert kept(connection) == ["5", "6", "7", "8", "9"]
    assert connection.execute("SELECT bytes FROM history_size").fetchone()[0] == size(connection)


def test_it_goes_in_small_steps(connection: sqlite3.Connection) -> None:
    """Nobody waits for the writer meanwhile."""
    take(connection, row(1))
    for number in range(5):
        history.remember(connection, 1, 1, note(number), NOW)

    assert [
        history.tend(connection, NOW, before=NOW + 1, bytes_max=1, limit=2) for _ in range(4)
    ] == [
        2,
        2,
        1,
        0,
    ]


def test_lines_that_have_lost_their_writes_are_bounded_as_others_are(
    connection: sqlite3.Connection,
) -> None:
    """A record that was edited daily for years keeps no line for each of them."""
    take(connection, row(1))
    for number in range(history.HISTORY_MAX + 20):
        history.remember(connection, 1, 1, note(number), NOW + number)
    assert len(journal.lines(connection)) == history.HISTORY_MAX + 20

    history.tend(connection, NOW, before=NOW + 1000, bytes_max=1_000_000, limit=1000)

    assert len(journal.lines(connection)) == history.HISTORY_MAX


def test_a_time_that_was_wrong_keeps_nothing_for_ever(connection: sqlite3.Connection) -> None:
    """Lines of a clock that was ahead stand in nobody's way."""
    take(connection, row(1))
    history.remember(connection, 1, 1, note(0), NOW + 9000 * DAY_S)
    history.remember(connection, 1, 1, note(1), NOW)

    history.tend(connection, NOW, before=NOW + DAY_S, bytes_max=1_000_000, limit=100)
    assert kept(connection) == ["0"]

    history.tend(connection, NOW, before=NOW, bytes_max=0, limit=100)
    assert kept(connection) == []


def test_what_is_written_is_told_by_the_transaction_that_settles(
    connection: sqlite3.Connection,
) -> None:
    """What is not kept of the record is not told of it either, and the other way round."""
    take(connection, row(1))
    connection.execute("INSERT INTO claim (target_id, record_id, since) VALUES (7, 1, ?)", (NOW,))
    edits = (Edit("name", "Old", "New"),)
    work.begin_update(connection, 1, 7, edits, known={"name": "Old"}, now=NOW)
    connection.execute("BEGIN")

    settle.settle_linked(
        connection,
        pending(connection, 1),
        target_id=7,
        synced={"name": "New"},
        owed=None,
        awaited=(),
        note=Note("updated", "id 7, sent name"),
        now=NOW,
        answered=True,
    )
    [line] = journal.of_record(connection, RecordType.OPPORTUNITY, 1)
    assert line.writes == (Write(WriteKind.UPDATED, 7, edits),)

    connection.execute("ROLLBACK")
    assert journal.of_record(connection, RecordType.OPPORTUNITY, 1) == []
    assert pending(connection, 1).target_id is None


def test_a_line_is_of_the_present_run_unless_it_is_somebody_else_s(
    connection: sqlite3.Connection,
) -> None:
    """Whoever takes something back does so beside the service."""
    take(connection, row(1))
    runs.begin(connection, RunKind.STARTED, NOW)
    history.remember(connection, 1, 1, Note("updated", "a"), NOW)
    other = runs.begin(connection, RunKind.UNDO, NOW)
    token = kept_run.set(other)
    history.remember(connection, 1, 1, Note("undone", "b"), NOW)
    kept_run.reset(token)
    history.remember(connection, 1, 1, Note("updated", "c"), NOW)

    assert [(line.detail, line.run) for line in journal.lines(connection)] == [
        ("a", 1),
        ("b", 2),
        ("c", 1),
    ]


@pytest.mark.parametrize(("later_s", "number"), [(60.0, 1), (DAY_S, 2)])
def test_no_run_lasts_longer_than_a_day(
    connection: sqlite3.Connection, later_s: float, number: int
) -> None:
    """A service that runs for months is not undone for months."""
    began = (NOW // DAY_S) * DAY_S
    take(connection, row(1))
    runs.begin(connection, RunKind.STARTED, began)

    history.tend(connection, began + later_s, before=0, bytes_max=1_000_000, limit=1)
    history.remember(connection, 1, 1, Note("updated", "a"), began + later_s)

    assert [line.run for line in journal.lines(connection)] == [number]
