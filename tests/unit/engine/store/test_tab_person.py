"""Who is on which tab: the table follows the tabs by itself, whoever writes them."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from engine.store.sqlite import statefile
from tests.unit.engine.stand_ins import NOW
from tests.unit.engine.store.adapters import ON_SQLITE, people

ENTERED = """
INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload, state, lane,
                    due_at, tab)
VALUES (?, ?, 1, 0, 0, 0, '{}', 'settled', 0, 0, ?)
"""


def tab(*people_on_it: object) -> str:
    """A tab with one line for each of these."""
    return json.dumps([[person, "Buyer"] for person in people_on_it])


def enter(connection: sqlite3.Connection, record_id: int, text: str | None) -> None:
    """Store a record with this tab."""
    connection.execute(ENTERED, (record_id, f"OPP-{record_id}", text))


def on_tabs(connection: sqlite3.Connection) -> set[tuple[int, int]]:
    """Who is on whose tab: (person, opportunity)."""
    return {tuple(row) for row in connection.execute("SELECT person_id, record_id FROM tab_person")}


def test_it_follows_every_change_of_a_tab(connection: sqlite3.Connection) -> None:
    """A person that is missing there would keep the wrong prospect for ever."""
    enter(connection, 1, tab(7, 8, 7))
    enter(connection, 2, None)
    assert on_tabs(connection) == {(7, 1), (8, 1)}

    connection.execute("UPDATE record SET tab = ? WHERE id = 1", (tab(8, 9),))
    connection.execute("UPDATE record SET tab = ? WHERE id = 2", (tab(9),))
    assert on_tabs(connection) == {(8, 1), (9, 1), (9, 2)}

    connection.execute("UPDATE record SET tab = NULL WHERE id = 1")
    connection.execute("DELETE FROM record WHERE id = 2")
    assert on_tabs(connection) == set()


@pytest.mark.parametrize("text", ["[]", "{}", "null", '[["x", "Buyer"], [null], 7]', "not JSON"])
def test_what_names_nobody_relates_nobody(connection: sqlite3.Connection, text: str) -> None:
    """A tab of an odd form must not keep its page from being captured."""
    enter(connection, 1, text)
    enter(connection, 2, tab(7))
    connection.execute("UPDATE record SET tab = ? WHERE id = 2", (text,))

    assert on_tabs(connection) == set()


def test_a_state_of_a_former_version_knows_its_people(tmp_path: Path) -> None:
    """An upgrade must not wait for every tab to be edited."""
    path = tmp_path / statefile.FILE_NAME
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for step in statefile.migrations()[:4]:
            connection.executescript(step)
        connection.execute("PRAGMA user_version = 4")
        connection.execute(f"PRAGMA application_id = {statefile.APPLICATION_ID}")
        enter(connection, 1, tab(7, 8))
        enter(connection, 2, "not JSON")
        connection.commit()
    statefile.prepare(path)

    with contextlib.closing(statefile.connect(path)) as connection:
        assert on_tabs(connection) == {(7, 1), (8, 1)}


@ON_SQLITE
def test_one_persons_opportunities_are_found_among_many_without_reading_them(
    connection: sqlite3.Connection,
) -> None:
    """It happens inside the writer's transaction, once for each person."""
    for record_id in range(1, 2001):
        enter(connection, record_id, tab(record_id))
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(count, 100)
    people.relate_again(connection, 7, NOW)
    connection.set_progress_handler(None, 0)

    assert steps < 20
