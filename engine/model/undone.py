"""What was undone of a record, and under which circumstances."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Undone:
    """Fields, and roles, that were given back what they held before.

    Args:
        version: of the source record, when it was done.
        mapping: fingerprint of the mapping in force then.
        fields: of the target record.
        tab: the People tab whose roles were undone; None where none were.
    """

    target_id: int
    version: int
    mapping: str
    fields: frozenset[str]
    tab: str | None
    run: int
