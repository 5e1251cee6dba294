"""Roles that the target does not take, by the opportunity they would be on."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.tab import Edge, RefusedRole
from engine.store.postgres.session import Changed, Session
from engine.store.rows import refused_roles as rows


def keep(connection: Session, target_id: int, refused: Mapping[Edge, RefusedRole]) -> None:
    """These are refused on this opportunity, and no others are."""
    connection.execute("DELETE FROM refused_role WHERE target_id = %s", (target_id,))
    connection.executemany(
        "INSERT INTO refused_role (target_id, prospect_id, role, joined, held, retry_at, created,"
        " reason, reason_code, reason_class, reason_field)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        rows.columns(target_id, refused),
    )


def on(connection: Session, target_id: int) -> dict[Edge, RefusedRole]:
    """Those on this opportunity, the latest last."""
    return rows.by_edge(
        connection.named(
            "SELECT * FROM refused_role WHERE target_id = %s ORDER BY retry_at, prospect_id, role",
            (target_id,),
        )
    )


def asked(connection: Session, record_id: int) -> Changed:
    """Ask for those on the opportunity of this tab, the latest last, without waiting for them."""
    return connection.named(
        "SELECT f.* FROM refused_role f JOIN people_tab t ON t.target_id = f.target_id"
        " WHERE t.record_id = %s ORDER BY f.retry_at, f.prospect_id, f.role",
        (record_id,),
    )


def forget(connection: Session, record_id: int) -> None:
    """Send them again: somebody says that it is worth a try."""
    connection.execute(
        "DELETE FROM refused_role WHERE target_id ="
        " (SELECT target_id FROM people_tab WHERE record_id = %s)",
        (record_id,),
    )
