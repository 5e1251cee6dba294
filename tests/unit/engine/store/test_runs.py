"""Runs, as kept: which is the present one, and what each has left."""

from __future__ import annotations

import sqlite3

import pytest

from engine.model.edit import Edit
from engine.model.history import Note
from engine.model.records import RecordType
from engine.model.run import APART, Run, RunKind
from engine.model.write import Write, WriteKind
from engine.runs import within
from tests.unit.engine.stand_ins import NOW, row, take
from tests.unit.engine.store.adapters import history, kept, runs

DAY_S = 86_400.0
TWICE = (
    Write(WriteKind.UPDATED, 7, (Edit("name", "a\x00b", "Crane"),)),
    Write(WriteKind.WRITTEN_BACK, 1),
)


@pytest.mark.parametrize("kind", RunKind)
def test_only_what_is_no_run_apart_is_the_present_one(
    connection: sqlite3.Connection, kind: RunKind
) -> None:
    """What the service decides meanwhile does not belong to what somebody takes back."""
    first = runs.begin(connection, RunKind.STARTED, NOW)
    second = runs.begin(connection, kind, NOW + 1, "why")

    present = kept.setting(connection, runs.PRESENT)
    assert present == str(first if kind in APART else second)
    assert runs.known(connection, second) == Run(second, kind, NOW + 1, "why")
    assert runs.is_of_a_plan(connection, second) is (kind is RunKind.APPLIED)


def test_what_is_no_run_is_known_as_none(connection: sqlite3.Connection) -> None:
    """Forgotten by now, or a decision of before there were runs."""
    assert runs.known(connection, 7) is None
    assert not runs.is_of_a_plan(connection, 7)
    assert not runs.is_of_a_plan(connection, None)


def test_a_new_day_begins_one_run(connection: sqlite3.Connection) -> None:
    """However often it is looked, and also where there was none."""
    midnight = NOW // DAY_S * DAY_S
    for at in (midnight - 1, midnight, midnight + DAY_S - 1):
        runs.begin_day(connection, at)

    began = connection.execute("SELECT began_at FROM run ORDER BY id").fetchall()
    assert [one[0] for one in began] == [midnight - 1, midnight]


def test_runs_that_have_left_something_are_listed_the_latest_first(
    connection: sqlite3.Connection,
) -> None:
    """Decisions, writes and records of each; the numbers of an opportunity and a person apart."""
    take(connection, row(1))
    numbers = [runs.begin(connection, RunKind.UNDO, NOW + at, f"{at}") for at in range(3)]
    with within(numbers[0]):
        history.remember(connection, 1, 1, Note("updated", "id 7", TWICE), NOW)
        history.remember(connection, 1, 1, Note("waits", "for a user"), NOW)
        history.remember(
            connection, 1, 1, Note("updated", "", TWICE[:1]), NOW, record_type=RecordType.PERSON
        )
    with within(numbers[2]):
        history.remember(connection, 1, 1, Note("waits", "for a user"), NOW)

    listed = runs.listed(connection, limit=9)

    assert listed == [
        Run(numbers[2], "undo", NOW + 2, "2", decisions=1, writes=0, records=1),
        Run(numbers[0], "undo", NOW, "0", decisions=3, writes=3, records=2),
    ]
    assert runs.listed(connection, limit=1, skip=1) == listed[1:]
