"""People who are not in Outreach yet: created, adopted or left alone, as the settings say."""

from __future__ import annotations

import pytest

from engine.resolvers import prospects as prospect_resolver
from tests.scenario.bench import Bench
from tests.scenario.people import (
    CREATE_PROSPECT,
    CREATE_ROLE,
    FIND_PROSPECTS,
    WRITE_PEOPLE,
    Line,
)

pytestmark = pytest.mark.anyio


def missing(world: Bench, what: str) -> None:
    """Set what happens with people who are not in Outreach."""
    world.settings["contacts"] = {"missing_prospects": what}


def related(world: Bench, *lines: Line) -> int:
    """An opportunity with these people, not yet synchronised."""
    record = world.has("Harbour crane")
    world.puts(record, *lines)
    return record


async def test_a_person_who_is_missing_is_created_with_all_that_is_known(world: Bench) -> None:
    """The default: the rep finds a complete prospect, not a name."""
    employer = world.workbooks.organisations.create(name="Analytical Engines")
    ada = world.knows(
        "Ada Byron",
        person_middle_name="Augusta",
        person_job_title="Analyst",
        employer_link=employer,
        main_location_telephone="020 7946 0000",
        main_location_mobile="07700 900000",
        main_location_town="London",
    )
    related(world, (ada, "Decision maker"))

    await world.once()

    row = world.outreach.prospects.get(world.told(ada))
    assert row is not None
    held = {
        "firstName": "Ada",
        "middleName": "Augusta",
        "lastName": "Byron",
        "title": "Analyst",
        "company": "Analytical Engines",
        "emails": ["ada.byron@customer.example"],
        "workPhones": ["020 7946 0000"],
        "mobilePhones": ["07700 900000"],
        "addressCity": "London",
        "externalId": world.person(ada)["object_ref"],
    }
    assert held.items() <= row.attributes.items()


async def test_a_mapping_line_of_the_operator_changes_what_a_prospect_gets(world: Bench) -> None:
    """Every line of the default mapping can be replaced."""
    world.settings["mapping.prospect"] = {"title": "person_job_role", "custom3": "refcode"}
    ada = world.knows(person_job_title="Countess", person_job_role="Analyst", refcode="A-1")
    related(world, (ada, "Decision maker"))

    await world.once()

    row = world.outreach.prospects.get(world.told(ada))
    assert row is not None
    assert (row.attributes["title"], row.attributes["custom3"]) == ("Analyst", "A-1")


@pytest.mark.parametrize("what", ["create", "link"])
@pytest.mark.parametrize("email", ["Ada.Byron@Customer.example", "ada.byron@customer.example"])
async def test_who_is_there_already_is_adopted_by_address(
    world: Bench, what: str, email: str
) -> None:
    """Addresses are one whatever their letter case; a second prospect would be a duplicate."""
    missing(world, what)
    there = world.prospect(email)
    ada = world.knows(email="ADA.byron@customer.EXAMPLE")
    record = related(world, (ada, "Decision maker"))

    await world.once()

    assert world.told(ada) == there
    assert world.roles(record) == [(there, "Decision maker")]
    assert world.outreach_traffic.counts[CREATE_PROSPECT] == 0


async def test_a_person_linked_already_needs_no_look(world: Bench) -> None:
    """The id on the person is the link; its sync tick and its address do not matter for a role."""
    there = world.prospect("somebody@elsewhere.example")
    ada = world.knows(
        email=None, cf_person_outreach_id=str(there), cf_person_sync_to_outreach=False
    )
    record = related(world, (ada, "Decision maker"))

    await world.once()

    assert world.roles(record) == [(there, "Decision maker")]
    assert world.outreach_traffic.counts[FIND_PROSPECTS] == 0
    assert world.outreach_traffic.counts[CREATE_PROSPECT] == 0


async def test_two_people_with_one_address_are_one_prospect(world: Bench) -> None:
    """Outreach knows an address once, so both lines are that one prospect's."""
    ada = world.knows("Ada Byron", "office@customer.example")
    grace = world.knows("Grace Hopper", "Office@Customer.example")
    first = related(world, (ada, "Decision maker"), (grace, "Sponsor"))
    second = related(world, (grace, "Buyer"))

    await world.once()

    assert world.told(ada) == world.told(grace)
    assert world.roles(first) == world.wanted((ada, "Decision maker"), (grace, "Sponsor"))
    assert world.roles(second) == world.wanted((grace, "Buyer"))
    assert len(world.outreach.prospects) == 1


async def test_linking_only_never_creates(world: Bench) -> None:
    """With `link` the line waits, and the rest goes on."""
    missing(world, "link")
    there = world.prospect("grace.hopper@customer.example")
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = related(world, (ada, "Decision maker"), (grace, "Sponsor"))

    result = await world.once()

    assert world.twin(record)
    assert world.roles(record) == [(there, "Sponsor")]
    assert result.counts.lines_held_back == 1
    assert world.person(ada)["error"] is False


async def test_whom_linking_misses_is_related_once_somebody_enters_it(world: Bench) -> None:
    """A prospect that appears in Outreach completes the line without an edit in Workbooks."""
    missing(world, "link")
    ada = world.knows()
    record = related(world, (ada, "Decision maker"))
    await world.once()
    assert world.roles(record) == []

    there = world.prospect("ada.byron@customer.example")
    result = await world.once()

    assert world.told(ada) == there
    assert world.roles(record) == [(there, "Decision maker")]
    assert result.counts.lines_held_back == 0


async def test_skipping_neither_creates_nor_looks(world: Bench) -> None:
    """With `skip` only people who carry an id are related."""
    missing(world, "skip")
    world.prospect("ada.byron@customer.example")
    there = world.prospect("grace@elsewhere.example")
    ada = world.knows("Ada Byron")
    grace = world.knows("Grace Hopper", cf_person_outreach_id=str(there))
    record = related(world, (ada, "Decision maker"), (grace, "Sponsor"))

    await world.once()

    assert world.roles(record) == [(there, "Sponsor")]
    assert world.outreach_traffic.counts[FIND_PROSPECTS] == 0
    assert world.person(ada)["outreach_id"] is None


async def test_ids_go_to_people_in_batches(world: Bench) -> None:
    """One request tells a hundred people, and a later run tells nobody again."""
    # A batch is closed early once nothing more can come.
    world.settings["write_back"]["linger_ms"] = 5000
    people = [world.knows(f"Person {number}") for number in range(12)]
    record = related(world, *((person, "Buyer") for person in people))

    await world.once()

    assert world.roles(record) == world.wanted(*((person, "Buyer") for person in people))
    puts = [seen for seen in world.workbooks_seen if (seen.method, seen.path) == WRITE_PEOPLE]
    assert len(puts) <= 2
    assert sum(len(seen.form["id[]"]) for seen in puts) == 12

    world.forget_traffic()
    await world.once()
    assert world.workbooks_traffic.counts[WRITE_PEOPLE] == 0


async def test_a_tab_longer_than_a_batch_arrives_whole(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch bounds a request, not the number of people on an opportunity."""
    monkeypatch.setattr(prospect_resolver, "BATCH_MAX", 2)
    people = [world.knows(f"Person {number}") for number in range(5)]
    record = related(world, *((person, "Buyer") for person in people))

    await world.once()

    assert world.roles(record) == world.wanted(*((person, "Buyer") for person in people))


async def test_many_opportunities_with_one_new_person_create_it_once(world: Bench) -> None:
    """Workers ask about the same person at the same moment."""
    ada = world.knows()
    records = [related(world, (ada, f"Role {number}")) for number in range(8)]

    await world.once()

    assert all(len(world.roles(record)) == 1 for record in records)
    counts = world.outreach_traffic.counts
    assert (counts[FIND_PROSPECTS], counts[CREATE_PROSPECT], counts[CREATE_ROLE]) == (1, 1, 8)


async def test_nobody_becomes_a_prospect_that_is_gone_with_whom_an_address_is_shared(
    world: Bench,
) -> None:
    """Nobody has noticed yet, and whoever comes next would be flagged for an id that we wrote."""
    ada = world.knows("Ada Byron", "office@customer.example")
    related(world, (ada, "Buyer"))
    await world.once()
    before = world.told(ada)
    world.outreach.prospects.delete(int(str(world.person(ada)["outreach_id"])))

    grace = world.knows("Grace Hopper", "office@customer.example")
    record = related(world, (grace, "User"))
    await world.once()

    assert world.told(grace) != before
    assert world.person(grace)["error"] is False
    assert len(world.roles(record)) == 1
