"""The hands of those who ask why: of the engine over both worlds, and of the state alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from engine.assembly.assembly import Assembly
from engine.assembly.opening import opened
from engine.cli.why_offline import from_state
from engine.service.why.asking import Asking
from engine.store.places import done
from engine.store.sqlite import statefile
from engine.store.sqlite.standing import looking
from tests.scenario.bench import Bench


@asynccontextmanager
async def started(world: Bench) -> AsyncGenerator[Assembly]:
    """An engine that has taken its start-up steps, and does nothing by itself."""
    async with opened(world.config(), world.environment()) as assembly:
        for step in assembly.systems.source.steps():
            await step.run()
        if assembly.mappings.customised:
            for step in assembly.systems.target.steps()[1:]:
                await step.run()
        await assembly.mappings.load()
        yield assembly


async def why(world: Bench, text: object, *, live: bool = True) -> dict[str, Any]:
    """What is answered to whoever asks beside the service."""
    async with started(world) as assembly:
        return await Asking(assembly, live).answer(str(text))


def why_offline(world: Bench, text: object) -> dict[str, Any]:
    """What is answered while no service runs."""
    path = world.state / statefile.FILE_NAME
    with looking(path) as store:
        return done(from_state(store, world.config(), str(text), world.clock.now()))


def remedy(told: dict[str, Any]) -> str:
    """Everything that is to be done, as one text."""
    return " ".join(step for one in told["remedies"] for step in one["steps"])
