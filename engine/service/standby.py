"""Standing by: while another process works on the state, this one waits for its turn.

Only a state that several machines can reach is waited for. The one who stands by is ready as such:
it answers on its own port, and takes over as soon as nobody works on the state any more. Whoever
has found the state usable once waits for it, whatever is said later: a password that is changed
there before it is here, or a server that is replaced, is nothing that an end would mend.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
import structlog
from anyio.to_thread import run_sync
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from engine.assembly.assembly import Assembly
from engine.config.loading import Config
from engine.errors import EngineError, LeaseLost, StateAway, StateInUse, StateReadOnly
from engine.metrics.catalogue import LEADER
from engine.metrics.families import PREFIX
from engine.service import http
from engine.service.doors import Doors
from engine.service.listening import listen
from engine.service.notify import Notifier
from engine.service.told import Told
from engine.store.port.place import Place

# Who stands by looks so many times within a lease whether that has ended.
LOOKS = 10
# Who works hears so many times within a lease that it goes on, or does not.
HEARS = 3
# So often the supervisor is told that all is well.
ALIVE_S = 2.0
NOBODY = "nobody works on the state; this process is about to"

log = structlog.get_logger(component="standby")


async def serve_in_turn(
    config: Config, place: Place, told: Told, serve: Callable[[], Awaitable[None]]
) -> None:
    """Serve whenever it is our turn, until told to stop.

    Raises:
        EngineError: what ended the service, if waiting would not help.
    """
    standby = _Standby(config, place, told)
    while await standby.wait():
        try:
            await serve()
        except (LeaseLost, StateAway, StateReadOnly) as error:
            log.warning("lease_lost", reason=str(error), remedy=error.remedy)
        except StateInUse:
            # Somebody else was quicker; who it is, is told while we stand by.
            pass
        except EngineError as error:
            if not await standby.is_refused():
                raise
            log.warning("lease_lost", reason=str(error), remedy=error.remedy)
        else:
            return


async def end_with_lease(assembly: Assembly) -> None:
    """End the service as soon as another process may work on the state, also when nothing is to do.

    Raises:
        StateInUse: the lease has ended.
    """
    guard = assembly.systems.guard
    while guard is not None:
        left_s = guard()
        # In a fleet many pairs do this, each for itself.
        await anyio.sleep(min(left_s, assembly.config.engine.service.lease_s / HEARS))


@dataclass(slots=True)
class _Standby:
    """A process that waits for its turn, again and again."""

    config: Config
    place: Place
    told: Told
    reason: str = NOBODY
    _notifier: Notifier = field(default_factory=Notifier.from_environment)
    _ours: bool = False
    _stopped: bool = False
    _was_usable: bool = False

    async def wait(self) -> bool:
        """Wait until nobody works on the state; False when told to stop meanwhile.

        Raises:
            EngineError: nobody could use it from the start, so that what names it is wrong.
        """
        self.reason, self._ours = NOBODY, False
        with self.place.watching() as occupant:
            if await self._is_free(occupant):
                return True
            service = self.config.engine.service
            with listen(*service.http_address) as listener:
                async with (
                    http.serving_app(self._application(), listener),
                    anyio.create_task_group() as tasks,
                ):
                    tasks.start_soon(self._heed, tasks.cancel_scope)
                    tasks.start_soon(self._say_that_all_is_well)
                    await self._look_until_free(occupant, service.lease_s / LOOKS)
                    self._ours = True
                    tasks.cancel_scope.cancel()
        # Both may come about in the same moment.
        return self._ours and not self._stopped

    async def is_refused(self) -> bool:
        """Whether what keeps the state shows it no more: then it is why anything has failed."""
        with self.place.watching() as occupant:
            try:
                await run_sync(occupant)
            except EngineError:
                return self._was_usable
        return False

    async def _heed(self, everything: anyio.CancelScope) -> None:
        """End it all when told to stop; a reload is of no use here."""
        async for number in self.told:
            if number != signal.SIGHUP:
                log.info("stopped")
                self._stopped = True
                everything.cancel()
                return

    async def _look_until_free(self, occupant: Callable[[], str | None], every_s: float) -> None:
        while True:
            await anyio.sleep(every_s)
            if await self._is_free(occupant):
                return

    async def _is_free(self, look: Callable[[], str | None]) -> bool:
        """Whether nobody works on the state; says why not when that changes."""
        try:
            occupant = await run_sync(look)
            reason, remedy = f"{occupant} works on the state in {self.place.shown}", None
        except EngineError as error:
            # A primary that was demoted gets another place, or becomes one again.
            if not (self._was_usable or isinstance(error, StateAway)):
                raise
            occupant, reason, remedy = "", str(error), error.remedy
        else:
            self._was_usable = True
        if occupant is None:
            return True
        if reason != self.reason:
            self.reason = reason
            log.info("standing_by", reason=reason, **({"remedy": remedy} if remedy else {}))
            self._notifier.ready(f"standing by: {reason}")
        return False

    async def _say_that_all_is_well(self) -> None:
        every_s = min(ALIVE_S, (self._notifier.watchdog_s or ALIVE_S * 3) / 3)
        while True:
            self._notifier.alive()
            await anyio.sleep(every_s)

    def _application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/healthz", _alive),
                Route("/readyz", self._readyz),
                Route("/leaderz", self._leaderz),
                Route("/status", self._status),
                Route("/metrics", _metrics),
            ],
            middleware=[Middleware(http.Guard, doors=self._doors())],
        )

    def _doors(self) -> Doors:
        """Nobody changes anything here, so there is no token."""
        service = self.config.engine.service
        return Doors.that_only_show(service)

    async def _readyz(self, _: Request) -> Response:
        return PlainTextResponse(f"standing by: {self.reason}\n")

    async def _leaderz(self, _: Request) -> Response:
        return PlainTextResponse(f"standing by: {self.reason}\n", status_code=503)

    async def _status(self, _: Request) -> Response:
        told = {"schema_version": 1, "ready": False, "standby": True, "reason": self.reason}
        return JSONResponse(told)


async def _alive(_: Request) -> Response:
    return PlainTextResponse("alive\n")


async def _metrics(request: Request) -> Response:
    registry = CollectorRegistry()
    Gauge(f"{PREFIX}_leader", LEADER, registry=registry).set(0)
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), headers={"Content-Type": content_type})
