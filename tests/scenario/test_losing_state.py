"""Losing the state file must neither duplicate nor corrupt anything."""

from __future__ import annotations

import pytest

from tests.scenario.bench import CREATE, SEARCH, UPDATE, Bench

pytestmark = pytest.mark.anyio


async def test_a_lost_state_is_rebuilt_without_duplicates(world: Bench) -> None:
    """Both systems know enough: the ids in Workbooks, the values in Outreach."""
    equal = world.has("Harbour crane", comment="Two hooks")
    differs = world.has("Dry dock")
    await world.once()
    world.forget_state()
    world.edit(differs, description="Dry dock, flooded")
    new = world.has("Lighthouse")

    world.forget_traffic()
    result = await world.once()

    assert world.twin(differs).attributes["name"] == "Dry dock, flooded"
    assert world.twin(equal).attributes["name"] == "Harbour crane"
    assert world.twin(new)
    assert world.outreach_traffic.counts[CREATE] == 1
    assert world.outreach_traffic.counts[UPDATE] == 1
    assert world.outreach_traffic.counts[SEARCH] == 0
    assert [seen.sent for seen in world.outreach_seen if seen.method == "PATCH"] == [{"name"}]
    assert result.counts.linked == 3


async def test_a_state_lost_at_rest_is_rebuilt_without_a_write(world: Bench) -> None:
    """Equal on both sides means nothing to send and nothing to write back."""
    records = [world.has_valued(f"Row {number}", "99.50") for number in range(5)]
    await world.once()
    versions = [world.record(record)["lock_version"] for record in records]
    world.forget_state()

    world.forget_traffic()
    await world.once()

    methods = {method for method, path in world.outreach_traffic.counts if "oauth" not in path}
    assert methods == {"GET"}
    assert [world.record(record)["lock_version"] for record in records] == versions
