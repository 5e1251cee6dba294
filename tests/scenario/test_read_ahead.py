"""What is to be read anew is read a hundred at a time, for whatever reason it is."""

from __future__ import annotations

import pytest

from tests.scenario import fuse_hands
from tests.scenario.acting_hands import resync, retry
from tests.scenario.bench import Bench
from tests.scenario.fuse_hands import held_linked
from tests.scenario.test_undone_imports import readings

pytestmark = pytest.mark.anyio

NUMBER = 120
# A hundred in each reading, and one more where a worker began before the others were due.
READINGS = 3


async def test_what_was_approved_is_read_a_hundred_at_a_time(world: Bench) -> None:
    """It may have waited for days."""
    records = await held_linked(world, NUMBER)
    await fuse_hands.past_the_overlap(world)
    await fuse_hands.approve(world)
    world.forget_traffic()

    await world.once()

    assert {world.twin(one).attributes["name"] for one in records} == {
        f"Crane {one}!" for one in range(NUMBER)
    }
    assert 1 <= readings(world) <= READINGS


async def test_what_somebody_has_repaired_is_read_a_hundred_at_a_time(world: Bench) -> None:
    """Nobody knows what the source shows of it by now."""
    records = [world.has(f"Crane {one}") for one in range(NUMBER)]
    await world.once()
    await fuse_hands.past_the_overlap(world)
    for one in records:
        world.outreach.opportunities.update(world.twin(one).id, {"name": "By hand"})
    await resync(world, *records)
    world.forget_traffic()

    await world.once()

    assert world.twin(records[-1]).attributes["name"] == f"Crane {NUMBER - 1}"
    assert 1 <= readings(world) <= READINGS


async def test_what_is_tried_again_is_read_a_hundred_at_a_time(world: Bench) -> None:
    """Its flag was reset, or is to be."""
    records = [world.has(f"Crane {one}") for one in range(NUMBER)]
    await world.once()
    for one in records:
        world.edit(one, description="x" * 300)
    await world.once()
    await world.once()
    await fuse_hands.past_the_overlap(world)
    await retry(world, everything=True)
    world.forget_traffic()

    await world.once()

    assert len(world.reasons()) == NUMBER
    assert 1 <= readings(world) <= READINGS
