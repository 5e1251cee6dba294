"""Requests counted by minute, for an hour: pure arithmetic, told the time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MINUTE_S = 60
# The oldest minute counts whole, so that any 60 minutes are covered.
REMEMBERED = 60


def oldest(now: float) -> int:
    """The first minute of the last hour."""
    return int(now // MINUTE_S) - REMEMBERED


@dataclass(slots=True)
class Minutes:
    """Numbers of requests by the minute since the epoch, in order."""

    _counts: deque[tuple[int, int]] = field(default_factory=deque[tuple[int, int]])

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, counts: Mapping[int, int]) -> None:
        """Count these as well."""
        known = dict(self._counts)
        for minute, requests in counts.items():
            known[minute] = known.get(minute, 0) + requests
        self._counts = deque(sorted(known.items()))

    def count(self, now: float) -> bool:
        """Count one request; whether it is the first of its minute."""
        minute = int(now // MINUTE_S)
        if self._counts and self._counts[-1][0] == minute:
            self._counts[-1] = (minute, self._counts[-1][1] + 1)
            return False
        self._counts.append((minute, 1))
        self.forget(now)
        return True

    def heed(self, now: float) -> bool:
        """See whether the clock was ahead, and is not any more; what was counted then is of now."""
        minute = int(now // MINUTE_S)
        if not self._counts or self._counts[-1][0] <= minute:
            return False
        ahead = 0
        while self._counts and self._counts[-1][0] >= minute:
            ahead += self._counts.pop()[1]
        self._counts.append((minute, ahead))
        return True

    def forget(self, now: float) -> None:
        """Drop what is older than an hour."""
        first = oldest(now)
        while self._counts and self._counts[0][0] < first:
            self._counts.popleft()
