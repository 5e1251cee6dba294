"""What nobody has documented: each assumed behaviour of Workbooks in its other shapes."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.sandbox.workbooks import WorkbooksKnobs
from engine.errors import Misconfigured
from tests.scenario.bench import Bench, bench

pytestmark = pytest.mark.anyio


async def test_fields_with_a_numeric_suffix_are_found_by_their_titles(world: Bench) -> None:
    """Installing the plugin twice leaves suffixes that no title shows."""
    fields = world.workbooks.custom_fields
    for name in ("sync_to_outreach", "outreach_sync_error", "outreach_id", "outreach_url"):
        fields.rename(f"cf_opportunity_{name}", f"cf_opportunity_{name}_17")
    record = world.has("Harbour crane")

    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane"


async def test_a_missing_field_is_named_before_anything_is_done(world: Bench) -> None:
    """Syncing without the error flag would hide every failure."""
    world.workbooks.custom_fields.remove("cf_opportunity_outreach_sync_error")
    world.has("Harbour crane")

    with pytest.raises(Misconfigured, match="Outreach Sync Error"):
        await world.once()

    assert world.outreach_traffic.total == 0


KNOBS = {
    "numbers for epochs": WorkbooksKnobs(epoch_as_number=True),
    "JSON arrays": WorkbooksKnobs(array_output="json"),
    "quoted arrays": WorkbooksKnobs(array_quote='"'),
    "no name column": WorkbooksKnobs(assigned_to_name_column=False),
    "stale by object": WorkbooksKnobs(stale_shape="objects"),
    "stale both ways": WorkbooksKnobs(stale_shape="both"),
    "validation as in the manual": WorkbooksKnobs(validation_shape="manual"),
    "success in spite of failures": WorkbooksKnobs(partial_success_flag=False),
    "shuffled": WorkbooksKnobs(shuffle_unsorted=True),
    "plain bodies": WorkbooksKnobs(gzip=False),
    "another zone": WorkbooksKnobs(zone_offset_minutes=330),
}


@pytest.mark.parametrize("knobs", KNOBS.values(), ids=KNOBS.keys())
async def test_every_shape_of_an_answer_leads_to_the_same_end(
    tmp_path: Path, knobs: WorkbooksKnobs
) -> None:
    """One record is created, one grows stale before its id returns, one is refused."""
    async with bench(tmp_path, knobs) as world:
        plain, stale, bad = (world.has(name) for name in ("Plain", "Stale", "x" * 256))
        world.just_before_a_write_back(lambda: world.edit(stale, description="Stale no more"))

        await world.once()
        world.forget_traffic()
        await world.once()

        assert world.twin(plain).attributes["name"] == "Plain"
        assert world.twin(stale).attributes["name"] == "Stale no more"
        assert (world.record(bad)["error"], world.twins(bad)) == (True, [])
        assert world.outreach_traffic.total == 0
