"""Working on one pair: start, work, and an end in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import anyio
import structlog

from engine.assembly.assembly import Assembly
from engine.metrics.labels import START_UP
from engine.service.authorising import keep_authorised_always
from engine.service.reloading import Reloader
from engine.service.shadow.opening import Shadow
from engine.service.stages import downstream, upstream
from engine.service.standby import end_with_lease
from engine.service.starting import start
from engine.service.status import Status
from engine.service.tending import take_times_back, tend_history_always
from engine.service.usage import keep_usage_always

log = structlog.get_logger(component="service")


@dataclass(slots=True)
class Working:
    """The work on one pair, until somebody has it stopped."""

    assembly: Assembly
    shadow: Shadow | None = None
    status: Status = field(init=False)
    reloader: Reloader = field(init=False)
    stop: anyio.Event = field(default_factory=anyio.Event, init=False)
    whole: anyio.CancelScope = field(default_factory=anyio.CancelScope, init=False)

    def __post_init__(self) -> None:
        self.reloader = Reloader(self.assembly)
        self.status = Status(self.assembly, self.shadow)

    async def run(self, *beside: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Work until told to stop; an error of those beside it ends it at once.

        Args:
            beside: run for as long as it works.
        """
        async with anyio.create_task_group() as outermost:
            for one in beside:
                outermost.start_soon(one)
            outermost.start_soon(end_with_lease, self.assembly)
            with self.whole:
                await drive(self.assembly, self.status, self.stop)
            outermost.cancel_scope.cancel()

    def begin_to_stop(self, why: str) -> None:
        """Have it end, within `[service] shutdown_s`."""
        shutdown_s = self.assembly.config.engine.service.shutdown_s
        log.info("stopping", signal=why, within_s=shutdown_s)
        self.status.stopping = True
        self.whole.deadline = anyio.current_time() + shutdown_s
        self.stop.set()


async def drive(assembly: Assembly, status: Status, stop: anyio.Event) -> None:
    """The service without its process: start-up, then work until told to stop."""
    timed = assembly.worktime.timed
    await _until(stop, lambda: timed(START_UP, lambda: start(assembly, status)))
    if not stop.is_set():
        await _work(assembly, status, stop)
    status.stopping = True


async def _until(stop: anyio.Event, first: Callable[[], Awaitable[None]]) -> None:
    """Run the work; give it up when told to stop."""
    async with anyio.create_task_group() as tasks:

        async def give_up() -> None:
            await stop.wait()
            tasks.cancel_scope.cancel()

        tasks.start_soon(give_up)
        await first()
        tasks.cancel_scope.cancel()


async def _work(assembly: Assembly, status: Status, stop: anyio.Event) -> None:
    async with downstream(assembly), anyio.create_task_group() as tasks:
        tasks.start_soon(keep_usage_always, assembly)
        tasks.start_soon(tend_history_always, assembly)
        tasks.start_soon(take_times_back, assembly)
        tasks.start_soon(status.gauges.outlook.watch)
        tasks.start_soon(keep_authorised_always, assembly)
        if status.shadow is not None:
            tasks.start_soon(status.shadow.keep)
        async with upstream(assembly):
            await stop.wait()
            for governor in assembly.systems.governors(assembly.config).values():
                governor.drain()
        tasks.cancel_scope.cancel()
