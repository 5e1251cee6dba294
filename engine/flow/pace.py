"""Pace: an interval that can be changed, or cut short, while somebody waits for it to pass."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio

from engine.flow.nudges import Nudges
from engine.flow.signal import Signal
from engine.flow.worktime import State, spending


@dataclass(slots=True)
class Pace:
    """One who does something every `interval_s` seconds."""

    interval_s: float
    nudges: Nudges = field(default_factory=Nudges, init=False)
    _changed: Signal = field(default_factory=Signal, init=False)

    def change(self, interval_s: float) -> None:
        """From now on, the wait under way included."""
        if interval_s != self.interval_s:
            self.interval_s = interval_s
            self._changed.notify()

    def nudge(self) -> float:
        """Have the next turn begin at once, or as soon as turns may follow each other.

        Returns in how many seconds that is; while a turn is under way, its end comes first.
        """
        self.nudges.ask()
        self._changed.notify()
        return self.nudges.look_in_s(anyio.current_time())

    async def rest(self, since: float) -> None:
        """Wait until the interval since then (on the event loop's clock) has passed.

        Somebody who nudged after that moment cuts it short.
        """
        while (left := self._left_s(since)) > 0:
            with spending(State.IDLE, left):
                await self._changed.wait(left)

    def _left_s(self, since: float) -> float:
        now = anyio.current_time()
        return min(since + self.interval_s - now, self.nudges.look_in_s(now))
