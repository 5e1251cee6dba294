"""What was undone of a record, from a row that has it beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.model.undone import Undone


def undone_of(row: Mapping[str, Any]) -> Undone | None:
    """What was undone of it; None where nothing was."""
    if row["undone_id"] is None:
        return None
    return Undone(
        row["undone_id"],
        row["undone_version"],
        row["undone_mapping"],
        frozenset(json.loads(row["undone_fields"])),
        row["undone_tab"],
        row["undone_run"],
    )
