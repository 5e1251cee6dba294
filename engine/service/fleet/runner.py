"""A runner: works on one pair of a fleet, for as long as it is this process's to work on.

Whatever goes wrong with a pair ends that pair's work alone; it is begun anew after a while, or as
soon as its configuration was changed.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import Any

import anyio
import structlog

from engine import logs, loop
from engine.assembly.assembly import Assembly
from engine.assembly.environment import Environment
from engine.assembly.opening import Held, opened_on, plain_errors
from engine.config.loading import Config
from engine.errors import EngineError, LeaseLost, StateAway, StateInUse, StateReadOnly
from engine.flow.backoff import delay_s
from engine.metrics import Metrics
from engine.model.wait import BackoffLimits
from engine.service import control, http
from engine.service.doors import Doors
from engine.service.fleet.catalogue import Known
from engine.service.fleet.threads import in_thread
from engine.service.notify import Notifier
from engine.service.reloading import Reloaded
from engine.service.supervision import Supervision
from engine.service.usage import keep_usage
from engine.service.working import Working
from engine.store.port.place import Place

# Between two tries with a pair that cannot be worked on, seconds.
AGAIN = BackoffLimits(10.0, 600.0)
# Longer than from one look to the next.
APART_S = 600.0
UNFORESEEN = "an error that nobody foresaw; see the log"

log = structlog.get_logger(component="fleet")


class Condition(StrEnum):
    """How it is with a pair here."""

    STARTING = "starting"
    WORKING = "working"
    STOPPING = "stopping"
    BROKEN = "broken"
    """It cannot be worked on; the reason says why."""
    TAKEN = "taken"
    """Another process still works on it."""


@dataclass(slots=True, eq=False)
class Runner:
    """Works on one pair.

    Args:
        known: the pair; replaced when its configuration was changed.
        place: where the state of a configuration is, among those that the process shares.
        starts: how many pairs may start at the same time.
        share: has what is assembled share a budget with others, for as long as it runs.
        overloaded: whether the pairs of the process wait for each other; see `Supervision.watch`.
    """

    known: Known
    environment: Environment
    place: Callable[[Config], Place]
    starts: anyio.CapacityLimiter
    share: Callable[[Assembly], Coroutine[Any, Any, None]]
    overloaded: Callable[[], bool]
    condition: Condition = field(default=Condition.STARTING, init=False)
    reason: str | None = field(default=None, init=False)
    remedy: str | None = field(default=None, init=False)
    working: Working | None = field(default=None, init=False)
    app: http.ASGIApp | None = field(default=None, init=False)
    stopped: bool = field(default=False, init=False)
    _changed: anyio.Event = field(default_factory=anyio.Event, init=False)

    @property
    def name(self) -> str:
        """Of the pair."""
        return self.known.name

    @property
    def ready(self) -> bool:
        """Whether it works, and calls itself ready."""
        working = self.working
        return (
            self.condition is Condition.WORKING
            and working is not None
            and working.status.not_ready() is None
        )

    async def run(self) -> None:
        """Work on it until told to stop; raises nothing."""
        structlog.contextvars.bind_contextvars(pair=self.name)
        attempt, rng = 0, Random(self.name)  # noqa: S311 # jitter, not secrets
        # The looks of one pair share what they cost; those of many must not come all at once.
        loop.keep_apart(rng.uniform(0, APART_S))
        while not self.stopped:
            self._changed = anyio.Event()
            before = self.condition
            wait_s = AGAIN.base_s
            try:
                await self._work()
                attempt = 0
            except StateInUse as error:
                self._say(Condition.TAKEN, error)
                wait_s = 0.5
            except (LeaseLost, StateAway, StateReadOnly) as error:
                self._say(Condition.STARTING, error)
            except EngineError as error:
                attempt += 1
                wait_s = delay_s(attempt, rng, AGAIN)
                self._say(Condition.BROKEN, error, loud=before is not Condition.BROKEN)
            except Exception:
                attempt += 1
                wait_s = delay_s(attempt, rng, AGAIN)
                self.condition, self.reason, self.remedy = Condition.BROKEN, UNFORESEEN, None
                log.exception("pair_failed")
            finally:
                self.app = self.working = None
            if not self.stopped:
                with anyio.move_on_after(wait_s):
                    await self._changed.wait()

    def stop(self, why: str) -> None:
        """Have the work end in order, and not begin again."""
        self.stopped = True
        self._changed.set()
        self._end(why)

    async def change(self, known: Known) -> None:
        """Take over another configuration: while it works, if that can be, or by beginning anew."""
        self.known = known
        self._changed.set()
        if self.working is not None and self.working.status.started:
            outcome = await self.working.reloader.reload()
            if outcome.applied:
                return
            log.info("pair_begins_anew", reason=outcome.reason)
        self._end("another configuration")

    def _end(self, why: str) -> None:
        if self.working is not None and not self.working.stop.is_set():
            self.condition = Condition.STOPPING
            self.working.begin_to_stop(why)

    def _say(self, condition: Condition, error: EngineError, *, loud: bool = True) -> None:
        self.condition, self.remedy = condition, error.remedy
        self.reason = logs.redact(error.message)
        if condition is Condition.BROKEN and loud:
            log.error("pair_broken", reason=self.reason, remedy=self.remedy)

    async def _work(self) -> None:
        """Work on it once.

        Raises:
            EngineError: it ended without having been told to.
        """
        config = self.known.config
        if config is None:
            raise self.known.trouble or EngineError("it cannot be read", remedy="see its file")
        place = self.place(config)

        def kept_there(_: Config) -> Place:
            return place

        environment = replace(
            self.environment, place=kept_there, metrics=lambda: Metrics(process=False)
        )
        with plain_errors():
            await self.starts.acquire_on_behalf_of(self)
            started = False
            try:
                async with (
                    in_thread(place.hold(keep=True)) as seen,
                    opened_on(config, environment, Held(place, seen)) as assembly,
                ):
                    self.starts.release_on_behalf_of(self)
                    started = True
                    await self._serve(config, Working(assembly))
            finally:
                if not started:
                    self.starts.release_on_behalf_of(self)

    async def _serve(self, config: Config, working: Working) -> None:
        service, status = config.engine.service, working.status

        async def reload() -> Reloaded:
            outcome = await working.reloader.reload()
            status.reload_refused = outcome.reason
            return outcome

        with control.token_for(config.home) as token:
            self.app = http.application(status, reload, Doors.of(service, token))
            self.working = working
            self.condition, self.reason, self.remedy = Condition.WORKING, None, None
            supervision = Supervision(working.assembly, status, Notifier(None))
            if self.stopped:
                return

            async def share() -> None:
                await self.share(working.assembly)

            async def watch() -> None:
                await supervision.watch(self.overloaded)

            await working.run(watch, share)
        await keep_usage(working.assembly)
        log.info("pair_stopped")
