"""The hands of an operator: beside a service that does nothing by itself, and on the state."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from engine.cli.acting import done_in
from engine.model.acting import Act, Request
from engine.model.reason import Code
from engine.service.acting import Acting
from engine.store.places import done
from engine.store.sqlite import statefile
from engine.store.sqlite.standing import StandingStore
from tests.scenario.asking_hands import started
from tests.scenario.bench import Bench

Told = dict[str, Any]


async def retry(
    world: Bench, *names: object, code: Code | None = None, everything: bool = False
) -> Told:
    """`wosync retry`."""
    return await act(world, Request(Act.RETRY, _texts(names), code, everything))


async def skip(world: Bench, *names: object, reason: str = "being merged") -> Told:
    """`wosync skip`."""
    return await act(world, Request(Act.SKIP, _texts(names), reason=reason))


async def unskip(world: Bench, *names: object) -> Told:
    """`wosync unskip`."""
    return await act(world, Request(Act.UNSKIP, _texts(names)))


async def resync(world: Bench, *names: object) -> Told:
    """`wosync resync`."""
    return await act(world, Request(Act.RESYNC, _texts(names)))


async def act(world: Bench, request: Request) -> Told:
    """Ask the running service."""
    async with started(world) as assembly:
        return await Acting(assembly, request).answer()


def act_offline(world: Bench, request: Request) -> Told:
    """The same while no service runs."""
    path = world.state / statefile.FILE_NAME
    with closing(statefile.connect(path)) as connection:
        store = StandingStore(connection)
        return done(done_in(store, world.config(), request, world.clock.now()))


def did(told: Told) -> dict[str, str]:
    """What was done, by reference."""
    return {one["ref"]: one["did"] for one in told["done"]}


def _texts(names: tuple[object, ...]) -> tuple[str, ...]:
    """A number is that of an opportunity."""
    return tuple(f"OPP-{one}" if isinstance(one, int) else str(one) for one in names)
