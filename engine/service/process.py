"""The service: it starts, works until it is told to stop, and ends in order.

SIGTERM and SIGINT drain it, a second one ends it at once, SIGHUP reloads its settings.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import structlog

from engine.assembly.assembly import Assembly
from engine.assembly.environment import Environment
from engine.assembly.opening import opened, plain_errors
from engine.config.loading import Config
from engine.config.unencrypted import unencrypted
from engine.errors import LeaseLost, StateAway
from engine.metrics.labels import START_UP
from engine.service import control, http
from engine.service.authorising import keep_authorised_always
from engine.service.doors import Doors
from engine.service.notify import Notifier
from engine.service.reloading import Reloaded, Reloader
from engine.service.shadow.opening import Shadow, opened_in_shadow
from engine.service.stages import downstream, upstream
from engine.service.standby import end_with_lease, serve_in_turn
from engine.service.starting import start
from engine.service.status import Status
from engine.service.supervision import Supervision
from engine.service.tending import take_times_back, tend_history_always
from engine.service.usage import keep_usage, keep_usage_always

log = structlog.get_logger(component="service")


async def run(config: Config, environment: Environment | None = None) -> None:
    """The service. Returns after SIGTERM or SIGINT, once what was in hand is settled.

    Raises:
        EngineError: it cannot start, or the state cannot be used any more.
    """
    for reason in unencrypted(config):
        log.warning("unencrypted", reason=reason)
    environment = environment or Environment.real()
    if config.engine.service.state is None or config.shadow:
        await _serve(config, environment)
    else:
        place = environment.place(config)
        await serve_in_turn(config, place, lambda: _serve(config, environment))


async def _serve(config: Config, environment: Environment) -> None:
    """Work on the state until told to stop.

    Raises:
        EngineError: it ends without having been told to.
    """
    process: _Process | None = None
    try:
        with plain_errors():
            async with _opened(config, environment) as (assembly, shadow):
                # Behind the lease: a second process on a state must hear that, not of the port.
                service = config.engine.service
                with (
                    http.listen(*service.http_address) as listener,
                    control.token_for(config.home) as token,
                ):
                    doors = Doors(
                        service.http_address[0],
                        token,
                        frozenset(service.hosts),
                        service.nudge_token,
                        service.page_token,
                    )
                    process = _Process(assembly, shadow)
                    await process.serve(listener, doors)
                await keep_usage(assembly)
    except (LeaseLost, StateAway) as error:
        if process is None or not process.stop.is_set():
            raise
        # There is nothing to stand by for: whoever works next goes on from here.
        log.warning("lease_lost", reason=str(error), remedy=error.remedy)
    log.info("stopped")


@asynccontextmanager
async def _opened(
    config: Config, environment: Environment
) -> AsyncGenerator[tuple[Assembly, Shadow | None]]:
    if config.shadow:
        async with opened_in_shadow(config, environment) as shadow:
            yield shadow.assembly, shadow
    else:
        async with opened(config, environment) as assembly:
            yield assembly, None


@dataclass(slots=True)
class _Process:
    """The service with its process: signals, the HTTP port, the supervisor."""

    assembly: Assembly
    shadow: Shadow | None = None
    status: Status = field(init=False)
    reloader: Reloader = field(init=False)
    notifier: Notifier = field(init=False)
    stop: anyio.Event = field(default_factory=anyio.Event, init=False)
    whole: anyio.CancelScope = field(default_factory=anyio.CancelScope, init=False)

    def __post_init__(self) -> None:
        self.notifier = Notifier.from_environment()
        self.reloader = Reloader(self.assembly)
        self.status = Status(self.assembly, self.shadow)

    async def serve(self, listener: socket.socket, doors: Doors) -> None:
        """Everything at once, until told to stop."""
        supervision = Supervision(self.assembly, self.status, self.notifier)
        async with (
            http.serving(self.status, self._reload, listener, doors),
            anyio.create_task_group() as outermost,
        ):
            outermost.start_soon(self._watch_signals)
            outermost.start_soon(supervision.run)
            outermost.start_soon(end_with_lease, self.assembly)
            with self.whole:
                await drive(self.assembly, self.status, self.stop)
            outermost.cancel_scope.cancel()

    async def _watch_signals(self) -> None:
        signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        try:
            with anyio.open_signal_receiver(*signals) as received:
                async for number in received:
                    await self._heed(number)
        finally:
            # Whatever is still to be put away, no late reload may end the process.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

    async def _heed(self, number: signal.Signals) -> None:
        if number == signal.SIGHUP:
            await self._reload()
        elif self.stop.is_set():
            log.warning("stopping_at_once", signal=signal.Signals(number).name)
            self.whole.cancel()
        else:
            self._begin_to_stop(number)

    def _begin_to_stop(self, number: signal.Signals) -> None:
        shutdown_s = self.assembly.config.engine.service.shutdown_s
        log.info("stopping", signal=signal.Signals(number).name, within_s=shutdown_s)
        self.status.stopping = True
        self.notifier.stopping(f"stopping, within {shutdown_s:g} s")
        self.whole.deadline = anyio.current_time() + shutdown_s
        self.stop.set()

    async def _reload(self) -> Reloaded:
        # Said at once: whoever asked the supervisor waits for the end only if it saw the beginning.
        # Before the service is ready, and once it stops, there is nothing to come back to.
        told = self.notifier.told_ready and not self.status.stopping
        if told:
            self.notifier.reloading()
        try:
            outcome = await self.reloader.reload()
            self.status.reload_refused = outcome.reason
            return outcome
        finally:
            if told and not self.status.stopping:
                self.notifier.ready(self.status.line())


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
        tasks.cancel_scope.cancel()
