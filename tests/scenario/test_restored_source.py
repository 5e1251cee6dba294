"""Workbooks put back from a backup: versions count from lower again, and edits count as ever."""

from __future__ import annotations

import pytest

from tests.scenario.bench import CREATE, UPDATE, Bench

pytestmark = pytest.mark.anyio

HOUR_S = 3600


async def synced(world: Bench, number: int = 1, edits: int = 5) -> list[int]:
    """Records in step after some edits, so that a backup has lower versions."""
    records = [world.has(f"Row {each}") for each in range(number)]
    await world.once()
    for edit in range(edits):
        for record in records:
            world.edit(record, description=f"Edit {edit}")
    await world.once()
    world.clock.advance(900)
    await world.once()
    world.forget_traffic()
    return records


def put_back(world: Bench, record: int, name: str, *, age_s: int = HOUR_S) -> None:
    """The record as a backup has it: another name, an earlier time, a lower version."""
    table = world.workbooks.opportunities
    world.edit(record, description=name)
    table.restamp(record, updated_at=int(world.clock.now()) - age_s, lock_version=1)


def name_of(world: Bench, record: int) -> object:
    """Its name in Outreach."""
    return world.twin(record).attributes["name"]


async def test_an_edit_after_a_restore_arrives_with_the_next_poll(world: Bench) -> None:
    """Its version is lower than the one we know, and its time is not."""
    [record] = await synced(world)
    put_back(world, record, "From the backup")

    world.edit(record, description="Edited since")
    await world.once()

    assert name_of(world, record) == "Edited since"
    assert "set back" in [line.decision for line in world.history(record)]
    world.edit(record, description="And again")
    await world.once()
    assert name_of(world, record) == "And again"


async def test_an_edit_that_counts_up_to_just_the_version_we_know_arrives(world: Bench) -> None:
    """One number stands for two states."""
    [record] = await synced(world)
    known = world.record(record)["lock_version"]
    assert isinstance(known, int)
    put_back(world, record, "From the backup")
    world.workbooks.opportunities.restamp(record, lock_version=known - 1)

    world.edit(record, description="Edited since")
    await world.once()

    assert name_of(world, record) == "Edited since"


async def test_what_nobody_has_edited_since_is_found_by_the_audit(world: Bench) -> None:
    """No poll shows it; an audit page is no late read."""
    world.settings["poller"] = {"sweep_interval_s": HOUR_S, "audit_interval_s": HOUR_S}
    [record] = await synced(world)
    put_back(world, record, "From the backup", age_s=10 * HOUR_S)

    await world.once()
    assert name_of(world, record) != "From the backup"
    world.clock.advance(HOUR_S + 1)
    await world.once()

    assert name_of(world, record) == "From the backup"


async def test_many_records_put_back_wait_for_an_approval(world: Bench) -> None:
    """A restore must not undo in Outreach what nobody has looked at."""
    world.settings["poller"] = {"sweep_interval_s": HOUR_S, "audit_interval_s": HOUR_S}
    world.settings["fuse"] = {"share": 0.3, "records_min": 5}
    records = await synced(world, 40, edits=2)
    for record in records:
        put_back(world, record, "From the backup", age_s=10 * HOUR_S)

    world.clock.advance(HOUR_S + 1)
    await world.once()

    assert "From the backup" not in {name_of(world, record) for record in records}
    assert world.outreach_traffic.counts[UPDATE] == 0


async def test_our_own_write_back_after_a_restore_is_no_news(world: Bench) -> None:
    """The id was not in the backup; it is told again, and costs nothing after."""
    [record] = await synced(world)
    world.edit(record, cf_opportunity_outreach_id="", cf_opportunity_outreach_url="")
    put_back(world, record, "From the backup")
    world.edit(record, description="Edited since")
    # So that the version that it makes has another time than the one before.
    world.just_before_a_write_back(lambda: world.clock.advance(5))

    await world.once()

    assert name_of(world, record) == "Edited since"
    assert world.outreach_traffic.counts[CREATE] == 0
    world.forget_traffic()
    result = await world.once()
    assert (result.changed, world.outreach_traffic.total) == (0, 0)


async def test_an_edit_that_counts_up_to_the_version_of_our_write_back_arrives(
    world: Bench,
) -> None:
    """Nobody has shown us that version yet, but it carries no id, and ours did."""
    record = world.has("Harbour crane")
    await world.once()
    written = world.record(record)["lock_version"]
    assert isinstance(written, int)
    world.edit(record, cf_opportunity_outreach_id="", cf_opportunity_outreach_url="")
    put_back(world, record, "From the backup")
    world.workbooks.opportunities.restamp(record, lock_version=written - 1)

    world.edit(record, description="Edited since")
    await world.once()

    assert name_of(world, record) == "Edited since"
    assert world.outreach_traffic.counts[CREATE] == 1
