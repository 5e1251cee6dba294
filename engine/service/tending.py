"""Tending the state in small steps: history that is too old, times of a clock that was ahead."""

from __future__ import annotations

import anyio

from engine.assembly.assembly import Assembly
from engine.model.age import Stretch

EVERY_S = 60.0
# So many lines go in one transaction, so that nobody waits for it, and so soon go the next ones.
LINES = 200
PAUSE_S = 0.05
# So many rows are looked through at once, and so soon the next ones: a million records take an
# hour or two of a quarter of a per cent of a core, not minutes of two.
ROWS = 2000
REST_S = 2.0
DAY_S = 86_400.0
BYTES_IN_MB = 1_000_000


async def tend_history(assembly: Assembly) -> None:
    """Let everything go that is older, or more, than the settings say."""
    while True:
        if await step(assembly) < LINES:
            return
        await anyio.sleep(PAUSE_S)


async def step(assembly: Assembly) -> int:
    """One step of it; returns how many lines have lost what they took the place of."""
    settings, now = assembly.config.engine.history, assembly.environment.clock.now()
    return await assembly.store.journal.tend(
        now,
        before=now - settings.keep_days * DAY_S,
        bytes_max=settings.max_mb * BYTES_IN_MB,
        limit=LINES,
    )


async def tend_history_always(assembly: Assembly) -> None:
    """Tend it again and again."""
    while True:
        await tend_history(assembly)
        await anyio.sleep(EVERY_S)


async def take_times_back(assembly: Assembly, rest_s: float = REST_S) -> None:
    """Look once through everything for times that a clock which was ahead has left.

    Whatever lies ahead would count as young until its time comes. A start takes back what it knows
    of, where the clock was set back since; this finds what it cannot know of.

    Args:
        rest_s: seconds between two steps.
    """
    store, clock = assembly.store.provenance, assembly.environment.clock
    before: Stretch | None = None
    while (found := await store.times_ahead(before, ROWS, clock.now())) is not None:
        before, ahead = found
        if ahead:
            await store.take_times_back(before, clock.now())
        await anyio.sleep(rest_s)
