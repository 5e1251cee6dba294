"""The ledger: which kinds of request a system carried out lately, and for which records.

A record is at fault where the very same kind of request succeeds for another one. What else
succeeds proves nothing: in front of a system may stand something that lets only some kinds through.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field

# Two records per kind are enough: one of them is another than any that asks.
KEPT = 2

current_record: ContextVar[int | None] = ContextVar("current_record", default=None)
"""The record that the work in hand is about; the governor reads it when a request succeeds."""


@dataclass(slots=True)
class Ledger:
    """The latest successes of each kind of request, of `KEPT` different records."""

    _latest: dict[str, dict[int | None, float]] = field(
        default_factory=dict[str, dict[int | None, float]], init=False
    )

    def note(self, kind: str, record_id: int | None, at: float) -> None:
        """A request of that kind succeeded for the record at that time, unix seconds."""
        latest = self._latest.setdefault(kind, {})
        # Behind the others, so that the first is always the oldest.
        latest.pop(record_id, None)
        latest[record_id] = at
        if len(latest) > KEPT:
            del latest[next(iter(latest))]

    def others_since(self, kind: str, record_id: int | None, since: float) -> bool:
        """Whether one succeeded for another record after that time."""
        latest = self._latest.get(kind, {})
        return any(one != record_id and at > since for one, at in latest.items())
