"""The rhythm of the resolvers: once per time to live, look again for what records wait for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import structlog

from engine.errors import EngineError, StateUnusable
from engine.flow.pace import Pace
from engine.metrics import Metrics
from engine.triage import error_class


async def refreshing(
    step: Callable[[], Awaitable[object]], pace: Pace, component: str, metrics: Metrics
) -> None:
    """Run `step` for ever, at this pace; a failure is counted, logged and waited out."""
    log = structlog.get_logger(component=component)
    while True:
        await pace.rest(anyio.current_time())
        try:
            await step()
        except StateUnusable:
            raise
        except EngineError as error:
            metrics.errors.labels(component, error_class(error)).inc()
            log.warning("refresh_failed", reason=str(error), remedy=error.remedy)
