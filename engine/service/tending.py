"""Tending the history: what is older, or more, than it may be goes in small steps."""

from __future__ import annotations

import anyio

from engine.assembly.assembly import Assembly

EVERY_S = 60.0
# So many lines go in one transaction, so that nobody waits for it, and so soon go the next ones.
LINES = 200
PAUSE_S = 0.05
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
