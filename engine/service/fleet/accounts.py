"""The users that pairs act as in the target, each with one budget for all of its pairs.

Which user that is a pair's token says, or a setting; until it is known the pair has a budget of its
own. What this process draws it tells the others, and hears from them what they do, every few
seconds while anything is drawn; otherwise it only listens, now and then.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
import structlog
from anyio.to_thread import run_sync

from engine.assembly.assembly import Assembly
from engine.clock import Clock
from engine.errors import EngineError
from engine.flow.bell import Bell
from engine.flow.common import EXCHANGE_S, Common
from engine.model.fleet import Drawn

if TYPE_CHECKING:
    from engine.store.postgres.fleet.accounts import AccountTables

# With nothing to tell, others are listened to so often, seconds.
LISTEN_S = 30.0
# So often it is looked whom a pair acts as, seconds: at first, and more and more seldom.
SOON_S, SELDOM_S = 1.0, 30.0
DIGEST_CHARS = 32

log = structlog.get_logger(component="fleet")


@dataclass(slots=True)
class Accounts:
    """The accounts of the pairs of one process.

    Args:
        kept: where processes tell each other.
    """

    kept: AccountTables
    clock: Clock
    common: dict[str, Common] = field(default_factory=dict[str, Common], init=False)
    _news: Bell = field(default_factory=Bell, init=False)
    _trouble: bool = field(default=False, init=False)

    async def follow(self, assembly: Assembly) -> None:
        """Have a pair share the budget of whom it acts as, for as long as this runs.

        Where that is not known any more, it is who it was.
        """
        governor, joined = assembly.systems.target_governor, None
        wait_s = SOON_S

        def under_way() -> int:
            return governor.in_flight

        try:
            while True:
                account = await account_of(assembly)
                if account is not None and account != joined:
                    if joined is not None:
                        governor.budget.part()
                    governor.budget.join(self._common(account), under_way, self.clock.now())
                    joined = account
                await anyio.sleep(wait_s)
                wait_s = min(2 * wait_s, SELDOM_S)
        finally:
            if joined is not None:
                governor.budget.part()

    @asynccontextmanager
    async def shared(self) -> AsyncGenerator[None]:
        """Tell and hear for the block; at its end the others are told the rest."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._exchange_always)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await self.exchange(everything=False)

    async def exchange(self, *, everything: bool) -> None:
        """Tell what was drawn here since the last time, and hear what was drawn elsewhere.

        Args:
            everything: hear of those as well of which nothing is to be told.
        """
        now = self.clock.now()
        untold = [one for one in self.common.values() if one.untold]
        asked = list(self.common.values()) if everything else untold
        if not asked:
            return
        told = [one.told(now) for one in untold]

        def exchanged() -> Mapping[str, Drawn]:
            return self.kept.exchange(told, [one.account for one in asked], now, tidy=everything)

        try:
            heard = await run_sync(exchanged)
        except EngineError as error:
            for one in untold:
                one.not_told()
            if not self._trouble:
                log.warning("budget_not_shared", reason=str(error), remedy=error.remedy)
            self._trouble = True
            return
        self._trouble = False
        now = self.clock.now()
        for one in asked:
            one.hear(heard[one.account], now)
        for name in [name for name, one in self.common.items() if one.idle(now)]:
            del self.common[name]

    def _common(self, account: str) -> Common:
        return self.common.setdefault(account, Common(account, self._news))

    async def _exchange_always(self) -> None:
        listened_at = -math.inf
        while True:
            now = anyio.current_time()
            everything = now - listened_at >= LISTEN_S
            if everything:
                listened_at = now
            await self.exchange(everything=everything)
            await anyio.sleep(EXCHANGE_S)
            with anyio.move_on_after(listened_at + LISTEN_S - anyio.current_time()):
                while not any(one.untold for one in self.common.values()):
                    await self._news.wait()


async def account_of(assembly: Assembly) -> str | None:
    """Whom a pair acts as, told so that nobody can tell who that is; None where it is not known."""
    name = assembly.config.target.budget.account
    if name:
        return hashlib.sha256(f"named {name}".encode()).hexdigest()[:DIGEST_CHARS]
    authority = assembly.systems.target.authority
    return None if authority is None else await authority.account()
