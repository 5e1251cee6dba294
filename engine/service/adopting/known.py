"""What our own state knows of a pair that another program has run: little, or something already."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OURS, IN_DOUBT = "ours", "in doubt"
# What the fuse holds is not ours yet, though it is known which target record it is about.
_STATES = (
    "SELECT r.id, CASE WHEN i.record_id IS NOT NULL THEN 'in doubt'"
    " WHEN s.record_id IS NOT NULL THEN 'ours'"
    " WHEN r.target_id IS NOT NULL AND r.mass = 0 AND r.state <> 'ineligible' THEN 'ours' END"
    " FROM record r LEFT JOIN intent i ON i.record_id = r.id"
    " LEFT JOIN skip s ON s.record_type = 'opportunity' AND s.record_id = r.id"
    " WHERE r.id IN (SELECT value FROM json_each(?))"
)


@dataclass(frozen=True, slots=True)
class Known:
    """Reads a copy of the state."""

    copy: sqlite3.Connection

    def states(self, ids: Sequence[int]) -> Mapping[int, str]:
        """What settles it of these records, where anything does."""
        rows = self.copy.execute(_STATES, (json.dumps(list(ids)),))
        return {row[0]: row[1] for row in rows if row[1] is not None}

    def claims(self) -> Iterator[tuple[Any, ...]]:
        """Target id, record id, since."""
        rows = self.copy.execute("SELECT target_id, record_id, since FROM claim")
        return (tuple(row) for row in rows)
