"""A record by its names, for whoever needs no more of it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.records import RecordType


@dataclass(frozen=True, slots=True)
class Named:
    """A record by its names."""

    record_type: RecordType
    id: int
    ref: str
