"""What befalls hosts: each trouble begins, lasts, and is over."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import anyio
import anyio.abc

from tests.end_to_end import wall_clock
from tests.end_to_end.database_host import FAST, IMMEDIATE, Server
from tests.end_to_end.members import Member
from tests.end_to_end.namespaces import Host
from tests.end_to_end.wall_clock import WallClock

FREEZE = "freeze"
ROUTES = ("blackhole", "unreachable", "prohibit")
# Seconds by which a clock is set wrong, one way or the other.
MINUTES, HOURS = (60, 3600), (3600, 48 * 3600)


@dataclass(slots=True, kw_only=True, eq=False)
class Machine(Member):
    """A host with a process, and a clock of its own where there can be one.

    Args:
        pids: of the processes that ran on it, the present one included.
    """

    host: Host
    clock: WallClock | None
    pids: set[int] = field(default_factory=set[int])

    @asynccontextmanager
    async def started(self) -> AsyncGenerator[anyio.abc.Process]:
        """`wosync run` there, from nothing."""
        words = [sys.executable, "-m", "engine", "run", "--config", str(self.settings.path)]
        if self.clock is not None:
            words = ["env", *(f"{k}={v}" for k, v in self.clock.environment().items()), *words]
        with self.log.open("ab") as out:
            process = await anyio.open_process(
                self.host.command(*words),
                cwd=self.settings.path.parent,
                stdout=out,
                stderr=out,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        self.pids.add(process.pid)
        async with process:
            try:
                yield process
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
                wall_clock.forget(process.pid)

    async def end(self, how: signal.Signals) -> int:
        """See `Member.end`."""
        code = await Member.end(self, how)
        await self.stack.aclose()
        return code


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong for a while.

    Args:
        whom: the machine that it befalls; None for the database.
        idles: whoever it befalls cannot work on the state for as long as it lasts.
    """

    name: str
    whom: Machine | None
    idles: bool
    begin: Callable[[], Awaitable[None]]
    end: Callable[[], Awaitable[None]]


def killed(machine: Machine) -> Trouble:
    """The process is gone, and started again."""
    return Trouble("kill", machine, True, lambda: _ended(machine, signal.SIGKILL), machine.start)


def stopped(machine: Machine) -> Trouble:
    """It is told to stop, and started again."""
    return Trouble("stop", machine, True, lambda: _ended(machine, signal.SIGTERM), machine.start)


def frozen(machine: Machine) -> Trouble:
    """It stands still, and goes on as if nothing had happened."""

    async def begin() -> None:
        machine.told(signal.SIGSTOP)

    async def end() -> None:
        machine.told(signal.SIGCONT)

    return Trouble(FREEZE, machine, True, begin, end)


def cut_off(machine: Machine, other: Host, what: str, rng: Random) -> Trouble:
    """It and another host do not reach each other; one of them notices, or none does."""
    how = rng.choice((*ROUTES, "silent"))
    one, two = (other, machine.host) if how == "silent" else (machine.host, other)

    async def begin() -> None:
        one.lose(two, ROUTES[0] if how == "silent" else how)

    async def end() -> None:
        one.find(two)

    return Trouble(f"cut from {what} ({how})", machine, what == "database", begin, end)


def unplugged(machine: Machine, rng: Random) -> Trouble:
    """It reaches nobody."""
    noticed = rng.random() < 0.5

    async def begin() -> None:
        machine.host.unplug(noticed=noticed)

    async def end() -> None:
        machine.host.plug()

    return Trouble("unplug" if noticed else "unplug (silent)", machine, True, begin, end)


def clock_set(machine: Machine, rng: Random, *, restarted: bool) -> Trouble:
    """Its clock is set to another time, where it stays; it is killed then, or goes on."""
    ahead_s = rng.choice((0, rng.randint(*MINUTES), rng.randint(*HOURS))) * rng.choice((-1, 1))

    async def begin() -> None:
        assert machine.clock is not None
        machine.clock.set(ahead_s)
        if restarted:
            await machine.end(signal.SIGKILL)

    async def end() -> None:
        if restarted:
            await machine.start()

    after = ", kill" if restarted else ""
    return Trouble(f"clock {ahead_s:+d} s{after}", machine, restarted, begin, end)


def database_down(server: Server, rng: Random) -> Trouble:
    """The server is stopped and started again."""
    how = rng.choice((IMMEDIATE, FAST))

    async def begin() -> None:
        await anyio.to_thread.run_sync(server.stop, how)

    return Trouble(
        f"database down ({'fast' if how == FAST else 'immediate'})", None, True, begin, server.start
    )


async def _ended(machine: Machine, how: signal.Signals) -> None:
    await machine.end(how)
