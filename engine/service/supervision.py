"""Supervision: see that everybody gets somewhere, and tell whoever watches over the service.

The loop being alive is not enough: the watchdog is fed only while every worker made progress
lately, or waits for something that has not yet taken too long, or has nothing to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import structlog

from engine import logs
from engine.assembly.assembly import Assembly
from engine.errors import Stalled
from engine.loop import to_next
from engine.metrics.labels import ACTORS
from engine.service.notify import Notifier
from engine.service.status import Status

CHECK_EVERY_S = 2.0
# A fleet has many pairs, and restarts one that gets nowhere at leisure.
CHECK_PAIR_EVERY_S = 10.0
# The watchdog is fed three times in its period at least, however short that is.
CHECKS_PER_PERIOD = 3
# Seen stalled so many times in a row, by a check that came in time itself: no mistake any more.
STALLED_CHECKS = 2
STATUS_EVERY_S = 10.0
# Starting and stopping are given so much longer, again and again, for as long as they go on.
EXTENSION_S = 30.0
TIMER_S = 0.25

log = structlog.get_logger(component="supervision")


@dataclass(slots=True)
class Supervision:
    """Watches one assembly."""

    assembly: Assembly
    status: Status
    notifier: Notifier
    _overdue: Counter[str] = field(default_factory=Counter[str], init=False)

    async def run(self) -> None:
        """Watch until the service ends."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._time_the_loop)
            tasks.start_soon(self._say_status)
            await self._check_for_ever()

    async def watch(self, overloaded: Callable[[], bool]) -> None:
        """Watch one pair of several, for as long as it gets somewhere.

        Args:
            overloaded: whether all pairs of the process wait for each other. Then it is no fault of
                one of them, and to begin its work anew would make it worse.

        Raises:
            Stalled: it does not.
        """
        while True:
            checked_at = anyio.current_time()
            await anyio.sleep(CHECK_PAIR_EVERY_S)
            in_time = anyio.current_time() - checked_at < CHECK_PAIR_EVERY_S + CHECK_EVERY_S
            if overloaded():
                self._overdue.clear()
            elif stalled := self.check(in_time=in_time):
                raise Stalled(
                    f"no progress in: {', '.join(stalled)}",
                    remedy="nothing is to be done: the work on this pair begins anew",
                )

    async def _time_the_loop(self) -> None:
        observe = self.assembly.metrics.loop_lag.observe
        while True:
            due_at = anyio.current_time() + TIMER_S
            await anyio.sleep(TIMER_S)
            observe(max(0.0, anyio.current_time() - due_at))

    async def _check_for_ever(self) -> None:
        every_s = CHECK_EVERY_S
        if self.notifier.watchdog_s is not None:
            every_s = min(every_s, self.notifier.watchdog_s / CHECKS_PER_PERIOD)
        while True:
            checked_at = anyio.current_time()
            await anyio.sleep(every_s)
            # A process that was stopped as a whole makes everybody late, this check included.
            in_time = anyio.current_time() - checked_at < 2 * CHECK_EVERY_S
            stalled = self.check(in_time=in_time)
            logs.flush_repeats()
            self._tell(stalled)

    async def _say_status(self) -> None:
        # Apart from the watchdog: this waits for the store, and a slow disk is no frozen service.
        while True:
            if self.notifier.told_ready:
                await self.status.look()
            self.notifier.status(self.status.line())
            await anyio.sleep(to_next(STATUS_EVERY_S))

    def check(self, *, in_time: bool) -> list[str]:
        """The actors with a worker that gets nowhere.

        Args:
            in_time: whether this check itself came when it should.
        """
        # A check that came late proves nothing new; what was found before still holds.
        more = 1 if in_time else 0
        overdue = self.assembly.worktime.overdue()
        self._overdue = Counter({actor: self._overdue[actor] + more for actor in overdue})
        stalled = [actor for actor, times in self._overdue.items() if times >= STALLED_CHECKS]
        for actor in ACTORS:
            self.assembly.metrics.actor_stalled.labels(actor).set(actor in stalled)
        for actor in set(stalled) - set(self.status.stalled):
            where = self.assembly.worktime.where(actor)
            log.error("actor_stalled", actor=actor, where=where, remedy="restart the service")
        self.status.stalled = stalled
        return stalled

    def _tell(self, stalled: list[str]) -> None:
        if stalled:
            self.notifier.stalled(f"stalled: {', '.join(stalled)}")
            return
        self.notifier.alive()
        if not self.notifier.told_ready and self.status.not_ready() is None:
            self.notifier.ready(self.status.line())
        elif self.status.stopping or not self.notifier.told_ready:
            self.notifier.extend(EXTENSION_S)
