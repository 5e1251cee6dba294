"""Opening: the state directory, the store and both systems, for as long as they are needed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

from engine.assembly.assembly import Assembly
from engine.assembly.building import assemble
from engine.assembly.outside import Outside, open_systems
from engine.config.loading import Config
from engine.errors import first_engine_error
from engine.store import kept, statedir, statefile


@asynccontextmanager
async def opened(config: Config, outside: Outside) -> AsyncGenerator[Assembly]:
    """Everything built, nothing sent yet; the state directory is ours for the block.

    When the block fails before anything worth keeping was stored in a state made just now, that
    state is taken away again.
    """
    state_dir = config.engine.service.state_dir
    path = state_dir / statefile.FILE_NAME
    with statedir.lease(state_dir) as made:
        fresh = not path.exists()
        try:
            metrics = outside.metrics()
            async with outside.open_store(path, metrics.commits.observe) as store:
                await store.write(kept.claim_pair, pair(config))
                async with open_systems(config, outside, store, metrics) as systems:
                    yield assemble(config, outside, store, systems, metrics)
        except BaseException:
            if fresh:
                statefile.discard_if_empty(path, directory=made)
            raise


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
