"""Paging: whether a page is the last one of its listing."""

from __future__ import annotations

from dataclasses import dataclass, field

# A page of fewer rows was never cut short by anybody's limit: 100 rows can be expected (§4), and
# asking once more after each small page would double the requests of a quiet hour.
SUSPICIOUS_MIN = 10


@dataclass(slots=True)
class Paging:
    """Learns from the pages of one resource how many rows it gives at once.

    Result sizes are limited by the service (§11), so a page shorter than asked for may not be the
    last one. It surely is when longer ones were seen.
    """

    _longest: int = field(default=0, init=False)

    def complete(self, rows: int, asked: int) -> bool:
        """Whether no row lies behind a page of so many rows, out of so many asked for."""
        longer_seen = rows < self._longest
        self._longest = max(self._longest, rows)
        return rows < asked and (longer_seen or rows < SUSPICIOUS_MIN)
