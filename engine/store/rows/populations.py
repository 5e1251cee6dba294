"""People tabs with a line that the target refuses, from the rows that have them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.model.report import RefusedTab


def refused_tab(row: Any, roles: Iterable[tuple[int, str]]) -> RefusedTab:
    """The tab of a row, whose columns are asked for by name."""
    return RefusedTab(
        row["id"],
        row["ref"],
        row["payload"],
        row["reason"],
        row["reason_class"],
        row["reason_code"],
        row["since"],
        row["due_at"],
        tuple(roles),
    )
