"""The service: it starts, works until it is told to stop, and ends in order.

SIGTERM and SIGINT drain it, a second one ends it at once, SIGHUP reloads its settings.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import structlog

from engine.assembly.assembly import Assembly
from engine.assembly.environment import Environment
from engine.assembly.opening import opened, plain_errors
from engine.config.loading import Config
from engine.config.unencrypted import unencrypted
from engine.errors import LeaseLost, StateAway, StateReadOnly
from engine.service import control, http
from engine.service.doors import Doors
from engine.service.listening import listen
from engine.service.notify import Notifier
from engine.service.reloading import Reloaded
from engine.service.shadow.opening import Shadow, opened_in_shadow
from engine.service.standby import serve_in_turn
from engine.service.supervision import Supervision
from engine.service.told import Told
from engine.service.usage import keep_usage
from engine.service.working import Working
from engine.store.port.place import Place

log = structlog.get_logger(component="service")


async def run(config: Config, environment: Environment | None = None) -> None:
    """The service. Returns after SIGTERM or SIGINT, once what was in hand is settled.

    Raises:
        EngineError: it cannot start, or the state cannot be used any more.
    """
    for reason in unencrypted(config):
        log.warning("unencrypted", reason=reason)
    environment = environment or Environment.real()
    with Told() as told:
        if config.engine.service.state is None or config.shadow:
            await _serve(config, environment, told)
        else:
            place = environment.place(config)

            def same(_: Config) -> Place:
                """What it saw while we stood by, it knows when it is to be taken."""
                return place

            here = replace(environment, place=same)
            await serve_in_turn(config, place, told, lambda: _serve(config, here, told))


async def _serve(config: Config, environment: Environment, told: Told) -> None:
    """Work on the state until told to stop.

    Raises:
        EngineError: it ends without having been told to.
    """
    working: Working | None = None
    try:
        with plain_errors():
            async with _opened(config, environment) as (assembly, shadow):
                # Behind the lease: a second process on a state must hear that, not of the port.
                service = config.engine.service
                with (
                    listen(*service.http_address) as listener,
                    control.token_for(config.home) as token,
                ):
                    working = Working(assembly, shadow)
                    await _Process(working, told).serve(listener, Doors.of(service, token))
                await keep_usage(assembly)
    except (LeaseLost, StateAway, StateReadOnly) as error:
        if working is None or not working.stop.is_set():
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

    working: Working
    told: Told
    notifier: Notifier = field(default_factory=Notifier.from_environment, init=False)

    async def serve(self, listener: socket.socket, doors: Doors) -> None:
        """Everything at once, until told to stop."""
        status = self.working.status
        supervision = Supervision(self.working.assembly, status, self.notifier)
        async with http.serving(status, self._reload, listener, doors):
            await self.working.run(self._watch_signals, supervision.run)

    async def _watch_signals(self) -> None:
        try:
            async for number in self.told:
                await self._heed(number)
        finally:
            # One that lost its lease goes on to stand by.
            if self.working.stop.is_set():
                self.told.no_more()

    async def _heed(self, number: signal.Signals) -> None:
        name = signal.Signals(number).name
        if number == signal.SIGHUP:
            await self._reload()
        elif self.working.stop.is_set():
            log.warning("stopping_at_once", signal=name)
            self.working.whole.cancel()
        else:
            self.working.begin_to_stop(name)
            within_s = self.working.assembly.config.engine.service.shutdown_s
            self.notifier.stopping(f"stopping, within {within_s:g} s")

    async def _reload(self) -> Reloaded:
        # Said at once: whoever asked the supervisor waits for the end only if it saw the beginning.
        # Before the service is ready, and once it stops, there is nothing to come back to.
        status = self.working.status
        told = self.notifier.told_ready and not status.stopping
        if told:
            self.notifier.reloading()
        try:
            outcome = await self.working.reloader.reload()
            status.reload_refused = outcome.reason
            return outcome
        finally:
            if told and not status.stopping:
                self.notifier.ready(status.line())
