"""Roles that the target does not take, by the opportunity they would be on."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from engine.model.tab import Edge, RefusedRole
from engine.store.rows import refused_roles as rows


def keep(
    connection: sqlite3.Connection, target_id: int, refused: Mapping[Edge, RefusedRole]
) -> None:
    """These are refused on this opportunity, and no others are."""
    connection.execute("DELETE FROM refused_role WHERE target_id = ?", (target_id,))
    connection.executemany(
        "INSERT INTO refused_role (target_id, prospect_id, role, joined, held, retry_at, created,"
        " reason, reason_code, reason_class, reason_field)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows.columns(target_id, refused),
    )


def on(connection: sqlite3.Connection, target_id: int) -> dict[Edge, RefusedRole]:
    """Those on this opportunity, the latest last."""
    return rows.by_edge(
        connection.execute(
            "SELECT * FROM refused_role WHERE target_id = ? ORDER BY retry_at, prospect_id, role",
            (target_id,),
        )
    )


def forget(connection: sqlite3.Connection, record_id: int) -> None:
    """Send them again: somebody says that it is worth a try."""
    connection.execute(
        "DELETE FROM refused_role WHERE target_id ="
        " (SELECT target_id FROM people_tab WHERE record_id = ?)",
        (record_id,),
    )
