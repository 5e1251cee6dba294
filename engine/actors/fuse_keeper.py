"""Fuse keeper: let a mass change go on when it is small, and stop it when it is not.

Mailbox   none: it looks every two seconds while something is held, every ten otherwise, and when
          `once` has nothing else to do; the pollers tell it when they are at the end of a poll
Sends     a notification of the dispatchers when what was held goes on
Store     decides over what is held; see `engine.store.port.fuse`
Metrics   none of its own; the status shows what is held
Stops     when it is cancelled
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from engine.clock import Clock
from engine.flow.worktime import resting
from engine.loop import loop_time, to_next
from engine.model.approval import EVERYTHING, Approved, Chosen
from engine.model.kept import FIRST_LOOK
from engine.model.mass_change import Limits
from engine.store.port.store import Store

LOOK_S = 2.0
# Where nothing was held, and no poll has ended since, it asks so often.
SELDOM_S = 10.0

log = structlog.get_logger(component="fuse_keeper")


@dataclass(slots=True)
class FuseKeeper:
    """Decides by these limits."""

    store: Store
    clock: Clock
    limits: Limits
    wake: Callable[[], None]
    _spared_until: float = field(default=-math.inf, init=False)
    """By the loop's clock."""

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await resting(to_next(LOOK_S))
            if loop_time() >= self._spared_until:
                await self.step()

    async def step(self) -> bool:
        """Decide, if everything is evaluated; whether anything may go on."""
        if not await self.store.fuse.waiting():
            # The look that comes then may come a moment early.
            self._spared_until = loop_time() + to_next(SELDOM_S) - LOOK_S / 2
            return False
        now = self.clock.now()
        decided = await self.store.fuse.decide(self.limits, now)
        if decided is None:
            return False
        if decided.tripped:
            log.error(
                "mass_change_held",
                records=decided.records,
                creates=decided.creates,
                people=decided.people,
                linked=decided.linked,
                remedy="look at the mapping and the records; if it is meant, run: wosync approve",
            )
            return False
        self.wake()
        return True

    async def look_begins(self) -> None:
        """The first look at a pair begins, or goes on: nothing is decided before its end."""
        await self.store.kept.set_setting(FIRST_LOOK, "")

    async def poll_ends(self, *, first_look: bool = False) -> None:
        """Let what the poll has parked go on, if it is not too much at once."""
        now, self._spared_until = self.clock.now(), -math.inf
        due = await self.store.fuse.judge_parked(self.limits, now, first_look=first_look)
        if due:
            self.wake()

    async def approve(self, chosen: Chosen = EVERYTHING) -> Approved:
        """Somebody says that it is meant."""
        approved = await self.store.fuse.approve(self.clock.now(), chosen)
        if approved.edits:
            log.warning("mass_change_approved", records=approved.edits, kept_run=approved.run)
            self.wake()
        return approved
