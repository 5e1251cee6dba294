"""A slice of the audit, by the ids of its records."""

from __future__ import annotations

from engine.model.identity import ID_MAX


def end(upto: int | None) -> int:
    """The last id that a slice may hold; that of the last slice is any."""
    return ID_MAX if upto is None else upto
