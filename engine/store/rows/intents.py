"""The create in a row that tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.model.intent import Intent


def of_row(row: Mapping[str, Any]) -> Intent | None:
    """The intent in a row that has all of its columns; None where there is none."""
    if row["correlation"] is None:
        return None
    return Intent(
        row["correlation"],
        row["opened_at"],
        row["doubt_since"],
        row["checks"],
        row["sent"],
        row["look_at"] or 0.0,
        bool(row["open"]),
    )
