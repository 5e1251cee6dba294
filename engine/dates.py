"""Dates: what time it is by the systems' own word, told with each of their answers.

The machine's clock can be set while nobody looks; two systems and this service's own record of its
life cannot be.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from functools import lru_cache

# Dates that a system's clock is judged by: an answer that was late makes its date look old.
RECENT = 20


class Dates:
    """The last date each system has told, and the time that has passed since.

    Args:
        passed_s: seconds of a clock that nobody can set.
    """

    def __init__(self, passed_s: Callable[[], float]) -> None:
        self._passed_s = passed_s
        self._ahead_s: dict[str, float] = {}
        self._recent: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=RECENT))

    def note(self, system: str, text: str) -> None:
        """A system's answer bore this date."""
        told = _moment(text)
        if told is None:
            return
        self._ahead_s[system] = told - self._passed_s()
        self._recent[system].append(self._ahead_s[system])

    def told(self) -> dict[str, float]:
        """The present time by each system that has told one, unix seconds."""
        return {system: ahead + self._passed_s() for system, ahead in self._ahead_s.items()}

    def ahead_s(self, system: str, now: float) -> float:
        """Seconds that a system's clock is ahead of ours, by what it told lately; 0 if nothing.

        Args:
            now: the present time by our clock.
        """
        recent = self._recent.get(system)
        return max(recent) + self._passed_s() - now if recent else 0.0


@lru_cache(maxsize=64)
def _moment(text: str) -> float | None:
    """Unix seconds; every answer of a second bears the same text."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
