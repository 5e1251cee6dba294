"""A process that measures itself: `once` of the service, or a bare loop sending the same requests.

Prints `{"wall_s": ..., "cpu_s": ...}`; start-up of the interpreter and imports are left out, CPU of
every thread is included.

    once CONFIG [AGO_S]               one poll and everything that follows, so long ago
    bare OUTREACH_URL LEDGER_URL N    N tasks send the creates the ledger kept

The bare loop's access token comes in $BENCH_TOKEN.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import httpx

from engine.assembly.environment import Environment
from engine.cli.reading import load
from engine.clock import Clock
from engine.service import once as one_run
from engine.wire.transport import Transport
from engine.wire.way import Outgoing

CREATES_PATH = "/api/v2/opportunities"
MEDIA_TYPE = "application/vnd.api+json"
TIMEOUT_S = 60.0


async def _measured(act: Callable[[], Awaitable[object]]) -> None:
    wall, cpu = time.monotonic(), _cpu_s()
    await act()
    told = {"wall_s": time.monotonic() - wall, "cpu_s": _cpu_s() - cpu}
    sys.stdout.write(json.dumps(told) + "\n")


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@dataclass(frozen=True, slots=True)
class _Past:
    """A clock that is so many seconds behind."""

    clock: Clock
    ago_s: float

    def now(self) -> float:
        """Seconds since the epoch, then."""
        return self.clock.now() - self.ago_s


async def once(path: str, ago_s: str = "0") -> None:
    """Run `once` with this configuration, logging as the command does."""
    config, real = load(Path(path)), Environment.real()
    environment = replace(real, clock=_Past(real.clock, float(ago_s)))
    await _measured(lambda: one_run.once(config, environment))


async def bare(outreach_url: str, ledger_url: str, tasks: str) -> None:
    """Send every create the ledger kept, as fast as so many tasks can."""
    async with httpx.AsyncClient(trust_env=False) as client:
        texts: list[str] = (await client.get(f"{ledger_url}/bodies")).json()
    bodies = iter([text.encode() for text in texts])
    headers = {
        "Authorization": f"Bearer {os.environ['BENCH_TOKEN']}",
        "Content-Type": MEDIA_TYPE,
        "Accept": MEDIA_TYPE,
    }
    async with Transport() as way:

        async def send_on() -> None:
            for body in bodies:
                url = outreach_url + CREATES_PATH
                answer = await way.send(Outgoing("POST", url, headers, body, TIMEOUT_S))
                async for _ in answer.pieces:
                    pass
                await answer.end()
                if answer.status != 201:
                    raise SystemExit(f"a create was answered with {answer.status}")

        async def send_all() -> None:
            async with anyio.create_task_group() as group:
                for _ in range(int(tasks)):
                    group.start_soon(send_on)

        await _measured(send_all)


def main() -> None:
    """Choose what to measure."""
    modes: dict[str, Callable[..., Awaitable[None]]] = {"once": once, "bare": bare}
    mode, *arguments = sys.argv[1:]
    anyio.run(modes[mode], *arguments)


if __name__ == "__main__":
    main()
