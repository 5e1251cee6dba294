"""Opening: the state, the store and both systems, for as long as they are needed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import (
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from dataclasses import dataclass

import structlog

from engine.assembly.assembly import Assembly
from engine.assembly.building import assemble
from engine.assembly.environment import Environment, Systems, open_systems
from engine.config.loading import Config
from engine.errors import first_engine_error
from engine.model.age import Seen
from engine.ports import Vault
from engine.store.places import ensure_in_use
from engine.store.port.place import Place
from engine.store.port.store import Store

log = structlog.get_logger(component="service")


@dataclass(frozen=True, slots=True)
class Held:
    """A state that is ours alone.

    Args:
        seen: what lies beside it, as `Place.hold` has told.
    """

    place: Place
    seen: Seen | None


@asynccontextmanager
async def opened(
    config: Config,
    environment: Environment,
    vaults: Callable[[str], Vault] | None = None,
    stand_in: Callable[[Systems], AbstractContextManager[Systems]] = nullcontext,
) -> AsyncGenerator[Assembly]:
    """Everything built, nothing sent yet; the state is ours for the block.

    Args:
        vaults: as in `open_systems`.
        stand_in: gives what takes the place of both systems.

    When the block fails before anything worth keeping was stored in a state made just now, that
    state is taken away again.
    """
    place = environment.place(config)
    with place.hold(keep=True) as seen:
        held = Held(place, seen)
        async with opened_on(config, environment, held, vaults, stand_in) as assembly:
            yield assembly


@asynccontextmanager
async def opened_on(
    config: Config,
    environment: Environment,
    held: Held,
    vaults: Callable[[str], Vault] | None = None,
    stand_in: Callable[[Systems], AbstractContextManager[Systems]] = nullcontext,
) -> AsyncGenerator[Assembly]:
    """The same on a state that is held."""
    place, metrics = held.place, environment.metrics()
    async with place.open(metrics.commits.observe) as store:
        await take_over(config, store, place, held.seen, environment.clock.now())
        async with open_systems(
            config, environment, store, metrics, vaults, guard=place.guard
        ) as real:
            with stand_in(real) as systems:
                yield assemble(config, environment, store, systems, metrics)
            now, dates = environment.clock.now(), real.dates.told()
            await store.provenance.note_life(now, dates, ended=True)


async def take_over(
    config: Config, store: Store, place: Place, seen: Seen | None, now: float
) -> None:
    """Make sure that the state is that of this pair and this installation, and how old it is.

    Args:
        seen: the mark beside it, as it was before anything was written.

    Raises:
        StateUnusable: it is another pair's, or at work somewhere else.
    """
    # Before anything is written: one that was moved may have a mark in common with the one in use.
    await ensure_in_use(store)
    await store.kept.claim_pair(pair(config))
    here = place.installation(config.engine.service.instance)
    aged = await store.provenance.begin(here, seen, now)
    if aged is not None:
        log.error(
            "state_of_unknown_age",
            reason=aged.reason,
            remedy="nothing is to be done: what is in the target is read before it is written, and"
            " looked for before it is created; if two services run, stop one",
        )


def pair(config: Config) -> str:
    """The two systems a state belongs to."""
    connectors = config.connectors
    return (
        f"{connectors.source.name} at {config.source.base_url}"
        f" and {connectors.target.name} at {config.target.base_url}"
    )


@contextmanager
def plain_errors() -> Generator[None]:
    """The engine's own error in place of the task groups' wrapping around it."""
    try:
        yield
    except BaseExceptionGroup as group:
        known = first_engine_error(group)
        if known is None:
            raise
        raise known from group
