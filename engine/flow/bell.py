"""A bell: whoever waits is woken by the next ring; one that nobody hears costs nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio


@dataclass(slots=True)
class Bell:
    """Rings for everybody who waits at that moment."""

    _heard: anyio.Event | None = field(default=None, init=False)

    def ring(self) -> None:
        """Wake them."""
        if self._heard is not None:
            self._heard.set()
            self._heard = None

    async def wait(self) -> None:
        """Wait for the next ring."""
        if self._heard is None:
            self._heard = anyio.Event()
        await self._heard.wait()
