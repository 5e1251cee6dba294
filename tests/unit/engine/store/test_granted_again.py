"""Whose tabs, roles and people wait for what was not granted: they are due once something is."""

from __future__ import annotations

import sqlite3
from typing import Any

from engine.model.lane import Lane
from tests.unit.engine.stand_ins import NOW, announce, link, row, take
from tests.unit.engine.store.adapters import grants, intents, tabs

FAR = NOW + 900


def due(connection: sqlite3.Connection, column: str, table: str) -> list[Any]:
    """That column of each row."""
    key = "record_id" if table == "people_tab" else "id"
    rows = connection.execute(f"SELECT {column} FROM {table} ORDER BY {key}").fetchall()  # noqa: S608 # names of ours
    return [one[0] for one in rows]


def granted(connection: sqlite3.Connection) -> None:
    """Something else is granted than before."""
    grants.note_granted(connection, "users.read")
    assert grants.note_granted(connection, "accounts.read users.read")


def test_records_that_wait_for_a_permission_are_due_but_for_those_in_doubt_or_held(
    connection: sqlite3.Connection,
) -> None:
    """A create in doubt is looked for in its own time; what the fuse holds waits for somebody."""
    take(connection, row(1), row(2), row(3), row(4))
    announce(connection, 2)
    intents.doubt_unfinished(connection, NOW)
    announce(connection, 4)
    connection.execute(
        "UPDATE record SET due_at = ?, reason_code = 'permission-missing',"
        " mass = CASE id WHEN 3 THEN 2 ELSE 0 END",
        (FAR,),
    )

    granted(connection)

    assert due(connection, "due_at", "record") == [0, FAR, FAR, 0]


def test_tabs_and_people_that_wait_for_a_permission_are_due(
    connection: sqlite3.Connection,
) -> None:
    """So is a tab with a role that our user might not edit, and the role itself."""
    for one in (1, 2, 3):
        take(connection, row(one))
        link(connection, one, one * 10)
    tabs.look_again(connection, [1, 2, 3], Lane.FRESH, NOW)
    connection.execute("UPDATE people_tab SET due_at = ?, given_up = 1", (FAR,))
    connection.execute("UPDATE people_tab SET reason_code = 'not-granted' WHERE record_id = 1")
    for target_id, reason_class in ((20, "forbidden"), (30, "validation")):
        connection.execute(
            "INSERT INTO refused_role (target_id, prospect_id, role, joined, held, retry_at,"
            " reason, reason_code, reason_class) VALUES (?, 1, 'User', 0, 0, ?, 'no', 'x', ?)",
            (target_id, FAR, reason_class),
        )
    for person_id, code in ((1, "not-granted"), (2, "unanswered")):
        connection.execute(
            "INSERT INTO person (id, ref, version, read_at, retry_at, reason_code)"
            " VALUES (?, 'PERS', 1, 1, ?, ?)",
            (person_id, FAR, code),
        )

    granted(connection)

    assert due(connection, "due_at", "people_tab") == [0, 0, FAR]
    assert due(connection, "given_up", "people_tab") == [0, 0, 1]
    assert due(connection, "retry_at", "person") == [0, FAR]
    roles = connection.execute("SELECT retry_at FROM refused_role ORDER BY target_id").fetchall()
    assert [one[0] for one in roles] == [0, FAR]
