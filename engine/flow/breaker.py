"""The breaker: tells an outage from single failures, and how long to pause between probes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random

from engine.flow.backoff import delay_s
from engine.model.wait import BackoffLimits

# So many failures in a row, without one success, are an outage and not a record's own trouble.
OUTAGE_FAILURES = 3
# No pause between two probes is longer: what waits for the end of an outage is made up for within a
# minute of it.
PAUSE_MAX_S = 30.0
# An outage that nobody has met for so long is over: who would have is not there any more.
FORGOTTEN_S = 120.0


@dataclass(slots=True)
class Breaker:
    """Counts the failures in a row of one kind of request, on any steady clock in seconds.

    Args:
        failures_max: what the bound of failures may grow to. It doubles with each outage that turns
            out to be none, where requests are carried out all the same, each with some failure.
    """

    rng: Random
    failures_max: int = OUTAGE_FAILURES
    failures: int = field(default=0, init=False)
    reason: str | None = field(default=None, init=False)
    _bound: int = field(default=OUTAGE_FAILURES, init=False)
    _rounds: int = field(default=0, init=False)
    _failed_at: float = field(default=-math.inf, init=False)
    _down_since: float = field(default=-math.inf, init=False)
    _probe_at: float = field(default=-math.inf, init=False)

    def failed(self, reason: str, now: float, backoff: BackoffLimits) -> None:
        """No usable answer came; enough of these in a row begin an outage, and its pauses."""
        self._forget(now)
        self._failed_at = now
        self.failures += 1
        if self.failures == self._bound:
            self._down_since = now
        # Requests that were under way together fail together: that is one round of the outage.
        if self.failures >= self._bound and not self.paused_s(now):
            self._rounds += 1
            # Never less than half the bound: a pause of nothing would hammer a system in trouble.
            cap_s = min(backoff.cap_s, PAUSE_MAX_S)
            bound = min(cap_s, backoff.base_s * 2.0 ** min(self._rounds - 1, 60))
            drawn = delay_s(self._rounds, self.rng, BackoffLimits(backoff.base_s, cap_s))
            self._probe_at = now + max(bound / 2, drawn)
            self.reason = reason

    def succeeded(self, now: float) -> bool:
        """A request was carried out; whether that ends a series of failures, and its pause."""
        if not self.failures:
            return False
        if self.down(now):
            self._bound = min(self.failures_max, 2 * self._bound)
        self._end()
        return True

    def down(self, now: float) -> bool:
        """Whether this is an outage."""
        return self.failures >= self._bound and now - self._failed_at < FORGOTTEN_S

    def down_s(self, now: float) -> float:
        """Seconds the present outage has lasted; 0 without one."""
        return now - self._down_since if self.down(now) else 0.0

    def paused_s(self, now: float) -> float:
        """Seconds until the next probe; 0 when there may be one."""
        return max(0.0, self._probe_at - now)

    def _forget(self, now: float) -> None:
        if now - self._failed_at >= FORGOTTEN_S:
            self._end()
            self._bound = OUTAGE_FAILURES

    def _end(self) -> None:
        self.failures = self._rounds = 0
        self._probe_at = -math.inf
        self.reason = None
