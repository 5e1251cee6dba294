"""[mapping.prospect]: what a person's new prospect is made of."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.sandbox.outreach import Row
from connectors.sandbox.sample import add_seat
from tests.scenario.bench import Bench
from tests.scenario.mapping_hands import PROSPECT_LINES, adds_column, maps, rules
from tests.scenario.people import CREATE_PROSPECT

pytestmark = pytest.mark.anyio


def knows(world: Bench, **columns: Any) -> int:
    """A person on the People tab of an opportunity, ticked for sync."""
    given = {
        "person_first_name": "Ada",
        "person_last_name": "King",
        "main_location_email": "ada@rye.example",
        "cf_person_sync_to_outreach": True,
    } | columns
    person = world.workbooks.people.create(name="Ada King", **given)
    world.workbooks.set_people(world.has(f"Deal of {person}"), [(person, "Partner")])
    return person


def only_prospect(world: Bench) -> Row:
    """The one prospect there is, checked to be known to everybody in Workbooks."""
    [prospect] = world.outreach.prospects.rows()
    for person in world.workbooks.people.ids():
        told = world.workbooks.people.value(person, "cf_person_outreach_id")
        assert told == str(prospect.id)
    return prospect


async def test_every_standard_field_of_a_person_arrives(world: Bench) -> None:
    """The default lines as a whole, on one person."""
    port = world.workbooks.organisations.create(name="Port of Rye")
    person = knows(
        world,
        person_middle_name="Augusta",
        person_job_title="Harbour master",
        employer_link=port,
        main_location_telephone="+44 1797 1",
        main_location_mobile="+44 7700 1",
        main_location_street_address="1 Quay",
        main_location_town="Rye",
        main_location_county_province_state="Sussex",
        main_location_postcode="TN31",
        main_location_country="UK",
    )

    await world.once()

    made = only_prospect(world).attributes
    shown = {name: value for name, value in made.items() if value not in (None, [], False)}
    expected = {
        "firstName": "Ada",
        "middleName": "Augusta",
        "lastName": "King",
        "title": "Harbour master",
        "company": "Port of Rye",
        "emails": ["ada@rye.example"],
        "workPhones": ["+44 1797 1"],
        "mobilePhones": ["+44 7700 1"],
        "addressStreet": "1 Quay",
        "addressCity": "Rye",
        "addressState": "Sussex",
        "addressZip": "TN31",
        "addressCountry": "UK",
        "externalId": f"PERS-{person}",
    }
    assert {name: shown.get(name) for name in expected} == expected


async def test_custom_lines_fill_the_prospect_that_is_created(world: Bench) -> None:
    """Every form of a line works for people as it does for opportunities."""
    rules(world, "custom2", "inclusion", "Segment", "Ports", "Yards", on="prospect")
    segment = adds_column(world, "Segment", record_type="Person")
    maps(
        world,
        {
            "segment": {"from": segment, "default": "Yards"},
            "custom1": {"template": "{name} ({object_ref})"},
            "source": {"constant": "Workbooks"},
            "tags": {"constant": "crm"},
            "callOptedOut": "no_phone_soliciting",
            "title": False,
        },
        PROSPECT_LINES,
    )
    person = knows(world, no_phone_soliciting=True, person_job_title="Master", **{segment: "Ports"})

    await world.once()

    made = only_prospect(world).attributes
    assert made["custom2"] == "Ports"
    assert made["custom1"] == f"Ada King (PERS-{person})"
    assert made["source"] == "Workbooks"
    assert made["tags"] == ["crm"]
    assert made["callOptedOut"] is True
    assert made.get("title") is None


async def test_a_prospect_gets_its_owner_by_name_and_its_account_by_its_employer(
    world: Bench,
) -> None:
    """References of people are resolved as those of opportunities are."""
    ada = add_seat(world.outreach, "Grace Hopper")
    target = world.outreach.accounts.create({"name": "Port of Rye"})
    port = world.workbooks.organisations.create(
        name="Port of Rye", cf_organisation_outreach_id=str(target)
    )
    lines = {"owner": "queue_entry[queue[name]]", "account": "employer_link"}
    maps(world, lines, PROSPECT_LINES)
    queue = world.workbooks.queue_id("Grace Hopper")
    knows(world, assigned_to=queue, employer_link=port)

    await world.once()

    assert only_prospect(world).relationships["owner"] == ada
    assert only_prospect(world).relationships["account"] == target


async def test_a_reference_that_cannot_be_resolved_does_not_hold_the_person_back(
    world: Bench,
) -> None:
    """A prospect without an owner beats no prospect."""
    maps(world, {"owner": "queue_entry[queue[name]]"}, PROSPECT_LINES)
    knows(world, assigned_to=world.workbooks.queue_id("Nobody known"))

    await world.once()

    assert only_prospect(world).relationships.get("owner") is None


async def test_a_value_outreach_does_not_offer_refuses_the_person_and_not_the_opportunity(
    world: Bench,
) -> None:
    """The reason stands where it can be mended: on the person."""
    rules(world, "custom2", "inclusion", "Segment", "Ports", on="prospect")
    maps(world, {"custom2": "industry"}, PROSPECT_LINES)
    person = knows(world, industry="Farms")
    [record] = world.workbooks.opportunities.ids()

    await world.once()

    assert world.twin(record)
    assert world.outreach_traffic.counts[CREATE_PROSPECT] == 0
    assert world.workbooks.people.value(person, "cf_person_outreach_sync_error") is True
    assert "Segment" in world.reasons()[f"PERS-{person}"].reason

    world.workbooks.people.update(person, industry="Ports", cf_person_outreach_sync_error=False)
    await world.once()

    assert only_prospect(world).attributes["custom2"] == "Ports"
    assert len(world.outreach.roles_on(world.twin(record).id)) == 1
