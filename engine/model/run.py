"""Runs: stretches of work, as the state numbers them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RunKind(StrEnum):
    """What a run began with; the names stand in states."""

    STARTED = "started"
    MAPPING_CHANGED = "mapping changed"
    NEW_DAY = "new day"
    UNDO = "undo"
    APPROVED = "approved"
    APPLIED = "plan applied"


# What belongs to one of these says so; everything else goes on in the present run.
APART = frozenset({RunKind.UNDO, RunKind.APPROVED, RunKind.APPLIED})


@dataclass(frozen=True, slots=True)
class Run:
    """A run that left something: decisions, and lines with writes, of so many records.

    Args:
        began_at: unix seconds.
        writes: requests that changed something in either system.
    """

    id: int
    kind: str
    began_at: float
    detail: str
    decisions: int = 0
    writes: int = 0
    records: int = 0
