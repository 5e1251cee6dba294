"""Pointers: what somebody who asks about a record has in hand, as far as its form tells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.model.records import RecordType


class Side(StrEnum):
    """Which of the two systems."""

    SOURCE = "source"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Pointer:
    """One way to read it: the id of a record of one side, or a reference of the source."""

    side: Side
    record_type: RecordType
    id: int | None = None
    ref: str | None = None
