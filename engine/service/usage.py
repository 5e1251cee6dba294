"""Usage: the requests spent, and the time lived, kept so that a restart does not forget them."""

from __future__ import annotations

import anyio

from engine.assembly.assembly import Assembly
from engine.assembly.opening import plain_errors
from engine.loop import to_next

EVERY_S = 10.0


async def keep_usage(assembly: Assembly) -> None:
    """Keep the target's request counts now, and that we are alive."""
    budget = assembly.systems.target_governor.budget
    name = assembly.config.connectors.target.name
    now, dates = assembly.environment.clock.now(), assembly.systems.dates.told()
    sample = await assembly.store.report.behind(now)
    minutes, days = dict(budget.minutes), dict(budget.days)
    # Side by side they are one commit.
    with plain_errors():
        async with anyio.create_task_group() as tasks:

            async def note_life() -> None:
                await assembly.store.provenance.note_life(now, dates)

            tasks.start_soon(note_life)
            await assembly.store.kept.save_usage(name, minutes, days, sample)


async def keep_usage_always(assembly: Assembly) -> None:
    """Keep them again and again."""
    while True:
        await anyio.sleep(to_next(EVERY_S))
        await keep_usage(assembly)
