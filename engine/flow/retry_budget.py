"""The retry budget: in trouble, retries may be so large a part of the traffic and no larger.

Trouble is a share of failures among the latest answers. Without it a retry is as good as any
request, so that what a short failure left behind is made up for at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# Each first attempt earns so much of a retry: a tenth of the traffic at most.
SHARE = 0.1
# Failures among the latest answers from which on there is trouble, and how fast they are forgotten.
TROUBLE = 0.25
FORGETTING = 0.1
# Retries that may be saved up.
SAVED_MAX = 10.0
# One more is earned after so many seconds without traffic, so that trying never ends.
EARNED_EVERY_S = 10.0


@dataclass(slots=True)
class RetryBudget:
    """A token bucket filled by first attempts, told the time in seconds of any steady clock."""

    _saved: float = field(default=SAVED_MAX, init=False)
    _at: float | None = field(default=None, init=False)
    _failing: float = field(default=0.0, init=False)

    def answered(self, *, well: bool) -> None:
        """How a request ended."""
        self._failing += FORGETTING * ((0.0 if well else 1.0) - self._failing)

    def first_attempt(self) -> None:
        """A request was sent that repeats nothing."""
        self._saved = min(SAVED_MAX, self._saved + SHARE)

    def take(self, now: float) -> bool:
        """Spend one retry, if there is one."""
        self._earn(now)
        if self._failing < TROUBLE:
            return True
        if self._saved < 1.0:
            return False
        self._saved -= 1.0
        return True

    def wait_s(self, now: float) -> float:
        """Seconds until time alone has earned the next retry."""
        self._earn(now)
        return max(0.0, (1.0 - self._saved) * EARNED_EVERY_S)

    def _earn(self, now: float) -> None:
        if self._at is not None:
            self._saved = min(SAVED_MAX, self._saved + max(0.0, now - self._at) / EARNED_EVERY_S)
        self._at = now
