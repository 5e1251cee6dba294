"""How often a user may call: fixed windows, the three headers, 429 and maintenance (§4)."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from connectors.sandbox.outreach.envelope import Refused, maintenance, rate_limited
from connectors.sandbox.outreach.knobs import OutreachKnobs
from connectors.sandbox.outreach.moments import plain_iso


class RateLimits:
    """Requests counted per user: in the current window, and per calendar month (UTC)."""

    def __init__(self, knobs: OutreachKnobs, clock: Callable[[], float]) -> None:
        self._knobs = knobs
        self._clock = clock
        self._window = 0
        self._used: Counter[int] = Counter()
        #: Calls by (user id, "YYYY-MM"), refused ones included, for the annual plan (§16.18).
        self.calls_by_month: Counter[tuple[int, str]] = Counter()

    def spend(self, user_id: int, calls: int = 1) -> None:
        """Use up calls of this user's window, as another app of the same user would."""
        self._roll()
        self._used[user_id] += calls

    def admit(self, user_id: int) -> None:
        """Count one request.

        Raises:
            Refused: 429, in the `Retry-After` form that the knob asks for.
        """
        month = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m")
        self.calls_by_month[user_id, month] += 1
        self._roll()
        if self._used[user_id] >= self._knobs.rate_limit:
            raise self._too_many()
        self._used[user_id] += 1

    def headers(self, user_id: int | None, status: int) -> Iterator[tuple[str, str]]:
        """The three headers of every response; without a known user the window looks unused."""
        self._roll()
        limit = self._knobs.rate_limit
        remaining = limit - min(limit, self._used[user_id] if user_id is not None else 0)
        second = f", {limit + remaining}" if self._knobs.remaining_two_values else ""
        yield "X-RateLimit-Limit", str(limit)
        yield "X-RateLimit-Remaining", f"{remaining}{second}"
        if status != 429 or self._knobs.reset_on_429:
            yield "X-RateLimit-Reset", str(self._reset())

    def check_maintenance(self) -> None:
        """Refuse everything while maintenance lasts.

        Raises:
            Refused: 503 with an ISO `Retry-After`.
        """
        until = self._knobs.maintenance_until
        if until is not None and self._clock() < until:
            raise maintenance(plain_iso(until))

    def _too_many(self) -> Refused:
        reset = self._reset()
        match self._knobs.retry_after:
            case "epoch":
                headers = {"Retry-After": str(reset)}
            case "delta":
                headers = {"Retry-After": str(max(1, int(reset - self._clock())))}
            case "iso":
                headers = {"Retry-After": plain_iso(reset)}
            case "absent":
                headers = {}
        return rate_limited(self._knobs.rate_limit, plain_iso(reset), headers)

    def _reset(self) -> int:
        return self._window + self._knobs.rate_window_s

    def _roll(self) -> None:
        size = self._knobs.rate_window_s
        window = int(self._clock()) // size * size
        if window != self._window:
            self._window = window
            self._used.clear()
