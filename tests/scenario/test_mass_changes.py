"""The mass-change fuse: a mistake in the mapping must not rewrite everything over night."""

from __future__ import annotations

from contextlib import closing

import anyio
import pytest

from connectors.sandbox.faults import Fault
from engine.actors import fuse_keeper, mapping_reader
from engine.cli import approving
from engine.store.sqlite import fuse, statefile
from tests.scenario.bench import UPDATE, Bench, running, until

pytestmark = pytest.mark.anyio


def names(world: Bench, records: list[int]) -> list[object]:
    """What the records are called in Outreach."""
    return [world.twin(record).attributes["name"] for record in records]


async def linked(world: Bench, number: int) -> list[int]:
    """So many records, synced."""
    records = [world.has(f"Row {one}", comment=f"Comment {one}") for one in range(number)]
    await world.once()
    return records


async def past_the_overlap(world: Bench) -> None:
    """From now on no poll reads what was synced so far again."""
    # The first of these sees our own write-backs, and only the second is far enough behind them.
    for _ in range(2):
        world.clock.advance(60)
        await world.once()


async def approve(world: Bench) -> None:
    """What an operator types."""
    world.config()
    path = world.directory / "config.toml"
    await anyio.to_thread.run_sync(lambda: approving.approve(path, yes=True))


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
    await past_the_overlap(world)
    told = world.told(ada)

    for record in records:
        world.puts(record)
    await world.once()
    assert [world.roles(record) for record in records] == [[(told, "Partner")]] * 40

    await approve(world)
    await world.once()
    assert [world.roles(record) for record in records] == [[]] * 40


async def test_a_mapping_that_would_have_everything_refused_flags_nobody(world: Bench) -> None:
    """Hundreds of flags would have to be reset by hand, for one slip of the pen."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 2}
    records = await linked(world, 10)
    world.settings["mapping.opportunity"] = {"probability": "comment"}

    result = await world.once()

    assert (result.counts.refused, result.counts.pending) == (0, 10)
    assert any(one.startswith("held by the fuse: would be refused") for one in world.waiting())
    assert [line.decision for line in world.history(records[0])][-1] == "held by the fuse"

    world.settings["mapping.opportunity"] = {"name": "description"}
    result = await world.once()

    assert (result.counts.refused, result.counts.pending) == (0, 0)
    assert not any(world.record(record)["error"] for record in records)


async def test_few_refusals_by_a_changed_mapping_are_flagged_at_once(world: Bench) -> None:
    """They are what flags are for."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 200}
    await linked(world, 3)
    world.settings["mapping.opportunity"] = {"probability": "comment"}

    result = await world.once()

    assert (result.counts.refused, result.counts.pending) == (3, 0)


async def test_what_is_held_says_what_would_happen(world: Bench) -> None:
    """Whoever decides must be able to look before."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 2}
    records = await linked(world, 10)
    world.settings["mapping.opportunity"] = {"name": "comment"}

    await world.once()

    assert world.waiting() == {"held by the fuse: would send name"}
    [*_, last] = world.history(records[0])
    assert (last.decision, last.detail) == ("held by the fuse", "would send name")


def held(world: Bench) -> int:
    """Edits that the fuse holds, opportunities and tabs."""
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        return fuse.held(connection).records


@pytest.fixture
def slow(world: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A Workbooks that takes longer for a page than the engine to evaluate it, and a keen fuse."""
    monkeypatch.setattr(fuse_keeper, "LOOK_S", 0.002)
    monkeypatch.setattr(mapping_reader, "BATCH_MAX", 5)
    world.settings["fuse"] = {"share": 0.3, "records_min": 5}
    return world


async def test_a_mass_change_that_comes_page_by_page_is_one(slow: Bench) -> None:
    """Each page by itself is small enough to go on, and all of them together are everything."""
    records = await linked(slow, 40)
    slow.settings["mapping.opportunity"] = {"name": "comment"}
    # Time enough to decide over a page before the next, on a busy machine as well.
    slow.workbooks_traffic.latency_s = 0.2
    slow.forget_traffic()

    async with running(slow):
        await until(lambda: held(slow) == 40)

    assert slow.outreach_traffic.counts[UPDATE] == 0
    assert len(names(slow, records)) == 40


async def test_a_sweep_of_many_pages_is_one_mass_change(slow: Bench) -> None:
    """As above, for tabs that are emptied."""
    slow.settings["contacts"] = {"source": "arrays"}
    slow.settings["poller"] = {"sweep_interval_s": 0.001}
    ada = slow.knows("Ada Byron")
    records = [slow.has(f"Row {one}") for one in range(40)]
    for record in records:
        slow.puts(record, (ada, "Partner"))
    await slow.once()
    await past_the_overlap(slow)
    told = slow.told(ada)
    slow.settings["workbooks"]["page_size"] = 5
    slow.workbooks_traffic.latency_s = 0.05

    for record in records:
        slow.puts(record)
    async with running(slow, sweep_interval_s=0.001):
        await until(lambda: held(slow) == 40)

    assert [slow.roles(record) for record in records] == [[(told, "Partner")]] * 40
