"""What is known already is not sent, or told, a second time."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.scenario.bench import OPPORTUNITIES, Bench
from tests.scenario.people import CREATE_PROSPECT

pytestmark = pytest.mark.anyio


async def test_two_people_with_one_address_cost_one_create(world: Bench) -> None:
    """An organisation that does not keep addresses unique would get two prospects."""
    ada = world.knows("Ada Byron", "office@customer.example")
    grace = world.knows("Grace Hopper", "Office@Customer.example")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Decision maker"), (grace, "Sponsor"))

    await world.once()

    assert world.told(ada) == world.told(grace)
    assert world.outreach_traffic.counts[CREATE_PROSPECT] == 1


async def test_what_a_batch_delivered_is_not_delivered_again_for_one_that_failed(
    world: Bench,
) -> None:
    """The answer tells each row's fate; only the record that moved on is written once more."""
    moved, *others = [world.has(f"Row {number}") for number in range(4)]
    world.just_before_a_write_back(lambda: world.edit(moved, comment="edited meanwhile"))

    await world.once()

    assert world.twin(moved).attributes["description"] == "edited meanwhile"
    assert all(world.twin(record) for record in others)
    # In how many batches they went, and which one was the first, is up to how slow the machine is.
    delivered = Counter(
        number
        for seen in world.workbooks_seen
        if (seen.method, seen.path) == ("PUT", OPPORTUNITIES)
        for number in seen.form["id[]"]
    )
    del delivered[str(moved)]
    assert delivered == Counter(map(str, others))
