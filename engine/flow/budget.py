"""The request budget: pure arithmetic over counted requests, told the time, never reading it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.flow.allowance import HOUR_S, BudgetLimits, Grant
from engine.flow.common import Common, UnderWay
from engine.flow.minutes import MINUTE_S, Minutes
from engine.flow.window import Window
from engine.model.reason import Code
from engine.model.sample import DAY_S, YEAR_DAYS

# A pace shorter than a week would make a year of Mondays.
PACE_DAYS = 7


@dataclass(slots=True)
class Budget:
    """Requests counted by minute and by day, and the window the system's headers describe.

    Minutes and days are always of this pair alone. Where it has joined others that act as the same
    user, the window is that of all, and what they have drawn in the last hour counts as well.
    """

    limits: BudgetLimits
    minutes: Minutes = field(default_factory=Minutes)
    days: dict[int, int] = field(default_factory=dict[int, int])
    window: Window = field(default_factory=Window)
    common: Common | None = field(default=None, init=False)
    _under_way: UnderWay | None = field(default=None, init=False)
    _counted: Mapping[int, int] = field(default_factory=dict[int, int], init=False)
    """By minute, what is counted elsewhere or of another user: it is not brought along."""

    def restore(self, minutes: Mapping[int, int], days: Mapping[int, int], now: float) -> None:
        """Take over the counts of an earlier process; those of a time to come count as of now."""
        self.minutes.add(minutes)
        self.days.update(sorted(days.items()))
        self._heed(now)
        # The earlier process has told others of it, if there were any.
        self._counted = dict(self.minutes)

    def join(self, common: Common, under_way: UnderWay, now: float) -> None:
        """Draw, from now on, from what others of the same user draw from as well.

        Args:
            under_way: how many requests of this pair have no answer yet.
        """
        self._heed(now)
        own, self.window = self.window, common.window
        self.common, self._under_way = common, under_way
        counted = self._counted
        drawn = {at: used - counted.get(at, 0) for at, used in self.minutes}
        common.join(under_way, {at: used for at, used in drawn.items() if used > 0})
        self.window.overhear(
            own.limit,
            own.remaining,
            own.reset_at,
            own.told_at,
            now,
            under_way=common.under_way(),
        )

    def part(self) -> None:
        """Draw from it no more; of whoever is drawn for next no window is known yet."""
        if self.common is not None and self._under_way is not None:
            self.common.part(self._under_way)
        self.common, self.window = None, Window()
        self._counted = dict(self.minutes)

    def count(self, now: float) -> None:
        """Count one request sent at `now` (unix seconds)."""
        self._heed(now)
        if self.minutes.count(now):
            # What no limit looks at would grow for as long as the service runs.
            self._forget_days(now)
        day = int(now // DAY_S)
        self.days[day] = self.days.get(day, 0) + 1
        if self.common is None:
            self.window.count()
        else:
            self.common.count(now)

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
        under_way = self.under_way(under_way)
        self.window.learn(limit, remaining, reset_at, now, under_way=under_way)

    def under_way(self, own: int) -> int:
        """Requests of all that have no answer yet.

        Args:
            own: those of this pair.
        """
        return own if self.common is None else self.common.under_way()

    def used_last_hour(self, now: float) -> int:
        """Requests of the last 60 minutes, of all, the oldest minute counted whole."""
        return sum(used for _, used in self._drawn(now))

    def used_last_year(self, now: float) -> int:
        """Requests of the last 365 days."""
        self._heed(now)
        self._forget_days(now)
        return sum(self.days.values())

    def wait_s(self, now: float, *, backlog: bool) -> float:
        """Seconds until one more request is within every limit; 0 when it is now."""
        return max(wait for wait, *_ in self._waits(now, backlog))

    def grant(self, requests: float, now: float, *, backlog: bool) -> Grant:
        """When so many more requests will have been allowed by the hour's limits.

        Others of the same user will go on to draw as they have beside us in the last hour. What the
        window is taken to lose to others is of those of other processes alone.
        """
        self._heed(now)
        whole, of_window = self._part(everywhere=True), self._part(everywhere=False)
        own = self._own_grant(requests / whole, now, backlog)
        window = self.window.grant(self.limits, requests / of_window, now, backlog=backlog)
        grants = (
            Grant(own.after_s, own.requests * whole),
            Grant(window.after_s, window.requests * of_window),
        )
        return max(grants, key=lambda grant: grant.after_s)

    def _part(self, *, everywhere: bool) -> float:
        """Which part of what all of the same user draw is ours."""
        if self.common is None:
            return 1.0
        return self.common.part_of(sum(used for _, used in self.minutes), everywhere=everywhere)

    def _own_grant(self, requests: float, now: float, backlog: bool) -> Grant:
        if not self.limits.per_hour:
            return Grant(0.0, requests)
        allowed = self._own_allowance(backlog=backlog)
        missing = requests - max(0, allowed - self.used_last_hour(now))
        # Each minute of the last hour sets its requests free when it is an hour old.
        freed = 0
        for minute, used in self._drawn(now):
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
        if self.minutes.heed(now):
            self.window.clock_was_ahead(now)
        day = int(now // DAY_S)
        # Days are kept in order, so the last one is the newest.
        if next(reversed(self.days), day) > day:
            late = [each for each in self.days if each > day]
            self.days[day] = self.days.get(day, 0) + sum(map(self.days.pop, late))

    def _drawn(self, now: float) -> Iterable[tuple[int, int]]:
        """By minute of the last hour, in order, what all have drawn."""
        self._heed(now)
        self.minutes.forget(now)
        return self.minutes if self.common is None else self.common.drawn(self.minutes, now)

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
        for minute, used in self._drawn(now):
            surplus -= used
            if surplus <= 0:
                return max(1.0, (minute + 61) * MINUTE_S - now)
        return float(MINUTE_S)
