"""Planning: a rehearsal beside the running service, or of a state that nobody works on."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from typing import IO

from engine.assembly.assembly import Assembly
from engine.assembly.environment import Environment, Systems, open_systems
from engine.assembly.opening import pair, plain_errors, take_over
from engine.config.loading import Config
from engine.model.plan import End
from engine.service.adopting.adopting import Adopting
from engine.service.planning.files import Writing
from engine.service.planning.rehearsal import Rehearsal, Wanted, scratch_store


async def plan_alone(
    config: Config, wanted: Wanted, out: IO[str], environment: Environment | None = None
) -> End:
    """Write the plan of what `once` would do; the state stays as it is, but for tokens.

    Raises:
        StateInUse: the service runs.
        EngineError: see `Rehearsal.write`.
    """
    with plain_errors():
        return await _alone(config, wanted, out, environment or Environment.real())


async def _alone(config: Config, wanted: Wanted, out: IO[str], environment: Environment) -> End:
    place = environment.place(config)
    with place.hold(keep=False) as seen:
        async with scratch_store(place, alone=True) as (store, copy):
            await take_over(config, store, place, seen, environment.clock.now())

            def systems() -> AbstractAsyncContextManager[Systems]:
                # Whatever the rehearsal does, nothing that changes anything leaves.
                looking, metrics = replace(config, shadow=True), environment.metrics()
                return open_systems(
                    looking, environment, store, metrics, place.vault, guard=place.guard
                )

            making = _maker(wanted)(
                config, environment, systems, store, copy, pair(config), wanted, beside=False
            )
            return await making.write(Writing(out))


async def plan_beside(assembly: Assembly, wanted: Wanted, out: IO[str]) -> End:
    """The same inside the running service: its clients, its budget, a copy of its state.

    Raises:
        EngineError: see `Rehearsal.write`.
    """
    config, environment = assembly.config, assembly.environment
    with plain_errors():
        async with scratch_store(environment.place(config), alone=False) as (store, copy):
            making = _maker(wanted)(
                config,
                environment,
                lambda: nullcontext(assembly.systems),
                store,
                copy,
                pair(config),
                wanted,
                beside=True,
            )
            return await making.write(Writing(out))


def _maker(wanted: Wanted) -> type[Rehearsal] | type[Adopting]:
    """Who makes such a plan."""
    return Adopting if wanted.adopts else Rehearsal
