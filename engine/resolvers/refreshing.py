"""The rhythm of the resolvers: once per time to live, look again for what records wait for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from engine.actors.tolerating import tolerated
from engine.flow.pace import Pace
from engine.metrics import Metrics


async def refreshing(
    step: Callable[[], Awaitable[object]], pace: Pace, component: str, metrics: Metrics
) -> None:
    """Run `step` for ever, at this pace; a failure is waited out."""
    while True:
        await pace.rest(anyio.current_time())
        with tolerated(component, "refresh_failed", metrics):
            await step()
