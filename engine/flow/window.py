"""The window of requests that a system's own headers describe: arithmetic, told the time.

Everybody who asks the system draws from it. A backlog leaves in it what others will draw until its
end, at the pace that was seen, and what is kept for fresh edits; of that less and less as the
window passes, so that at its end nothing is left over but the reserve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from engine.flow.allowance import HOUR_S, BudgetLimits, Grant
from engine.flow.others import UNSEEN_MAX_S, Others

# No window is believed to be longer than an hour; clocks may differ by this much beside.
SKEW_S = 300
# After a claim that cannot be true the system is asked again so soon.
UNSURE_S = 300
# Answers about one window name its end alike, but for the rounding of clocks.
SAME_END_S = 3.0
# A window that was met in the middle is longer than what is left of it, and whoever sets a limit
# sets it for a time that is easily said.
USUAL_S = (60.0, 300.0, 600.0, 900.0, 1800.0, float(HOUR_S))
# What was under way when a window was met is counted by the system within so many seconds.
UNCOUNTED_MAX_S = 10.0
# However fast others draw, a backlog leaves them no more than this part of what is ours.
OTHERS_MAX = 0.75
# This part of what others leave us is kept for fresh edits until the end: others draw unevenly.
KEPT_MIN = 0.01


@dataclass(slots=True)
class Window:
    """What the answers said of it, less what was sent since."""

    limit: int | None = None
    remaining: int | None = None
    reset_at: float | None = None
    doubted: bool = False
    """The system names an end of its window that cannot be true."""
    asked_anew: bool = False
    """Somebody may have changed the system's limit: the next answer says how its window stands."""
    others: Others = field(default_factory=Others)
    told_at: float = -math.inf
    """When an answer last said how much is left, unix seconds."""
    _uncounted: int = 0
    """Requests of ours that are not taken off `remaining`, and may be taken off by the system."""
    _met_at: float = 0.0
    _length_s: float = 0.0
    """How far ahead the end of such a window was ever seen."""
    _whole: bool = False
    """A window was seen to follow another: the end was as far ahead as it ever is."""

    def count(self) -> None:
        """One request was sent."""
        if self.remaining is not None:
            self.remaining -= 1

    def learn(
        self,
        limit: int | None,
        remaining: int | None,
        reset_at: float | None,
        now: float,
        *,
        under_way: int = 0,
    ) -> None:
        """Take over what a response said.

        Answers overtake each other, so within one window of one limit the lowest `remaining` is
        believed. An end of the window that lies further ahead than any does is not: it may be of
        another unit or another clock, and the system is asked again soon.

        Args:
            under_way: requests of ours that have no answer yet.
        """
        same_end = (
            self.reset_at is not None
            and reset_at is not None
            and abs(reset_at - self.reset_at) < SAME_END_S
            and now < self.reset_at
        )
        same_window = same_end and limit in (None, self.limit)
        if limit is not None:
            # A limit that is changed within a window says nothing of how long windows are.
            if limit != self.limit and not same_end:
                self._length_s, self._whole = 0.0, False
            elif not same_end and self._length_s:
                self._whole = True
            self.limit = limit
        if not same_window or remaining == 0:
            # Since when nothing is left nobody knows.
            self.others.look_away()
        if remaining is not None:
            self.asked_anew, self.told_at = False, now
            known = self.remaining if same_window else None
            self.others.note(self._drawn_since(known, remaining, under_way, now), now)
            self.remaining = remaining if known is None else min(known, remaining)
        if reset_at is not None:
            self.doubted = _far(reset_at, now)
            self.reset_at = now + UNSURE_S if self.doubted else reset_at
            self._length_s = max(self._length_s, self.reset_at - now)

    def overhear(
        self,
        limit: int | None,
        remaining: int | None,
        reset_at: float | None,
        told_at: float,
        now: float,
        *,
        under_way: int = 0,
    ) -> None:
        """Take over what another process of ours was told, where that is news here.

        Args:
            told_at: when that was.
            under_way: as with `learn`.
        """
        if limit is None or remaining is None or reset_at is None or self.asked_anew:
            return
        if told_at <= self.told_at or now >= reset_at or _far(reset_at, now):
            return
        ours = self.reset_at
        if ours is not None and now < ours and reset_at < ours - SAME_END_S:
            # It speaks of a window that is over.
            return
        self.learn(limit, remaining, reset_at, now, under_way=under_way)
        self.told_at = told_at

    def _drawn_since(self, known: int | None, remaining: int, under_way: int, now: float) -> int:
        """The requests of others that this answer tells of."""
        if known is None:
            # What was sent before a window was met is not taken off, and may come to be counted.
            self._uncounted, self._met_at = under_way, now
            return 0
        drawn = max(0, known - remaining)
        if now - self._met_at > UNCOUNTED_MAX_S:
            self._uncounted = 0
        ours = min(drawn, self._uncounted)
        self._uncounted -= ours
        return drawn - ours

    def ask_anew(self) -> None:
        """Believe nothing of it before the next answer."""
        self.asked_anew = self.limit is not None
        self.remaining = None

    def clock_was_ahead(self, now: float) -> None:
        """Its end may have been put too far off."""
        if self.reset_at is not None and _far(self.reset_at, now):
            self.reset_at = now + UNSURE_S

    def wait_s(self, limits: BudgetLimits, now: float, *, backlog: bool) -> float:
        """Seconds until it allows one more request; 0 when it does now."""
        if self.remaining is None or self.reset_at is None:
            return 0.0
        if now >= self.reset_at:
            # The window is over; the next answer says how the new one stands.
            return 0.0
        left_s = self.reset_at - now
        missing = self._reserve(limits) + 1 - self.remaining
        if backlog and missing <= 0:
            left_s, missing = self._let_go(limits, left_s, now)
        if missing <= 0:
            return 0.0
        # One hour is the longest the reference lets any single wait be believed.
        return min(max(1.0, left_s), float(HOUR_S))

    def left(self, limits: BudgetLimits, now: float) -> tuple[float, float]:
        """What a window allows us, and what of it is left; inf for no limit."""
        if self.limit is None:
            return math.inf, math.inf
        allowed = limits.of(self.limit)
        if self.remaining is None or self.reset_at is None or now >= self.reset_at:
            return allowed, allowed
        return allowed, max(0, self.remaining - (self.limit - allowed))

    def cause(self) -> str:
        """Why it allows no more, in words."""
        # What is under way is taken off before it is answered.
        left = f"the system leaves {max(0, self.remaining or 0)} of {self.limit} requests"
        if self.doubted:
            return f"{left}, and the end it names for its window cannot be true: it is asked again"
        return f"{left} until its window ends"

    def grant(self, limits: BudgetLimits, requests: float, now: float, *, backlog: bool) -> Grant:
        """When it, and those after it, will have allowed so many more requests."""
        if self.limit is None:
            return Grant(0.0, requests)
        length_s = self._expected_s()
        whole = max(1.0, limits.of(self.limit) - self._drawn(limits, length_s))
        lasting, trickle = self._kept_for_fresh(limits) if backlog else (0.0, 0.0)
        ends_s, of_it = length_s, whole
        if self.remaining is not None and self.reset_at is not None and now < self.reset_at:
            ends_s, of_it = self.reset_at - now, float(self.remaining - self._reserve(limits))
            if backlog:
                of_it -= self._drawn(limits, ends_s + self.others.unseen_s(now))
        of_it, whole = of_it - lasting, max(1.0, whole - lasting)
        if requests <= of_it:
            return _of_one_window(requests, of_it, ends_s, trickle)
        requests -= max(0.0, of_it)
        windows = math.ceil(requests / whole) - 1
        last = _of_one_window(requests - windows * whole, whole, length_s, trickle)
        return Grant(ends_s + windows * length_s + last.after_s, last.requests)

    def _reserve(self, limits: BudgetLimits) -> int:
        # Without the limit nobody knows what share of it remains: all of that is to be used.
        return 0 if self.limit is None else self.limit - limits.of(self.limit)

    def _kept_for_fresh(self, limits: BudgetLimits) -> tuple[float, float]:
        """What is kept until the end of a window, and what is let go of each second until then."""
        if self.limit is None:
            return 0.0, 0.0
        share = limits.share_of(self.limit)
        lasts_s = self._length_s or float(HOUR_S)
        ours = limits.of(self.limit) - self._drawn(limits, lasts_s)
        lasting = min(share, ours * KEPT_MIN)
        return lasting, (share - lasting) / lasts_s

    def _drawn(self, limits: BudgetLimits, seconds: float) -> float:
        """What others will draw in that time, as far as it is left to them."""
        most = 0.0 if self.limit is None else limits.of(self.limit) * OTHERS_MAX
        return min(self.others.per_second() * seconds, most)

    def _let_go(self, limits: BudgetLimits, left_s: float, now: float) -> tuple[float, float]:
        """What a backlog lacks, and the seconds until that is let go."""
        lasting, trickle = self._kept_for_fresh(limits)
        unseen_s, others = self.others.unseen_s(now), self.others.per_second()
        kept = self._reserve(limits) + lasting + trickle * left_s
        kept += self._drawn(limits, left_s + unseen_s)
        missing = math.floor(kept) + 1 - (self.remaining or 0)
        # What others draw unseen is as much less for the rest of the window, and for so long only.
        unseen_yet_s = UNSEEN_MAX_S - unseen_s
        if missing <= 0:
            return 0.0, missing
        if missing <= trickle * unseen_yet_s:
            return missing / trickle, missing
        if not trickle + others:
            return left_s, missing
        let_go_s = unseen_yet_s + (missing - trickle * unseen_yet_s) / (trickle + others)
        return min(left_s, let_go_s), missing

    def _expected_s(self) -> float:
        """How long windows are, as far as anybody saw; none is longer than an hour."""
        if not self._length_s:
            return float(HOUR_S)
        if self._whole:
            return self._length_s
        seen_s = self._length_s - SAME_END_S
        return next((usual_s for usual_s in USUAL_S if seen_s <= usual_s), self._length_s)


def _of_one_window(requests: float, of_it: float, lasts_s: float, trickle: float) -> Grant:
    """When a window that allows so many grants them, `trickle` of them each second."""
    at_once = of_it - trickle * lasts_s
    if requests <= at_once or not trickle:
        return Grant(0.0, requests)
    return Grant((requests - at_once) / trickle, 1.0)


def _far(reset_at: float, now: float) -> bool:
    return reset_at > now + HOUR_S + SKEW_S
