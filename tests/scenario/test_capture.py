"""Rules 1 and 2: what is picked up, what is left alone, and what a poll costs."""

from __future__ import annotations

import pytest

from tests.scenario.bench import CREATE, OPPORTUNITIES, START, Bench

pytestmark = pytest.mark.anyio

BULK = 250
CUT = {"page_size": 7}


async def test_created_and_updated_records_are_picked_up(world: Bench) -> None:
    """It is what the whole service is for."""
    record = world.has("Harbour crane")
    await world.once()

    world.edit(record, description="Harbour crane, two of them")
    other = world.has("Dry dock")
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane, two of them"
    assert world.twin(other).attributes["name"] == "Dry dock"
    assert len(world.outreach.opportunities) == 2


@pytest.mark.parametrize("page_size", [100, 7])
async def test_a_bulk_import_sharing_one_second_arrives_whole(world: Bench, page_size: int) -> None:
    """Paging by time alone would lose or repeat rows at the edge of each page."""
    world.settings["workbooks"]["page_size"] = page_size
    moment = int(START) - 3600
    bulk = [
        world.has(f"Row {number}", created_at=moment, updated_at=moment) for number in range(BULK)
    ]

    result = await world.once()

    assert (result.changed, result.counts.linked) == (BULK, BULK)
    assert sorted(world.twin(record).id for record in bulk) == [
        row.id for row in world.outreach.opportunities.rows()
    ]
    assert world.outreach_traffic.counts[CREATE] == BULK


async def test_a_run_with_nothing_new_costs_one_read_of_changes(world: Bench) -> None:
    """The steady state must be free for Outreach and cheap for Workbooks."""
    world.has("Harbour crane")
    await world.once()

    world.forget_traffic()
    result = await world.once()

    assert result.changed == 0
    assert world.outreach_traffic.total == 0
    page = [seen for seen in world.workbooks_seen if seen.form.get("_limit") == ["100"]]
    assert [seen.path for seen in page if seen.path == OPPORTUNITIES] == [OPPORTUNITIES]


async def test_unticked_flagged_and_deleted_records_are_left_alone(world: Bench) -> None:
    """Nobody asked for these to appear in Outreach."""
    unticked = world.has("Unticked", cf_opportunity_sync_to_outreach=False)
    world.has("Flagged", cf_opportunity_outreach_sync_error=True)
    world.workbooks.opportunities.delete(world.has("Deleted"))
    await world.once()
    assert len(world.outreach.opportunities) == 0

    world.edit(unticked, cf_opportunity_sync_to_outreach=True)
    await world.once()

    assert world.twin(unticked).attributes["name"] == "Unticked"
    assert len(world.outreach.opportunities) == 1


async def test_an_unticked_record_is_not_updated_any_more(world: Bench) -> None:
    """Unticking is how a person takes a record out of the sync."""
    record = world.has("Harbour crane")
    await world.once()

    world.edit(record, cf_opportunity_sync_to_outreach=False, description="Private now")
    await world.once()
    assert world.twin(record).attributes["name"] == "Harbour crane"

    world.edit(record, cf_opportunity_sync_to_outreach=True)
    await world.once()

    assert world.twin(record).attributes["name"] == "Private now"


async def test_the_sweep_finds_an_unlinked_record_behind_the_watermark(world: Bench) -> None:
    """Sharing a record with our user moves no time, so the fast poll cannot see it."""
    hidden = world.has("Shared late", updated_at=int(START) - 86_400)
    world.workbooks.opportunities.hide(hidden)
    world.has("Seen at once", updated_at=int(START) - 3600)
    world.has("New")
    await world.once()
    world.workbooks.opportunities.show(hidden)
    await world.once()
    assert world.twins(hidden) == []

    world.clock.advance(3601)
    await world.once()

    assert world.twin(hidden).attributes["name"] == "Shared late"
