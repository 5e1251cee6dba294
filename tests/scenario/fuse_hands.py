"""What the tests of the fuse share: what is held, what was written, and the operator's approval."""

from __future__ import annotations

from contextlib import closing

import anyio

from engine.cli import approving
from engine.model.mass_change import Held
from engine.store.sqlite import fuse, statefile
from tests.scenario.bench import Bench

READINGS = {"GET", "HEAD"}
TOKEN = "/oauth/token"  # a path


def held(world: Bench) -> Held:
    """What the fuse holds."""
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        return fuse.held(connection)


def written(world: Bench) -> set[tuple[str, str]]:
    """Whatever was written to either system, by method and path."""
    return {
        (method, path)
        for traffic in (world.outreach_traffic, world.workbooks_traffic)
        for method, path in traffic.counts
        if method not in READINGS and path != TOKEN
    }


async def approve(world: Bench) -> None:
    """What an operator types."""
    world.config()
    path = world.directory / "config.toml"
    await anyio.to_thread.run_sync(lambda: approving.approve(path, yes=True))


async def past_the_overlap(world: Bench) -> None:
    """From now on no poll reads what was synced so far again."""
    # The first of these sees our own write-backs, and only the second is far enough behind them.
    for _ in range(2):
        world.clock.advance(60)
        await world.once()


async def held_linked(world: Bench, number: int = 4, *people: int) -> list[int]:
    """So many linked records whose mapping has changed, held by the fuse; with these people."""
    records = [world.has(f"Crane {one}") for one in range(number)]
    for record in records if people else ():
        world.puts(record, *((one, "Buyer") for one in people))
    world.settings["fuse"] = {"records_min": 1, "share": 0.0}
    await world.once()
    await world.once()
    world.settings["mapping.opportunity"] = {"name": {"template": "{description}!"}}
    assert (await world.once()).held.records == number
    world.forget_traffic()
    return records
