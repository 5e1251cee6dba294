"""Outcomes: how an attempt at a record ended, as counted."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What became of one record."""

    CREATED = "created"
    UPDATED = "updated"
    NOOP = "noop"
    ADOPTED = "adopted"
    HELD = "held"
    HELD_BY_FUSE = "held_by_fuse"
    DEFERRED = "deferred"
    IN_DOUBT = "in_doubt"
    REFUSED = "refused"
    LEFT = "left"
    # Nothing was decided: what is known of the record has changed, or was too old to decide on.
    AGAIN = "again"


WAITS = frozenset(
    {Outcome.AGAIN, Outcome.ADOPTED, Outcome.HELD, Outcome.DEFERRED, Outcome.IN_DOUBT}
)
"""The record is still to be reconciled, now or later."""
