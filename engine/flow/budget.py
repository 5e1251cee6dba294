"""The request budget: pure arithmetic over counted requests, told the time, never reading it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.reason import Code

HOUR_S = 3600
MINUTE_S = 60
DAY_S = 86_400
YEAR_DAYS = 365
# No window is believed to be longer than an hour; clocks may differ by this much beside.
SKEW_S = 300
# After a claim that cannot be true the system is asked again so soon.
UNSURE_S = 300
# Answers about one window name its end alike, but for the rounding of clocks.
SAME_END_S = 3.0
# Of a window that was met in the middle a part is over: as likely much of it as little.
UNSEEN_PART = 1.5
# A pace shorter than a week would make a year of Mondays.
PACE_DAYS = 7


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """What may be spent, in requests.

    Args:
        per_hour: our own ceiling for any 60 minutes; 0 leaves it to the system's headers.
        reserve: requests per hour left for others who share the allowance.
        per_year: ceiling for any 365 days; 0 for none.
        fresh_share: part (0..1) of the hourly allowance that a backlog may not use.
    """

    per_hour: int = 0
    reserve: int = 0
    per_year: int = 0
    fresh_share: float = 0.1


@dataclass(frozen=True, slots=True)
class Grant:
    """When a number of requests will have been allowed, the last `requests` of them only then."""

    after_s: float
    requests: float


@dataclass(slots=True)
class Budget:
    """Requests counted by minute and by day, and the window the system's headers describe."""

    limits: BudgetLimits
    minutes: deque[tuple[int, int]] = field(default_factory=deque[tuple[int, int]])
    days: dict[int, int] = field(default_factory=dict[int, int])
    header_limit: int | None = None
    header_remaining: int | None = None
    header_reset_at: float | None = None
    header_doubted: bool = False
    """The system names an end of its window that cannot be true."""
    header_asked_anew: bool = False
    """Somebody may have changed the system's limit: the next answer says how its window stands."""
    header_window_s: float = 0.0
    """How far ahead the end of such a window was ever seen."""
    header_window_whole: bool = False
    """A window was seen to follow another: the end was as far ahead as it ever is."""

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
        if self.header_remaining is not None:
            self.header_remaining -= 1

    def learn(
        self, limit: int | None, remaining: int | None, reset_at: float | None, now: float
    ) -> None:
        """Take over what a response said about the system's own window.

        Answers overtake each other, so within one window of one limit the lowest `remaining` is
        believed. An end
        of the window that lies further ahead than any does is not: it may be of another unit or
        another clock, and the system is asked again soon.
        """
        self._heed(now)
        same_end = (
            self.header_reset_at is not None
            and reset_at is not None
            and abs(reset_at - self.header_reset_at) < SAME_END_S
            and now < self.header_reset_at
        )
        same_window = same_end and limit in (None, self.header_limit)
        if limit is not None:
            # A limit that is changed within a window says nothing of how long windows are.
            if limit != self.header_limit and not same_end:
                self.header_window_s, self.header_window_whole = 0.0, False
            elif not same_end and self.header_window_s:
                self.header_window_whole = True
            self.header_limit = limit
        if remaining is not None:
            self.header_asked_anew = False
            known = self.header_remaining
            self.header_remaining = (
                min(known, remaining) if same_window and known is not None else remaining
            )
        if reset_at is not None:
            self.header_doubted = self._far(reset_at, now)
            self.header_reset_at = now + UNSURE_S if self.header_doubted else reset_at
            self.header_window_s = max(self.header_window_s, self.header_reset_at - now)

    def ask_anew(self) -> None:
        """Believe nothing of the system's window before the next answer."""
        self.header_asked_anew = self.header_limit is not None
        self.header_remaining = None

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
            self._header_grant(requests, now, backlog),
        )
        return max(grants, key=lambda grant: grant.after_s)

    def _own_grant(self, requests: float, now: float, backlog: bool) -> Grant:
        if not self.limits.per_hour:
            return Grant(0.0, requests)
        allowed = self._allowance(self.limits.per_hour, backlog)
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

    def _header_grant(self, requests: float, now: float, backlog: bool) -> Grant:
        if self.header_limit is None:
            return Grant(0.0, requests)
        allowed = self._allowance(self.header_limit, backlog)
        window_s = self._window_s()
        left, ends_in_s = allowed, window_s
        if self.header_remaining is not None and now < (self.header_reset_at or now):
            left = max(0, self.header_remaining - (self.header_limit - allowed))
            ends_in_s = self.header_reset_at - now if self.header_reset_at else window_s
        if requests <= left:
            return Grant(0.0, requests)
        windows = math.ceil((requests - left) / allowed)
        rest = requests - left - (windows - 1) * allowed
        return Grant(ends_in_s + (windows - 1) * window_s, rest)

    def _window_s(self) -> float:
        """How long the system's windows are, as far as anybody saw; none is longer than an hour."""
        if not self.header_window_s:
            return float(HOUR_S)
        unseen = 1.0 if self.header_window_whole else UNSEEN_PART
        return max(self.header_window_s, min(float(HOUR_S), self.header_window_s * unseen))

    def cause(self, now: float, *, backlog: bool) -> str:
        """What of it holds for longest, in words."""
        return max(self._waits(now, backlog))[1]

    def code(self, now: float, *, backlog: bool) -> Code:
        """The same as the kind of a reason."""
        return max(self._waits(now, backlog))[2]

    def hour(self, now: float) -> tuple[float, float]:
        """What an hour allows us, the reserve taken off, and what is left; inf for no limit."""
        windows = [(math.inf, math.inf)]
        if self.limits.per_hour:
            allowed = self._allowance(self.limits.per_hour, backlog=False)
            windows.append((allowed, max(0, allowed - self.used_last_hour(now))))
        if self.header_limit is not None:
            allowed = self._allowance(self.header_limit, backlog=False)
            left = self.header_remaining
            if left is None or self.header_reset_at is None or now >= self.header_reset_at:
                windows.append((allowed, allowed))
            else:
                windows.append((allowed, max(0, left - (self.header_limit - allowed))))
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
                self._header_wait_s(now, backlog),
                self._header_cause(),
                Code.BUDGET_RESERVE_REACHED,
            ),
        ]
        if self.limits.per_year and self.used_last_year(now) >= self.limits.per_year:
            cause = "the year's own allowance, per_year, is spent"
            waits.append((DAY_S - now % DAY_S, cause, Code.BUDGET_YEAR_SPENT))
        return waits

    def _header_cause(self) -> str:
        left = f"the system leaves {self.header_remaining} of {self.header_limit} requests"
        if self.header_doubted:
            return f"{left}, and the end it names for its window cannot be true: it is asked again"
        return f"{left} until its window ends"

    @staticmethod
    def _far(reset_at: float, now: float) -> bool:
        return reset_at > now + HOUR_S + SKEW_S

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
            if self.header_reset_at is not None and self._far(self.header_reset_at, now):
                self.header_reset_at = now + UNSURE_S
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

    def _allowance(self, limit: int, backlog: bool) -> int:
        # A reserve larger than half the limit would stop the service for ever; half is kept.
        allowed = limit - min(self.limits.reserve, limit // 2)
        if backlog:
            allowed -= int(allowed * self.limits.fresh_share)
        return max(1, allowed)

    def _own_wait_s(self, now: float, backlog: bool) -> float:
        if not self.limits.per_hour:
            return 0.0
        surplus = self.used_last_hour(now) - self._allowance(self.limits.per_hour, backlog) + 1
        if surplus <= 0:
            return 0.0
        for minute, used in self.minutes:
            surplus -= used
            if surplus <= 0:
                return max(1.0, (minute + 61) * MINUTE_S - now)
        return float(MINUTE_S)

    def _header_wait_s(self, now: float, backlog: bool) -> float:
        if self.header_remaining is None or self.header_reset_at is None:
            return 0.0
        if now >= self.header_reset_at:
            # The window is over; the next answer says how the new one stands.
            return 0.0
        # Without the limit nobody knows what share of it remains: all of that is to be used.
        limit = self.header_limit or 0
        kept = limit - self._allowance(limit, backlog) if limit else 0
        if self.header_remaining > kept:
            return 0.0
        # One hour is the longest the reference lets any single wait be believed.
        return min(max(1.0, self.header_reset_at - now), float(HOUR_S))
