"""Pace: an interval that can be changed while somebody waits for it to pass."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio

from engine.flow.signal import Signal
from engine.flow.worktime import State, spending


@dataclass(slots=True)
class Pace:
    """One who does something every `interval_s` seconds."""

    interval_s: float
    _changed: Signal = field(default_factory=Signal, init=False)

    def change(self, interval_s: float) -> None:
        """From now on, the wait under way included."""
        if interval_s != self.interval_s:
            self.interval_s = interval_s
            self._changed.notify()

    async def rest(self, since: float) -> None:
        """Wait until the interval since then (on the event loop's clock) has passed."""
        while (left := since + self.interval_s - anyio.current_time()) > 0:
            with spending(State.IDLE, left):
                await self._changed.wait(left)
