"""Paging: how many rows to ask for, and whether a page is the last one of its listing."""

from __future__ import annotations

from dataclasses import dataclass, field

# A page of fewer rows was never cut short by anybody's limit: 100 rows can be expected (§4), and
# asking once more after each small page would double the requests of a quiet hour.
SUSPICIOUS_MIN = 10


@dataclass(slots=True)
class Paging:
    """Learns from the pages of one resource how many rows it gives at once, and how many we take.

    Result sizes are limited by the service (§11), so a page shorter than asked for may not be the
    last one. It surely is when longer ones were seen. A page of rows too large to be read whole is
    asked for again at half the size, and so are those behind it, up to the end of the listing.
    """

    _longest: int = field(default=0, init=False)
    _rows_max: int | None = field(default=None, init=False)

    def size(self, wanted: int) -> int:
        """Rows to ask for where up to so many are wanted."""
        return wanted if self._rows_max is None else min(wanted, self._rows_max)

    def too_large(self, asked: int) -> int:
        """Note that a page of so many rows could not be read; how many to ask for instead."""
        self._rows_max = max(1, asked // 2)
        return self._rows_max

    def complete(self, rows: int, asked: int) -> bool:
        """Whether no row lies behind a page of so many rows, out of so many asked for."""
        longer_seen = rows < self._longest
        self._longest = max(self._longest, rows)
        if last := rows < asked and (longer_seen or rows < SUSPICIOUS_MIN):
            self._rows_max = None
        return last
