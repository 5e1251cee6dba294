"""A signal: wakes whoever waits for work; a notification while nobody waits is remembered."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio


@dataclass(slots=True)
class Signal:
    """Notifications coalesce: one wait ends, however many there were."""

    _event: anyio.Event = field(default_factory=anyio.Event)

    def notify(self) -> None:
        """Wake the waiter, now or when it comes."""
        self._event.set()

    def forget(self) -> None:
        """Whatever was notified so far is looked at now."""
        if self._event.is_set():
            self._event = anyio.Event()

    async def wait(self, timeout_s: float) -> bool:
        """Wait for a notification, at most `timeout_s` seconds; whether there was one."""
        with anyio.move_on_after(timeout_s):
            await self._event.wait()
        notified = self._event.is_set()
        if notified:
            self._event = anyio.Event()
        return notified
