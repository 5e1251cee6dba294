"""The request budget: pure arithmetic over counted requests, told the time, never reading it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.flow.allowance import HOUR_S, BudgetLimits, Grant
from engine.flow.window import Window
from engine.model.reason import Code

MINUTE_S = 60
DAY_S = 86_400
YEAR_DAYS = 365
# A pace shorter than a week would make a year of Mondays.
PACE_DAYS = 7


@dataclass(slots=True)
class Budget:
    """Requests counted by minute and by day, and the window the system's headers describe."""

    limits: BudgetLimits
    minutes: deque[tuple[int, int]] = field(default_factory=deque[tuple[int, int]])
    days: dict[int, int] = field(default_factory=dict[int, int])
    window: Window = field(default_factory=Window)

    def restore(self, minutes: Mapping[int, int], days: Mapping[int, int], now: float) -> None:
        """Take over the counts of an earlier process; those of a time to come count as of now."""
        self.minutes.extend(sorted(minutes.items()))
        self.days.update(sorted(days.items()))
        self._heed(now)

    def count(self, now: float) -> None:
        """Count one request sent at `now` (unix seconds)."""
        self._heed(now)
        minute = int(now // MINUTE_S)
        if self.minutes and self.minutes[-1][0] == minute:
            self.minutes[-1] = (minute, self.minutes[-1][1] + 1)
        else:
            self.minutes.append((minute, 1))
            # What no limit looks at would grow for as long as the service runs.
            self._forget_minutes(now)
            self._forget_days(now)
        day = int(now // DAY_S)
        self.days[day] = self.days.get(day, 0) + 1
        self.window.count()

    def learn(
        self,
        limit: int | None,
        remaining: int | None,
        reset_at: float | None,
        now: float,
        *,
        under_way: int = 0,
    ) -> None:
        """Take over what a response said about the system's own window; see `Window.learn`."""
        self._heed(now)
        self.window.learn(limit, remaining, reset_at, now, under_way=under_way)

    def used_last_hour(self, now: float) -> int:
        """Requests of the last 60 minutes, the oldest minute counted whole."""
        self._heed(now)
        self._forget_minutes(now)
        return sum(used for _, used in self.minutes)

    def used_last_year(self, now: float) -> int:
        """Requests of the last 365 days."""
        self._heed(now)
        self._forget_days(now)
        return sum(self.days.values())

    def wait_s(self, now: float, *, backlog: bool) -> float:
        """Seconds until one more request is within every limit; 0 when it is now."""
        return max(wait for wait, *_ in self._waits(now, backlog))

    def grant(self, requests: float, now: float, *, backlog: bool) -> Grant:
        """When so many more requests will have been allowed by the hour's limits."""
        self._heed(now)
        grants = (
            self._own_grant(requests, now, backlog),
            self.window.grant(self.limits, requests, now, backlog=backlog),
        )
        return max(grants, key=lambda grant: grant.after_s)

    def _own_grant(self, requests: float, now: float, backlog: bool) -> Grant:
        if not self.limits.per_hour:
            return Grant(0.0, requests)
        allowed = self._own_allowance(backlog=backlog)
        missing = requests - max(0, allowed - self.used_last_hour(now))
        # Each minute of the last hour sets its requests free when it is an hour old.
        freed = 0
        for minute, used in self.minutes:
            if missing <= freed:
                break
            freed += used
            if missing <= freed:
                return Grant(max(1.0, (minute + 61) * MINUTE_S - now), missing - freed + used)
        if missing <= freed:
            return Grant(0.0, requests)
        hours = math.ceil(missing / allowed)
        return Grant(float(hours * HOUR_S), missing - (hours - 1) * allowed)

    def cause(self, now: float, *, backlog: bool) -> str:
        """What of it holds for longest, in words."""
        return max(self._waits(now, backlog))[1]

    def code(self, now: float, *, backlog: bool) -> Code:
        """The same as the kind of a reason."""
        return max(self._waits(now, backlog))[2]

    def hour(self, now: float) -> tuple[float, float]:
        """What an hour allows us, the reserve taken off, and what is left; inf for no limit."""
        windows = [self.window.left(self.limits, now)]
        if self.limits.per_hour:
            allowed = self._own_allowance(backlog=False)
            windows.append((allowed, max(0, allowed - self.used_last_hour(now))))
        return min(windows, key=lambda window: window[1])

    def year(self, now: float) -> tuple[float, float]:
        """What 365 days allow us and what is left of it; inf for no limit."""
        if not self.limits.per_year:
            return math.inf, math.inf
        return self.limits.per_year, max(0, self.limits.per_year - self.used_last_year(now))

    def year_forecast(self, now: float) -> float:
        """Requests of 365 days at the pace of the last seven."""
        today = int(now // DAY_S)
        recent = sum(used for day, used in self.days.items() if today - day < PACE_DAYS)
        return recent / PACE_DAYS * YEAR_DAYS

    def _waits(self, now: float, backlog: bool) -> list[tuple[float, str, Code]]:
        self._heed(now)
        waits = [
            (
                self._own_wait_s(now, backlog),
                "the hour's own allowance, per_hour, is spent",
                Code.BUDGET_HOUR_SPENT,
            ),
            (
                self.window.wait_s(self.limits, now, backlog=backlog),
                self.window.cause(),
                Code.BUDGET_RESERVE_REACHED,
            ),
        ]
        if self.limits.per_year and self.used_last_year(now) >= self.limits.per_year:
            cause = "the year's own allowance, per_year, is spent"
            waits.append((DAY_S - now % DAY_S, cause, Code.BUDGET_YEAR_SPENT))
        return waits

    def _heed(self, now: float) -> None:
        """See whether the clock was ahead, and is not any more.

        What was counted in a time to come was sent before now: it counts as of now, so that none
        of it is forgotten and none holds for longer than if it had just been sent.
        """
        minute, day = int(now // MINUTE_S), int(now // DAY_S)
        if self.minutes and self.minutes[-1][0] > minute:
            ahead = 0
            while self.minutes and self.minutes[-1][0] >= minute:
                ahead += self.minutes.pop()[1]
            self.minutes.append((minute, ahead))
            self.window.clock_was_ahead(now)
        # Days are kept in order, so the last one is the newest.
        if next(reversed(self.days), day) > day:
            late = [each for each in self.days if each > day]
            self.days[day] = self.days.get(day, 0) + sum(map(self.days.pop, late))

    def _forget_minutes(self, now: float) -> None:
        oldest = int(now // MINUTE_S) - 60
        while self.minutes and self.minutes[0][0] < oldest:
            self.minutes.popleft()

    def _forget_days(self, now: float) -> None:
        oldest = int(now // DAY_S) - YEAR_DAYS + 1
        for day in [day for day in self.days if day < oldest]:
            del self.days[day]

    def _own_allowance(self, *, backlog: bool) -> int:
        limit = self.limits.per_hour
        kept = self.limits.share_of(limit) if backlog else 0
        return max(1, self.limits.of(limit) - kept)

    def _own_wait_s(self, now: float, backlog: bool) -> float:
        if not self.limits.per_hour:
            return 0.0
        surplus = self.used_last_hour(now) - self._own_allowance(backlog=backlog) + 1
        if surplus <= 0:
            return 0.0
        for minute, used in self.minutes:
            surplus -= used
            if surplus <= 0:
                return max(1.0, (minute + 61) * MINUTE_S - now)
        return float(MINUTE_S)
