"""Rule 4: every form of a mapping line, from a column in Workbooks to a field in Outreach."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.sandbox.outreach.validations import Validation
from connectors.sandbox.sample import add_seat
from connectors.sandbox.workbooks import Money
from tests.scenario.bench import READ, Bench
from tests.scenario.mapping_hands import adds_column, held, maps, patches, rules, writes

pytestmark = pytest.mark.anyio


async def test_a_custom_column_fills_a_custom_field_and_follows_edits(world: Bench) -> None:
    """The commonest wish of all: a field of our own here, a field of our own there."""
    region = adds_column(world, "Region")
    maps(world, {"custom4": region})
    record = world.has("Harbour crane", **{region: "North Sea"})
    await world.once()
    assert held(world, record, "custom4") == "North Sea"

    world.forget_traffic()
    world.edit(record, **{region: "Baltic"})
    await world.once()

    assert held(world, record, "custom4") == "Baltic"
    assert patches(world) == [{"custom4"}]


async def test_a_custom_field_can_be_given_by_its_label(world: Bench) -> None:
    """An administrator knows the label on the screen, not the number behind it."""
    rules(world, "custom12", "string", "Deal Region")
    maps(world, {"deal region": "refcode"})
    record = world.has("Harbour crane", refcode="North")

    await world.once()

    assert held(world, record, "custom12") == "North"
    assert held(world, record, "name") == "Harbour crane"


async def test_a_column_of_a_related_record_is_mapped(world: Bench) -> None:
    """What is known about the customer stands on the customer."""
    maps(world, {"custom1": "party[name]", "custom2": "party_name"})
    port = world.workbooks.organisations.create(name="Port of Rye")
    record = world.has("Harbour crane", party_id=port)

    await world.once()

    assert held(world, record, "custom1") == "Port of Rye"
    assert held(world, record, "custom2") == "Port of Rye"


async def test_the_first_column_that_is_not_blank_wins(world: Bench) -> None:
    """Two teams keep the same thing in two places."""
    maps(world, {"nextStep": {"from": ["fao", "refcode"]}})
    first = world.has("First", fao="Call the master", refcode="HC-7")
    second = world.has("Second", refcode="HC-8")
    neither = world.has("Neither")

    await world.once()

    shown = [held(world, record, "nextStep") for record in (first, second, neither)]
    assert shown == ["Call the master", "HC-8", None]


async def test_a_picklist_translates_and_falls_back_on_its_default(world: Bench) -> None:
    """The two systems' lists are kept by different people."""
    values = {"New business": "new", "Repeat order": "renewal"}
    line = {"from": "fao", "as": "picklist", "values": values, "default": "other"}
    maps(world, {"opportunityType": line})
    records = [
        world.has("Known", fao=" New business "),
        world.has("Unknown", fao="Barter"),
        world.has("Blank"),
    ]

    await world.once()

    assert [held(world, one, "opportunityType") for one in records] == ["new", "other", "other"]


async def test_a_text_that_is_not_in_a_picklist_refuses_that_record_alone(world: Bench) -> None:
    """A wrong word in one record is that record's trouble."""
    values = {"New business": "new"}
    maps(world, {"opportunityType": {"from": "fao", "as": "picklist", "values": values}})
    wrong = world.has("Wrong", fao="Barter")
    right = world.has("Right", fao="New business")

    await world.once()

    assert held(world, right, "opportunityType") == "new"
    assert world.twins(wrong) == []
    assert world.record(wrong)["error"] is True
    refusal = world.reasons()[f"OPP-{wrong}"]
    assert "opportunityType" in refusal.reason
    assert "fao" in refusal.reason


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ({"constant": "Workbooks"}, "Workbooks"),
        ({"constant": 7}, "7"),
        ({"constant": True}, "true"),
        ({"template": "{description} ({object_ref}) {{x}}"}, "Harbour crane (OPP-1) {x}"),
        ({"template": "{fao}/{party[name]}"}, None),
        ({"from": "fao", "default": "nobody"}, "nobody"),
    ],
    ids=["text", "number", "flag", "template", "blank template", "default"],
)
async def test_what_needs_no_column_of_its_own_arrives(
    world: Bench, line: dict[str, Any], shown: str | None
) -> None:
    """Constants, templates and defaults fill fields Workbooks knows nothing of."""
    maps(world, {"custom5": line})
    record = world.has("Harbour crane")

    await world.once()

    assert held(world, record, "custom5") == shown


async def test_a_blank_value_leaves_the_field_alone_where_it_is_to_be_skipped(
    world: Bench,
) -> None:
    """Outreach's own value survives, and coming back to what it was costs no request."""
    maps(world, {"nextStep": {"from": "fao", "skip_blank": True}})
    record = world.has("Harbour crane", fao="Call the master")
    await world.once()
    assert held(world, record, "nextStep") == "Call the master"

    world.forget_traffic()
    world.edit(record, fao=None)
    await world.once()
    assert held(world, record, "nextStep") == "Call the master"
    world.edit(record, fao="Call the master")
    await world.once()

    assert held(world, record, "nextStep") == "Call the master"
    assert writes(world) == []


async def test_what_a_skipped_blank_left_to_outreach_stays_as_it_was_made_there(
    world: Bench,
) -> None:
    """The field is filled by hand over there until Workbooks has something to say."""
    maps(world, {"nextStep": {"from": "fao", "skip_blank": True}})
    record = world.has("Harbour crane")
    await world.once()
    world.outreach.opportunities.update(world.twin(record).id, {"nextStep": "Made in Outreach"})

    world.edit(record, description="Harbour crane, blue")
    await world.once()
    assert held(world, record, "nextStep") == "Made in Outreach"

    world.edit(record, fao="Call the master")
    await world.once()
    assert held(world, record, "nextStep") == "Call the master"


async def test_each_kind_of_custom_field_gets_its_own_spelling(world: Bench) -> None:
    """A custom field carries text on the wire, and each kind demands another text."""
    rules(world, "custom1", "currency", "Margin")
    rules(world, "custom2", "date", "Delivery")
    rules(world, "custom3", "boolean", "Insured")
    rules(world, "custom4", "percentage", "Discount")
    rules(world, "custom5", "multi_inclusion", "Ports", "Rye", "Hull", "Oban")
    rules(world, "custom6", "date_time", "Seen")
    margin = adds_column(world, "Margin", "currency")
    insured = adds_column(world, "Insured", "boolean")
    maps(
        world,
        {
            "Margin": margin,
            "Delivery": "document_date",
            "Insured": insured,
            "Discount": {"from": "probability", "as": "percent"},
            "Ports": "fao",
            "Seen": "created_at",
        },
    )
    moment = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    record = world.has(
        "Harbour crane",
        document_date=date(2027, 3, 31),
        probability=Decimal("12.5"),
        fao="Hull, Rye",
        created_at=moment,
        **{margin: Money(Decimal("1250.50"), "EUR"), insured: True},
    )

    await world.once()

    shown = [held(world, record, f"custom{number}") for number in range(1, 7)]
    assert shown == ["1250.5", "2027-03-31", "true", "13", "Rye;Hull", "2026-03-29T01:30:00"]

    world.forget_traffic()
    world.edit(record, fao="Rye , Hull", refcode="touched")
    await world.once()
    assert writes(world) == []

    # What Outreach gives back is recognised as the same.
    world.forget_state()
    await world.once()
    assert world.outreach_traffic.counts[READ] == 1
    assert writes(world) == []


async def test_a_list_becomes_tags(world: Bench) -> None:
    """Tags are a set: order, blanks and repeats mean nothing."""
    maps(world, {"tags": "fao"})
    record = world.has("Harbour crane", fao="port, crane, , port")
    await world.once()
    assert sorted(held(world, record, "tags")) == ["crane", "port"]

    world.forget_traffic()
    world.edit(record, fao="crane,port")
    await world.once()

    assert writes(world) == []


async def test_a_choice_that_outreach_does_not_offer_refuses_that_record_by_its_label(
    world: Bench,
) -> None:
    """The reason must name the field as the reader knows it."""
    rules(world, "custom9", "inclusion", "Deal Region", "North", "South")
    maps(world, {"custom9": "fao"})
    wrong = world.has("Wrong", fao="Atlantis")
    right = world.has("Right", fao="South")

    await world.once()

    assert held(world, right, "custom9") == "South"
    assert world.twins(wrong) == []
    assert "Deal Region" in world.reasons()[f"OPP-{wrong}"].reason
    assert len(writes(world)) == 1


async def test_a_custom_field_that_outreach_demands_refuses_what_lacks_it_by_its_label(
    world: Bench,
) -> None:
    """It is refused here, with the field's name, and costs Outreach no request."""
    rule = Validation("string", "Deal Region", required=True)
    world.outreach.define_custom_field("opportunity", "custom9", rule)
    maps(world, {"custom9": "fao"})
    wrong = world.has("Wrong")
    right = world.has("Right", fao="South")

    await world.once()

    assert held(world, right, "custom9") == "South"
    assert world.twins(wrong) == []
    assert "Deal Region" in world.reasons()[f"OPP-{wrong}"].reason
    assert len(writes(world)) == 1


async def test_an_amount_of_money_keeps_its_code_where_the_field_takes_any_text(
    world: Bench,
) -> None:
    """Without its code an amount says nothing, where there is no currency field beside it."""
    maps(world, {"custom1": {"from": "document_currency_net_value", "as": "money"}})
    record = world.has("Crane", document_currency_net_value=Money(Decimal("1250.25"), "EUR"))

    await world.once()

    assert held(world, record, "custom1") == "1250.25 EUR"
    assert held(world, record, "amount") == 1250


async def test_a_refused_choice_that_is_put_right_is_synced(world: Bench) -> None:
    """Resetting the flag is enough, as for any other refusal (rule 6)."""
    rules(world, "custom9", "inclusion", "Deal Region", "North", "South")
    maps(world, {"custom9": "fao"})
    record = world.has("Harbour crane", fao="Atlantis")
    await world.once()

    world.edit(record, fao="North", cf_opportunity_outreach_sync_error=False)
    await world.once()

    assert held(world, record, "custom9") == "North"
    assert world.reasons() == {}


async def test_a_default_line_is_stopped_by_false(world: Bench) -> None:
    """What Outreach's users keep themselves is none of our business."""
    maps(world, {"description": False, "probability": False})
    record = world.has("Harbour crane", comment="Stays at home", probability=Decimal(40))
    await world.once()
    world.outreach.opportunities.update(world.twin(record).id, {"description": "Of Outreach"})

    world.edit(record, comment="Stays at home too", description="Harbour crane, blue")
    await world.once()

    assert held(world, record, "description") == "Of Outreach"
    assert held(world, record, "probability") is None
    assert held(world, record, "name") == "Harbour crane, blue"


async def test_an_owner_may_come_from_another_column(world: Bench) -> None:
    """Who sells is not everywhere who it is assigned to."""
    ada = add_seat(world.outreach, "Ada King")
    maps(world, {"owner": {"from": "fao", "skip_blank": True}})
    record = world.has("Harbour crane", fao="Ada King", assigned_to_name="Somebody else")
    await world.once()
    assert world.twin(record).relationships["owner"] == ada

    world.edit(record, fao=None)
    await world.once()

    assert world.twin(record).relationships["owner"] == ada
