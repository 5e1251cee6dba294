"""The mass-change fuse: a mistake in the mapping must not rewrite everything over night."""

from __future__ import annotations

import anyio
import pytest

from connectors.sandbox.faults import Fault
from engine.cli import approving
from tests.scenario.bench import UPDATE, Bench

pytestmark = pytest.mark.anyio


def names(world: Bench, records: list[int]) -> list[object]:
    """What the records are called in Outreach."""
    return [world.twin(record).attributes["name"] for record in records]


async def linked(world: Bench, number: int) -> list[int]:
    """So many records, synced."""
    records = [world.has(f"Row {one}", comment=f"Comment {one}") for one in range(number)]
    await world.once()
    return records


async def approve(world: Bench) -> None:
    """What an operator types."""
    world.config()
    await anyio.to_thread.run_sync(approving.approve, world.directory / "config.toml")


async def test_a_mapping_that_would_change_too_much_waits_for_an_approval(world: Bench) -> None:
    """Nothing is sent before it is known how much it is."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 2}
    records = await linked(world, 10)
    world.settings["mapping.opportunity"] = {"name": "comment"}
    world.forget_traffic()

    result = await world.once()

    assert result.counts.pending == 10
    assert world.outreach_traffic.counts[UPDATE] == 0
    assert names(world, records) == [f"Row {one}" for one in range(10)]

    await approve(world)
    await world.once()
    assert names(world, records) == [f"Comment {one}" for one in range(10)]


async def test_a_fresh_edit_goes_on_while_the_others_are_held(world: Bench) -> None:
    """Whoever works today must not wait for a decision about everything else."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 2}
    records = await linked(world, 10)
    world.settings["mapping.opportunity"] = {"name": "comment"}
    await world.once()

    world.edit(records[0], comment="Edited by hand")
    await world.once()

    assert names(world, records) == ["Edited by hand", *(f"Row {one}" for one in range(1, 10))]


async def test_a_small_change_of_the_mapping_goes_on_by_itself(world: Bench) -> None:
    """A fuse that trips for every change would be bridged."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 200}
    records = await linked(world, 4)
    world.settings["mapping.opportunity"] = {"name": "comment"}

    result = await world.once()

    assert result.counts.pending == 0
    assert names(world, records) == [f"Comment {one}" for one in range(4)]


async def test_what_is_held_survives_a_restart_and_a_revert_lets_it_go(world: Bench) -> None:
    """Taking the mistake back is as good as an approval."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 2}
    records = await linked(world, 6)
    world.settings["mapping.opportunity"] = {"name": "comment"}
    await world.once()
    await world.once()
    world.settings["mapping.opportunity"] = {"name": "description"}
    world.forget_traffic()

    result = await world.once()

    assert result.counts.pending == 0
    assert world.outreach_traffic.counts[UPDATE] == 0
    assert names(world, records) == [f"Row {one}" for one in range(6)]


async def test_one_record_that_cannot_be_evaluated_keeps_nobody_waiting(world: Bench) -> None:
    """A deleted twin or a failing read is one record's trouble."""
    records = await linked(world, 5)
    world.outreach.opportunities.delete(world.twin(records[4]).id)
    world.settings["mapping.opportunity"] = {"name": "comment", "nextStep": "comment"}
    world.outreach_fault(Fault(method="GET", path="/opportunities/", status=500, times=1))

    await world.once()

    assert names(world, records[:4]) == [f"Comment {one}" for one in range(4)]


async def test_roles_are_not_removed_in_masses_without_an_approval(world: Bench) -> None:
    """A slip in Workbooks that empties the tabs must not empty Outreach over night."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 1}
    world.settings["contacts"] = {"source": "arrays"}
    world.settings["poller"] = {"sweep_interval_s": 0.001}
    ada = world.knows("Ada Byron")
    records = [world.has(f"Row {one}") for one in range(40)]
    for record in records:
        world.puts(record, (ada, "Partner"))
    await world.once()
    # Past the overlap, no poll reads these records again.
    world.clock.advance(60)
    await world.once()
    told = world.told(ada)

    for record in records:
        world.puts(record)
    await world.once()
    assert [world.roles(record) for record in records] == [[(told, "Partner")]] * 40

    await approve(world)
    await world.once()
    assert [world.roles(record) for record in records] == [[]] * 40
