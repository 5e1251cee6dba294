"""Lists of records by what becomes of them, in the engine's terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.decide.reasons import kept_cause
from engine.model.dossier import Listed
from engine.model.records import RecordType


def listed(row: Sequence[Any]) -> Listed:
    """A record of a list, from all of its columns in their order."""
    record_type, record_id, ref, target_id, since, reason, code, reason_class, field = row
    return Listed(
        RecordType(record_type),
        record_id,
        ref,
        target_id,
        since,
        kept_cause(code, reason, reason_class, field),
    )
