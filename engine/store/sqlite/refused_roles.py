"""Roles that the target does not take, by the opportunity they would be on."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from engine.decide.reasons import kept
from engine.model.tab import Edge, RefusedRole
from engine.model.work import Failure


def keep(
    connection: sqlite3.Connection, target_id: int, refused: Mapping[Edge, RefusedRole]
) -> None:
    """These are refused on this opportunity, and no others are."""
    connection.execute("DELETE FROM refused_role WHERE target_id = ?", (target_id,))
    connection.executemany(
        "INSERT INTO refused_role (target_id, prospect_id, role, joined, held, retry_at, created,"
        " reason, reason_code, reason_class, reason_field)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                target_id,
                prospect_id,
                role,
                int(one.joined),
                int(one.held),
                one.retry_at,
                int(one.created),
                one.failure.reason,
                one.failure.reason.code,
                one.failure.reason_class,
                one.failure.field,
            )
            for (prospect_id, role), one in refused.items()
        ],
    )


def on(connection: sqlite3.Connection, target_id: int) -> dict[Edge, RefusedRole]:
    """Those on this opportunity, the latest last."""
    rows = connection.execute(
        "SELECT * FROM refused_role WHERE target_id = ? ORDER BY retry_at, prospect_id, role",
        (target_id,),
    )
    return {
        (row["prospect_id"], row["role"]): RefusedRole(
            Failure(
                row["reason_class"],
                row["reason_field"],
                kept(row["reason_code"], row["reason"]),
            ),
            bool(row["joined"]),
            bool(row["held"]),
            row["retry_at"],
            bool(row["created"]),
        )
        for row in rows
    }


def forget(connection: sqlite3.Connection, record_id: int) -> None:
    """Send them again: somebody says that it is worth a try."""
    connection.execute(
        "DELETE FROM refused_role WHERE target_id ="
        " (SELECT target_id FROM people_tab WHERE record_id = ?)",
        (record_id,),
    )
