"""What a response says about rates: the budget headers, and how long to wait when told to.

A moment is read as the service means it: in the unit that makes it a moment of our time, and by the
clock of the service, which the answer's own `Date` tells. How far ahead it may lie is bounded where
it is waited for: here for `Retry-After`, in the engine's budget for the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from random import Random

# Digits from here on are a point in time, below it a number of seconds (outreach-api §4).
EPOCH_MIN = 1_000_000_000
# No real value is longer, nanoseconds included; what is longer is noise, and slow to read.
DIGITS_MAX = 19
# No moment of these thousands of years is later; from here on the unit is a smaller one.
EPOCH_MAX = 100_000_000_000
# Clocks that differ by less are as good as equal: `Date` has whole seconds, and answers travel.
CLOCKS_APART_S = 30.0

WAIT_FIRST_S = 60.0
WAIT_GUESSED_MAX_S = 900.0
WAIT_MAX_S = 3600.0
WAIT_MIN_S = 1.0
JITTER_SHARE = 0.1
JITTER_MAX_S = 30.0


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The budget headers of one response; `reset_at` in unix seconds, None for what is absent."""

    limit: int | None = None
    remaining: int | None = None
    reset_at: float | None = None


def _digits(text: str) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX:
        return int(text)
    return None


def _first_number(text: str | None) -> int | None:
    # Remaining has been seen as two comma-joined values, of which the first is ours.
    return None if text is None else _digits(text.split(",")[0].strip())


@lru_cache(maxsize=64)
def _instant(text: str) -> float | None:
    """Unix seconds of an ISO 8601 or HTTP date; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


def rate_limit(headers: Mapping[str, str], now: float) -> RateLimit:
    """Read the `X-RateLimit-*` headers (outreach-api §4); `headers` must ignore case.

    Args:
        now: unix seconds.
    """
    return RateLimit(
        limit=_first_number(headers.get("X-RateLimit-Limit")),
        remaining=_first_number(headers.get("X-RateLimit-Remaining")),
        reset_at=_reset_at(headers, now),
    )


def clock_ahead_s(headers: Mapping[str, str], now: float) -> float:
    """Seconds that the service's clock is ahead of ours by its own `Date`; 0 when about equal.

    What tells an age lay in a cache, and its time is that of another answer.
    """
    date = None if headers.get("Age") else _instant(headers.get("Date") or "")
    ahead_s = 0.0 if date is None else date - now
    return ahead_s if abs(ahead_s) > CLOCKS_APART_S else 0.0


def _reset_at(headers: Mapping[str, str], now: float) -> float | None:
    text = (headers.get("X-RateLimit-Reset") or "").strip()
    number = _first_number(text)
    if number is not None and number < EPOCH_MIN:
        return now + number
    at = _instant(text) if number is None else _in_seconds(number)
    return None if at is None else at - clock_ahead_s(headers, now)


def _in_seconds(number: int) -> float:
    """A moment given in seconds, or in thousandths, millionths or billionths of one."""
    at = float(number)
    while at >= EPOCH_MAX:
        at /= 1000
    return at


def speaks_of_rates(headers: Mapping[str, str], *, page: bool) -> bool:
    """Whether a 429 comes from who counts our requests: it says how many, or how long to wait.

    Args:
        page: the body is a page for people, beside which a wait says nothing about who asks for it.
    """
    if not page and headers.get("Retry-After") is not None:
        return True
    return any(name.lower().startswith("x-ratelimit-") for name in headers)


def retry_after_s(text: str | None, now: float, ahead_s: float = 0.0) -> float | None:
    """Seconds a `Retry-After` asks for, None when it says nothing usable (outreach-api §4).

    Args:
        now: unix seconds.
        ahead_s: by so much the service's clock is ahead of ours.

    In order: digits from 1,000,000,000 on are unix seconds, other digits a number of seconds,
    then ISO 8601 with or without a zone, then an HTTP date. A moment already past says nothing:
    clocks differ, and trusting it would mean asking again at once.
    """
    if text is None or not (text := text.strip()):
        return None
    number = _digits(text)
    if number is not None and number < EPOCH_MIN:
        return float(number)
    until = _instant(text) if number is None else _in_seconds(number)
    there = now + ahead_s
    return until - there if until is not None and until > there else None


def told_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that an answer asks us to wait, by the service's own clock; see `retry_after_s`."""
    return retry_after_s(headers.get("Retry-After"), now, clock_ahead_s(headers, now))


@dataclass(slots=True)
class Patience:
    """Turns what a response asked for into a wait, and grows the wait when it asked for nothing."""

    rng: Random
    _guess_s: float = field(default=0.0, init=False)
    _guessed_until: float = field(default=0.0, init=False)

    def wait_s(self, told_s: float | None, now: float) -> float:
        """Seconds to wait: never less than told, at most one hour, plus jitter of up to 30 s.

        Without being told: 60, 120, 240, 480, then 900 s for each further refusal in a row.
        Refusals of requests that were under way together count as one.
        """
        wait = self._guessed(now) if told_s is None else told_s
        wait = min(max(wait, WAIT_MIN_S), WAIT_MAX_S)
        return wait + self.rng.uniform(0.0, min(wait * JITTER_SHARE, JITTER_MAX_S))

    def rest(self) -> None:
        """Forget the refusals: a request has succeeded."""
        self._guess_s = 0.0
        self._guessed_until = 0.0

    def _guessed(self, now: float) -> float:
        if now >= self._guessed_until:
            self._guess_s = min(max(self._guess_s * 2, WAIT_FIRST_S), WAIT_GUESSED_MAX_S)
            self._guessed_until = now + self._guess_s
        return self._guess_s
