"""The retry budget: in trouble, retries may be so large a part of the traffic and no larger.

Trouble is a share of failures among the latest answers, forgotten with every answer and with time,
so that what a short failure left behind is made up for at once. Without trouble a retry is as good
as any request.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# Each first attempt earns so much of a retry: a tenth of the traffic at most.
SHARE = 0.1
# Failures among the latest answers from which on there is trouble, how fast answers make them
# forgotten, and the seconds after which half of them are forgotten without any.
TROUBLE = 0.25
FORGETTING = 0.1
HALF_LIFE_S = 5.0
# Retries that may be saved up.
SAVED_MAX = 10.0
# One more is earned after so many seconds without traffic, so that trying never ends.
EARNED_EVERY_S = 10.0
# Who is not let through asks again after so many seconds, one at a time.
TURN_MIN_S = 2.0
TURN_MAX_S = 20.0
TURN_EVERY_S = 0.05


@dataclass(slots=True)
class RetryBudget:
    """A token bucket filled by first attempts, told the time in seconds of any steady clock."""

    _saved: float = field(default=SAVED_MAX, init=False)
    _at: float | None = field(default=None, init=False)
    _failing: float = field(default=0.0, init=False)
    _turn_at: float = field(default=0.0, init=False)

    def answered(self, now: float, *, well: bool) -> None:
        """How a request ended."""
        self._pass(now)
        self._failing += FORGETTING * ((0.0 if well else 1.0) - self._failing)

    def first_attempt(self) -> None:
        """A request was sent that repeats nothing."""
        self._saved = min(SAVED_MAX, self._saved + SHARE)

    def take(self, now: float) -> bool:
        """Spend one retry, if there is one."""
        self._pass(now)
        if self._failing < TROUBLE:
            return True
        if self._saved < 1.0:
            return False
        self._saved -= 1.0
        return True

    def next_turn_s(self, now: float) -> float:
        """Seconds after which a retry that was not let through may ask again.

        Turns are spread out: those who wait must not all ask at once, nor all the time.
        """
        latest = now + TURN_MAX_S
        # Past the end of the row the next one begins.
        after = self._turn_at if self._turn_at < latest else now
        self._turn_at = max(now + TURN_MIN_S, after + TURN_EVERY_S)
        return self._turn_at - now

    def _pass(self, now: float) -> None:
        """Earn, and forget, by time."""
        if self._at is not None:
            passed_s = max(0.0, now - self._at)
            self._saved = min(SAVED_MAX, self._saved + passed_s / EARNED_EVERY_S)
            self._failing *= 0.5 ** (passed_s / HALF_LIFE_S)
        self._at = now
