"""Writes: what was changed in either system, with what it took the place of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.model.edit import Edit

# The one field of a role, as an edit names it.
ROLE = "role"


class WriteKind(StrEnum):
    """What was done; the names stand in states, and are never used for anything else."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    ROLE_ADDED = "role_added"
    ROLE_CHANGED = "role_changed"
    ROLE_REMOVED = "role_removed"
    PROSPECT_CREATED = "prospect_created"
    # The only one that is done in the source.
    WRITTEN_BACK = "written_back"


@dataclass(frozen=True, slots=True)
class Write:
    """One request that was carried out.

    Args:
        target_id: of the opportunity or prospect in the target; of a write-back, the record's own.
        edits: fields with what they held before, as far as that was known, and hold since.
        role_id, prospect_id: of a role.
        found: its answer was lost, and a later look has shown that it was carried out.
    """

    kind: WriteKind
    target_id: int
    edits: tuple[Edit, ...] = ()
    role_id: int | None = None
    prospect_id: int | None = None
    found: bool = False

    def document(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return {
            "kind": self.kind.value,
            "target_id": self.target_id,
            "role_id": self.role_id,
            "prospect_id": self.prospect_id,
            "found": self.found,
            "edits": [
                {"field": one.field, "before": one.before, "after": one.after} for one in self.edits
            ],
        }
