"""Rules 3 and 4: a blank id creates without a search, an id updates what changed and no more."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from connectors.sandbox.workbooks import Money
from tests.scenario.bench import CREATE, READ, SEARCH, UPDATE, Bench

pytestmark = [pytest.mark.anyio, pytest.mark.sockets]


async def test_a_blank_id_creates_without_a_search(world: Bench) -> None:
    """Rule 3: a record of the same name may be somebody else's business."""
    stranger = world.outreach.opportunities.create({"name": "Harbour crane"})
    record = world.has("Harbour crane")

    await world.once()

    assert world.twin(record).id != stranger
    assert world.outreach_traffic.counts[CREATE] == 1
    assert world.outreach_traffic.counts[SEARCH] == 0


async def test_every_standard_field_arrives_in_its_own_form(world: Bench) -> None:
    """Rule 4 as a whole, on one record: half units up, a day at noon, texts as they are."""
    stage = world.outreach.stages.create({"name": "Proposal", "order": 1})
    record = world.has(
        "Harbour crane",
        document_currency_net_value=Money(Decimal("1250.50"), "EUR"),
        document_date=date(2027, 3, 31),
        probability=Decimal(40),
        opportunity_stage_name="Proposal",
        comment="Two hooks, one of them spare.",
    )

    await world.once()

    twin = world.twin(record)
    held = {name: twin.attributes.get(name) for name in ("name", "amount", "currencyType")}
    assert held == {"name": "Harbour crane", "amount": 1251, "currencyType": "EUR"}
    assert twin.attributes["closeDate"] == "2027-03-31T12:00:00.000Z"
    assert twin.attributes["probability"] == 40
    assert twin.attributes["description"] == "Two hooks, one of them spare."
    assert twin.attributes["customId"] == f"OPP-{record}"
    assert twin.relationships["opportunityStage"] == stage


async def test_an_update_sends_only_what_changed(world: Bench) -> None:
    """Whatever Outreach users edited in other fields must survive."""
    record = world.has_valued("Harbour crane", "1000", comment="From Workbooks")
    await world.once()
    world.outreach.opportunities.update(world.twin(record).id, {"description": "From Outreach"})

    world.forget_traffic()
    world.edit(record, description="Harbour crane, refitted")
    await world.once()

    twin = world.twin(record)
    assert twin.attributes["name"] == "Harbour crane, refitted"
    assert twin.attributes["description"] == "From Outreach"
    assert [seen.sent for seen in world.outreach_seen] == [{"name"}]
    assert world.outreach_traffic.counts == {UPDATE: 1}


async def test_a_field_emptied_in_workbooks_is_emptied_in_outreach(world: Bench) -> None:
    """Blank is a value like any other; leaving the old one would be a lie."""
    record = world.has("Harbour crane", comment="Obsolete", document_date=date(2027, 3, 31))
    await world.once()

    world.edit(record, comment=None, document_date=None)
    await world.once()

    twin = world.twin(record)
    assert twin.attributes.get("description") is None
    assert twin.attributes.get("closeDate") is None


async def test_an_edit_of_no_mapped_field_sends_nothing(world: Bench) -> None:
    """A request that changes nothing is waste, and some organisations refuse it."""
    record = world.has("Harbour crane")
    await world.once()

    world.forget_traffic()
    world.edit(record, fao="The harbour master")
    result = await world.once()

    assert result.changed == 1
    assert world.outreach_traffic.total == 0


async def test_a_custom_line_of_the_mapping_is_synced_too(world: Bench) -> None:
    """Rule 4: what is configured travels like a standard field."""
    world.settings["mapping.opportunity"] = {"custom3": "refcode", "description": False}
    record = world.has("Harbour crane", refcode="HC-7", comment="Stays at home")
    await world.once()
    world.edit(record, refcode="HC-8")
    await world.once()

    twin = world.twin(record)
    assert twin.attributes["custom3"] == "HC-8"
    assert twin.attributes.get("description") is None


async def test_an_id_entered_by_hand_updates_that_record(world: Bench) -> None:
    """Rule 3: a present id is a link, whoever made it; only what differs is sent."""
    theirs = world.outreach.opportunities.create({"name": "Harbour crane", "nextStep": "Call"})
    record = world.has("Harbour crane", cf_opportunity_outreach_id=str(theirs))

    await world.once()

    twin = world.twin(record)
    assert (twin.id, twin.attributes["nextStep"]) == (theirs, "Call")
    assert world.outreach_traffic.counts[CREATE] == 0
    assert world.outreach_traffic.counts[READ] == 1
    [patch] = [seen for seen in world.outreach_seen if seen.method == "PATCH"]
    assert "name" not in patch.sent


async def test_what_somebody_has_made_of_it_in_outreach_already_is_no_error(world: Bench) -> None:
    """Both sides got the same edit, and an Outreach may refuse to change nothing."""
    world.outreach.knobs.noop_patch = "422"
    record = world.has("Harbour crane")
    await world.once()

    world.outreach.opportunities.update(world.twin(record).id, {"name": "Harbour crane, blue"})
    world.edit(record, description="Harbour crane, blue")
    result = await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane, blue"
    assert (result.counts.refused, result.counts.pending) == (0, 0)
    assert world.history(record)[-1].decision == "noop"
