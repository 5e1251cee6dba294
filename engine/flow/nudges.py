"""Nudges: somebody asks for the next look now, and not at its time. Pure, told the time.

Any number of them is one look, looks that follow each other keep a distance, and who nudges all the
time gets no more than a steady rate: a look costs requests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

# Seconds between the beginnings of two looks.
GAP_S = 1.0
# So many may follow each other so closely; then one more is earned after so many seconds.
SAVED_MAX = 10.0
EARNED_EVERY_S = 5.0


@dataclass(slots=True)
class Nudges:
    """A token bucket, in seconds of any steady clock."""

    _asked: bool = field(default=False, init=False)
    _saved: float = field(default=SAVED_MAX, init=False)
    _at: float = field(default=-math.inf, init=False)
    _looked_at: float = field(default=-math.inf, init=False)

    def ask(self) -> None:
        """Somebody nudges."""
        self._asked = True

    def look_in_s(self, now: float) -> float:
        """Seconds until a look is due because somebody nudged; infinite when nobody did."""
        if not self._asked:
            return math.inf
        self._earn(now)
        missing_s = max(0.0, 1.0 - self._saved) * EARNED_EVERY_S
        return max(0.0, self._looked_at + GAP_S - now, missing_s)

    def looks(self, now: float) -> None:
        """A look begins, for whatever reason: who has nudged before is served by it."""
        self._earn(now)
        if self._asked:
            self._saved = max(0.0, self._saved - 1.0)
        self._asked, self._looked_at = False, now

    def _earn(self, now: float) -> None:
        if self._at > -math.inf:
            self._saved = min(SAVED_MAX, self._saved + max(0.0, now - self._at) / EARNED_EVERY_S)
        self._at = now
