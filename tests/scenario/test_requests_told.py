"""What a record has cost is told with it: requests to both systems, decision by decision."""

from __future__ import annotations

import pytest

from tests.scenario.asking_hands import why_offline
from tests.scenario.bench import Bench

pytestmark = pytest.mark.anyio


async def test_the_requests_that_were_spent_on_a_record_are_told(world: Bench) -> None:
    """A create is one, and so is each edit; what is read for many counts for whoever asked."""
    record, other = world.has("Harbour crane"), world.has("Gantry crane")
    await world.once()
    created = why_offline(world, f"OPP-{record}")["requests"]
    before = why_offline(world, f"OPP-{other}")["requests"]
    for name in ("Crane", "Old crane"):
        world.edit(record, description=name)
        await world.once()

    told = why_offline(world, f"OPP-{record}")["requests"]

    assert created["number"] >= 1
    assert told["number"] == created["number"] + 2
    assert told["since"] == created["since"]
    assert why_offline(world, f"OPP-{other}")["requests"] == before
