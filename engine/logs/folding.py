"""Repeats of the same trouble, folded: the first few lines pass, the rest become one with a count.

The same means: pair, level, component, event and reason are equal, where numbers and ids in the
reason do not count. An outage under full load says one thing a thousand times otherwise.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Event = MutableMapping[str, Any]

WINDOW_S = 30.0
PASSING = 5
KINDS_MAX = 1000
_FOLDED_LEVELS = frozenset({"warning", "error", "critical"})
_REASON_CHARS = 300
# References such as OPP-17, long ids, and numbers of any kind.
_CHANGING = re.compile(
    r"\b[A-Z]{2,8}-\d+\b|\b(?=[0-9a-f-]*\d)[0-9a-f][0-9a-f-]{7,}\b|\d+(?:[.,:]\d+)*"
)

Kind = tuple[str, str, str, str, str]


@dataclass(slots=True)
class _Repeats:
    ends_at: float
    seen: int = 0
    last: Event = field(default_factory=dict[str, Any])


class Folding:
    """Which lines pass, and the lines that stand for those that did not.

    Args:
        passed_s: seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        passed_s: Callable[[], float],
        *,
        window_s: float = WINDOW_S,
        kinds_max: int = KINDS_MAX,
    ) -> None:
        self._passed_s = passed_s
        self._window_s = window_s
        self._kinds_max = kinds_max
        # All windows are equally long, so the first in the order of entry ends first.
        self._kinds: dict[Kind, _Repeats] = {}
        # Entered again when the interpreter collects garbage, and with it says something, inside.
        self._lock = threading.RLock()

    def passes(self, event: Event) -> tuple[bool, list[Event]]:
        """Whether this line goes out, and what has to go out before it."""
        with self._lock:
            now = self._passed_s()
            before = self._ended(now)
            if event.get("level") not in _FOLDED_LEVELS:
                return True, before
            kind = _kind(event)
            repeats = self._kinds.get(kind)
            if repeats is None:
                before += self._made_room()
                repeats = self._kinds[kind] = _Repeats(now + self._window_s)
            repeats.seen += 1
            if repeats.seen <= PASSING:
                return True, before
            repeats.last = event
            return False, before

    def ended(self) -> list[Event]:
        """One line for each kind whose window is over and that had more lines than passed."""
        with self._lock:
            return self._ended(self._passed_s())

    def all(self) -> list[Event]:
        """The same for every kind, its window over or not; what comes next is the first again."""
        with self._lock:
            return self._ended(float("inf"))

    def _ended(self, now: float) -> list[Event]:
        lines: list[Event] = []
        while self._kinds:
            kind = next(iter(self._kinds))
            if self._kinds[kind].ends_at > now:
                break
            lines += _line(self._kinds.pop(kind))
        return lines

    def _made_room(self) -> list[Event]:
        lines: list[Event] = []
        while len(self._kinds) >= self._kinds_max:
            lines += _line(self._kinds.pop(next(iter(self._kinds))))
        return lines


def _line(repeats: _Repeats) -> list[Event]:
    folded = repeats.seen - PASSING
    return [{**repeats.last, "repeated": folded}] if folded > 0 else []


def _kind(event: Event) -> Kind:
    reason = event.get("reason") or event.get("error")
    if reason is None:
        # The last line of a traceback names the error.
        reason = str(event.get("exception") or "").rstrip().rpartition("\n")[2]
    text = _CHANGING.sub("#", str(reason)[:_REASON_CHARS])
    pair, component, name = (str(event.get(key)) for key in ("pair", "component", "event"))
    return pair, str(event["level"]), component, name, text
