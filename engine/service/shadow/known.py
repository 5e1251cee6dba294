"""What the state knows just now, as a rehearsal asks for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from engine.service.planning.baseline import Baseline


@dataclass(frozen=True, slots=True)
class Known(Baseline):
    """Reads the state of the service itself, while it works."""

    def synced(self, target_id: int) -> dict[str, Any] | None:
        """What it was last known to hold; None of one that is not ours, or not known."""
        row = self.copy.execute(
            "SELECT synced FROM record WHERE target_id = ?", (target_id,)
        ).fetchone()
        return None if row is None or row[0] is None else json.loads(row[0])

    def person_of(self, prospect_id: int) -> int | None:
        """Whose prospect it is."""
        row = self.copy.execute(
            "SELECT id FROM person WHERE prospect_id = ? ORDER BY id", (prospect_id,)
        ).fetchone()
        return None if row is None else row[0]
