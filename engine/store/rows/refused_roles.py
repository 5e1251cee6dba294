"""Roles that the target does not take, from rows and to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.decide.reasons import kept
from engine.model.tab import Edge, RefusedRole
from engine.model.work import Failure


def by_edge(rows: Iterable[Mapping[str, Any]]) -> dict[Edge, RefusedRole]:
    """What is refused, in the order of the rows."""
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


def columns(
    target_id: int, refused: Mapping[Edge, RefusedRole]
) -> list[tuple[int | float | str | None, ...]]:
    """The opportunity, the edge, what it was to be, when it is tried again, and why it is refused:
    text, code, class and field.
    """
    return [
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
    ]
