"""A claim on a target record, as known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """A record that has to do with a target record.

    Args:
        since: since when it is the owner, unix seconds; None when it merely carries the id.
        owed: the id is still to be written to the source.
    """

    record_id: int
    ref: str
    since: float | None
    owed: bool
