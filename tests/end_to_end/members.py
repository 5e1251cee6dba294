"""Machines with a process each for one pair: one of them works, the others stand by."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.abc
import httpx

from connectors.sandbox.settings_file import SettingsFile
from tests.end_to_end.test_kills import service
from tests.waiting import DEADLINE_S

LOOK_S = 0.2
SOON_S = 1.0
OK, UNAVAILABLE = 200, 503
LOG_CHARS = 3000


@dataclass(slots=True, kw_only=True, eq=False)
class Member:
    """A machine with a process for the pair.

    Args:
        url: where its port is reached from here.
    """

    name: str
    settings: SettingsFile
    log: Path
    url: str
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    process: anyio.abc.Process | None = None

    def started(self) -> AbstractAsyncContextManager[anyio.abc.Process]:
        """A process for the block."""
        return service(self.settings.path, self.log)

    async def start(self) -> None:
        """Start the process."""
        self.process = await self.stack.enter_async_context(self.started())

    async def end(self, how: signal.Signals) -> int:
        """End it, and see it to its end; its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        with anyio.fail_after(DEADLINE_S):
            code = await self.process.wait()
        self.process = None
        return code

    def told(self, how: signal.Signals) -> None:
        """Tell it something that does not end it."""
        assert self.process is not None
        self.process.send_signal(how)

    async def answer(self, path: str, within_s: float = DEADLINE_S) -> tuple[int, str]:
        """What it answers there.

        Raises:
            httpx.HTTPError: it answers nothing.
        """
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as asking:
            answer = await asking.get(path, timeout=within_s)
            return answer.status_code, answer.text

    async def asked(self, path: str) -> tuple[int, str]:
        """What it answers there soon, which one that stands still does not; 0 for nothing."""
        try:
            return await self.answer(path, SOON_S)
        except httpx.HTTPError:
            return 0, ""

    async def leads(self) -> bool:
        """Whether it works on the state, by its own word."""
        return (await self.asked("/leaderz"))[0] == OK

    async def stands_by(self) -> bool:
        """Whether it is ready to take over, by its own word."""
        code, text = await self.asked("/readyz")
        return code == OK and text.startswith("standing by")


AMember = TypeVar("AMember", bound=Member)


async def until(holds: Callable[[], Awaitable[bool]], members: Sequence[Member]) -> None:
    """Wait for it."""
    with anyio.move_on_after(DEADLINE_S):
        while True:
            if await holds():
                return
            await anyio.sleep(LOOK_S)
    logs = (one.log.read_text(encoding="utf-8")[-LOG_CHARS:] for one in members)
    raise AssertionError("\n\n".join(logs))


async def leader(members: Sequence[AMember]) -> AMember:
    """Wait until one works, and return it."""
    found: list[AMember] = []

    async def one() -> bool:
        found[:] = [each for each in members if each.process is not None and await each.leads()]
        return bool(found)

    await until(one, members)
    return found[0]
