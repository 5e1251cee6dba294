"""What target records hold is learned for a hundred at a time, where the collection may tell it."""

from __future__ import annotations

import pytest

from connectors.sandbox.faults import Fault
from tests.scenario.bench import CREATE, READ, SEARCH, UPDATE, Bench

pytestmark = pytest.mark.anyio

NUMBER = 120
# A hundred in each reading, and a few where a record was due before the others were.
READINGS = 4
# Long enough for whatever was sent to show.
DAY_S = 86_400
LAG_S = 60.0
COLLECTION = SEARCH[1]


async def lost(world: Bench, number: int = NUMBER, *, after_s: float = DAY_S) -> list[int]:
    """So many records in step, whose state is lost some time after their last edit."""
    records = [world.has(f"Crane {one}") for one in range(number)]
    await world.once()
    await world.once()
    world.clock.advance(after_s)
    world.forget_state()
    world.forget_traffic()
    return records


def ids(world: Bench, records: list[int]) -> set[str]:
    """The ids that the records carry."""
    return {str(world.record(one)["outreach_id"]) for one in records}


async def test_a_lost_state_is_learned_a_hundred_at_a_time(world: Bench) -> None:
    """Nothing is written, and no record is looked at by itself."""
    records = await lost(world)
    before = ids(world, records)

    await world.once()

    counts = world.outreach_traffic.counts
    assert 1 <= counts[SEARCH] <= READINGS
    assert (counts[READ], counts[CREATE], counts[UPDATE]) == (0, 0, 0)
    assert ids(world, records) == before
    assert world.reasons() == {}


async def test_what_differs_is_sent(world: Bench) -> None:
    """It was edited while nobody looked, or somebody has edited it in Outreach."""
    records = await lost(world)
    world.outreach.opportunities.update(world.twin(records[7]).id, {"name": "By hand"})

    await world.once()

    assert world.outreach_traffic.counts[UPDATE] == 1
    assert world.twin(records[7]).attributes["name"] == "Crane 7"


async def test_what_was_edited_lately_is_looked_at_by_itself(world: Bench) -> None:
    """A former life may have sent what the collection does not show yet: it was edited back."""
    records = await lost(world, 5)
    await world.once()
    world.outreach.knobs.index_lag_s = LAG_S
    world.edit(records[0], description="For a moment")
    await world.once()
    assert world.twin(records[0]).attributes["name"] == "For a moment"
    world.edit(records[0], description="Crane 0")
    world.forget_state()

    await world.once()

    assert world.twin(records[0]).attributes["name"] == "Crane 0"


@pytest.mark.parametrize("status", [400, 403, 404, 414, 500])
async def test_a_front_that_takes_one_id_at_a_time_loses_nothing(world: Bench, status: int) -> None:
    """Only what a single record is answered is meant for it."""
    records = await lost(world, 12)
    world.outreach_fault(
        Fault(path="/opportunities$", query=r"filter\[id\]=\d+,", status=status, text="no")
    )

    await world.once()

    assert world.outreach_traffic.counts[READ] == len(records)
    assert world.outreach_traffic.counts[CREATE] == 0
    assert world.reasons() == {}


@pytest.mark.parametrize("how", ["deleted", "trashed"])
async def test_what_the_collection_does_not_show_is_looked_at_by_itself(
    world: Bench, how: str
) -> None:
    """That it is gone is told by itself alone."""
    records = await lost(world, 12)
    twin = world.twin(records[3]).id
    if how == "deleted":
        world.outreach.opportunities.delete(twin)
    else:
        world.outreach.opportunities.update(twin, {"trashedAt": "2026-01-01T00:00:00.000Z"})

    await world.once()

    assert {one.path for one in world.outreach_seen if one.path.startswith(f"{COLLECTION}/")} == {
        f"{COLLECTION}/{twin}"
    }
    assert list(world.reasons()) == [f"OPP-{records[3]}"]
