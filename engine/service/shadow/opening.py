"""Opening a service that only looks: its own state, the real systems, and nothing sent to either.

Tokens that are minted on the way are kept in the real state, where the service that writes will
look for them: a refresh token that was used is used up. Nobody writes while this one looks.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import anyio
import structlog

from engine.assembly.assembly import Assembly
from engine.assembly.environment import Environment, Systems
from engine.assembly.opening import opened
from engine.config.loading import Config
from engine.service.shadow import book, source, target
from engine.service.shadow.book import HELD, Book
from engine.service.shadow.comparing import Comparing
from engine.service.shadow.known import Known
from engine.service.shadow.reading import numbers
from engine.service.shadow.target import ShadowTarget
from engine.store.sqlite import scratch

log = structlog.get_logger(component="shadow")


@dataclass(slots=True)
class Shadow:
    """What a service that only looks has beside its assembly."""

    assembly: Assembly
    book: Book
    target: ShadowTarget
    comparing: Comparing

    def document(self) -> dict[str, Any]:
        """Since when, and in numbers, as JSON can carry it."""
        return numbers(self.book.connection).document()

    async def keep(self) -> None:
        """Everything that goes on beside the actors, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.comparing.run)
            tasks.start_soon(self._let_go)

    async def _let_go(self) -> None:
        """What the fuse holds is let go, for nothing is sent; how much it was is told."""
        fuse, clock = self.assembly.store.fuse, self.assembly.environment.clock
        while True:
            await anyio.sleep(self.comparing.every_s)
            self.target.begin_anew()
            held = await fuse.held()
            if held.tripped:
                self.book.set_fact(HELD, max(held.records, self.book.fact(HELD) or 0))
                await fuse.release(clock.now())
                log.info("fuse_would_hold", records=held.records)


@asynccontextmanager
async def opened_in_shadow(config: Config, environment: Environment) -> AsyncGenerator[Shadow]:
    """Everything built for a service that only looks.

    Args:
        config: in shadow.

    Raises:
        StateInUse: the service that writes runs.
        EngineError: as `opened`.
    """
    real_state = environment.place(config.in_earnest())
    # What the actors say of a record was not really done: each line says so.
    with real_state.hold(keep=True), structlog.contextvars.bound_contextvars(shadow=True):
        place = config.engine.service.state_dir
        kept: list[tuple[Book, ShadowTarget, Comparing]] = []

        @contextmanager
        def stand_in(real: Systems) -> Generator[Systems]:
            with (
                book.opened(place / book.FILE_NAME, environment.clock) as noted,
                scratch.looking(place / scratch.FILE_NAME) as state,
            ):
                known = Known(state, noted.connection)
                connectors = config.connectors
                looked = target.shadowed(real.target, connectors.target, noted, known)
                shown = source.shadowed(real.source, connectors.source, noted, known)
                every_s = config.engine.poller.interval_s
                comparing = Comparing(noted, known, real.source, real.target, every_s)
                kept.append((noted, looked, comparing))
                yield replace(real, source=shown, target=target.behind_the_gate(looked))

        async with opened(config, environment, real_state.vault, stand_in) as assembly:
            log.warning("in_shadow", reason="nothing is sent that changes anything")
            yield Shadow(assembly, *kept[0])
