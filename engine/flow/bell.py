"""A bell: wakes whoever waits for work; a ring while nobody waits is remembered."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio


@dataclass(slots=True)
class Bell:
    """Rings coalesce: one wait ends however often it rang."""

    _event: anyio.Event = field(default_factory=anyio.Event)

    def ring(self) -> None:
        """Wake the waiter, now or when it comes."""
        self._event.set()

    async def wait(self, timeout_s: float) -> bool:
        """Wait for a ring, at most `timeout_s` seconds; whether there was one."""
        with anyio.move_on_after(timeout_s):
            await self._event.wait()
        rang = self._event.is_set()
        if rang:
            self._event = anyio.Event()
        return rang
