"""What synchronising costs: every request is counted, and each has its reason.

Writes to Workbooks are not counted here: they are batched by time, so their number depends on how
fast the machine is.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.scenario.bench import CREATE, Bench, running, until
from tests.scenario.mapping_hands import ACCOUNTS, STAGES, USERS, maps, spent
from tests.scenario.people import CREATE_PROSPECT, CREATE_ROLE, FIND_PROSPECTS

pytestmark = pytest.mark.anyio

OPPORTUNITIES = 120
PEOPLE_EACH = 3
NEW_PEOPLE = OPPORTUNITIES * PEOPLE_EACH
EMAILS_PER_LOOK = 50
LISTED = "/crm/opportunities.api"
LISTED_PEOPLE = "/crm/people.api"
TABS = "/crm/opportunity_contacts.api"
RELATIONSHIPS = ("Decision Maker", "Influencer", "Partner")


def knows(world: Bench, name: str) -> int:
    """A person who may be synced and has an address of their own."""
    return world.workbooks.people.create(
        name=name,
        person_first_name="P.",
        person_last_name=name,
        main_location_email=f"{name}@rye.example",
        cf_person_sync_to_outreach=True,
    )


def from_nothing(world: Bench, count: int = OPPORTUNITIES) -> list[int]:
    """Opportunities with people nobody has ever synced, each person on one of them."""
    records: list[int] = []
    for number in range(count):
        record = world.has(f"Row {number}")
        tab = [(knows(world, f"p{number}-{each}"), role) for each, role in enumerate(RELATIONSHIPS)]
        world.workbooks.set_people(record, tab)
        records.append(record)
    return records


def reads(world: Bench) -> Counter[str]:
    """Listings that reached Workbooks, by path."""
    found: Counter[str] = Counter()
    for (method, path), number in world.workbooks_traffic.counts.items():
        if method == "GET":
            found[path] += number
    return found


async def test_everything_from_nothing_costs_four_requests_each_and_one_for_each_person(
    world: Bench,
) -> None:
    """One create, three roles, and of each new person one create; looks go in batches."""
    records = from_nothing(world)

    await world.once()

    counts = world.outreach_traffic.counts
    assert len(world.outreach.prospects) == NEW_PEOPLE
    assert {len(world.outreach.roles_on(world.twin(one).id)) for one in records} == {PEOPLE_EACH}
    assert counts[CREATE] == OPPORTUNITIES
    assert counts[CREATE_ROLE] == NEW_PEOPLE
    assert counts[CREATE_PROSPECT] == NEW_PEOPLE
    assert counts[FIND_PROSPECTS] <= NEW_PEOPLE / EMAILS_PER_LOOK + 5
    # Nothing else at all: no search, no reading back, no list of roles, users or stages.
    assert spent(world) - counts[FIND_PROSPECTS] == (1 + PEOPLE_EACH) * OPPORTUNITIES + NEW_PEOPLE


async def test_everything_from_nothing_is_read_a_hundred_rows_at_a_time(world: Bench) -> None:
    """Opportunities bring their tabs along; people are fetched as they are needed."""
    from_nothing(world)
    # What is of the last minute is looked at twice; a population rarely is.
    world.clock.advance(120)
    world.workbooks.set_people(world.has("Youngest"), [(knows(world, "youngest"), "Partner")])
    await world.once()
    first = reads(world)
    for _ in range(2):
        world.clock.advance(60)
        await world.once()
    world.forget_traffic()
    await world.once()
    idle = reads(world)

    rows = OPPORTUNITIES + NEW_PEOPLE
    assert sum((first - idle).values()) <= rows / 100 + 6
    # Start-up included: who we are, which columns there are, and one look into each feed.
    assert sum(idle.values()) <= 14


async def test_a_second_run_without_edits_asks_outreach_nothing(world: Bench) -> None:
    """Our own write-backs come back as changes, and must be recognised."""
    from_nothing(world, 30)
    await world.once()
    world.forget_traffic()

    await world.once()
    assert spent(world) == 0
    world.clock.advance(60)
    await world.once()

    assert spent(world) == 0


async def test_an_idle_service_asks_workbooks_twice_a_cycle_and_outreach_nothing(
    world: Bench,
) -> None:
    """One listing of changed opportunities and one of changed tabs; everything else rests."""
    record = world.has("Harbour crane")
    world.workbooks.set_people(record, [(knows(world, "ada"), "Partner")])
    async with running(world):
        await until(lambda: bool(roles_of(world, record)))
        await until(lambda: person_is_told(world))
    # Our own write-backs come back for as long as they are of the last minute.
    world.clock.advance(120)
    async with running(world):
        cycles = reads(world)[LISTED]
        await until(lambda: reads(world)[LISTED] >= cycles + 8)
        world.forget_traffic()
        await until(lambda: reads(world)[LISTED] >= 8)
        seen, asked = reads(world), spent(world)

    assert asked == 0
    assert set(seen) == {LISTED, TABS}
    assert abs(seen[LISTED] - seen[TABS]) <= 1


async def test_people_who_are_held_back_cost_one_more_listing_a_cycle_and_nothing_else(
    world: Bench,
) -> None:
    """There are always some without an address; looking out for them has to be cheap."""
    record = world.has("Harbour crane")
    ticked = knows(world, "ada")
    without = world.workbooks.people.create(name="Bob", cf_person_sync_to_outreach=True)
    unticked = world.workbooks.people.create(name="Cyd", main_location_email="cyd@rye.example")
    world.workbooks.set_people(record, [(one, "Partner") for one in (ticked, without, unticked)])
    async with running(world):
        await until(lambda: roles_of(world, record) == 1)
        await until(lambda: bool(world.workbooks.people.value(ticked, "cf_person_outreach_id")))
    # Our own write-backs come back for as long as they are of the last minute.
    world.clock.advance(120)
    async with running(world):
        cycles = reads(world)[LISTED]
        # The start itself, and the first looks for those who are held back, cost more.
        await until(lambda: reads(world)[LISTED] >= cycles + 8)
        world.forget_traffic()
        await until(lambda: reads(world)[LISTED] >= 8)
        seen, asked = reads(world), spent(world)

    assert asked == 0
    assert set(seen) == {LISTED, TABS, LISTED_PEOPLE}
    assert abs(seen[LISTED] - seen[LISTED_PEOPLE]) <= 1

    await world.once()
    world.forget_traffic()
    await world.once()
    assert spent(world) == 0


async def test_a_mapping_of_ones_own_costs_a_run_four_requests_however_much_there_is(
    world: Bench,
) -> None:
    """The rules of custom fields are asked for at the start, and the usual looks made with it."""
    maps(world, {"custom1": "fao"})
    for number in range(30):
        world.has(f"Row {number}", fao="Call the master")
    await world.once()
    world.forget_traffic()

    await world.once()

    assert spent(world) == 4


async def test_names_nobody_bears_are_asked_for_once_and_not_for_each_record(
    world: Bench,
) -> None:
    """A database where nobody has a seat must not cost a reading of all users per record."""
    for number in range(30):
        world.has(
            f"Row {number}",
            assigned_to_name=f"Nobody {number}",
            opportunity_stage_name=f"Stage {number}",
        )

    await world.once()

    counts = world.outreach_traffic.counts
    assert counts[CREATE] == 30
    assert counts[USERS] == 1
    assert counts[STAGES] == 1


async def test_customers_are_asked_for_a_hundred_at_a_time(world: Bench) -> None:
    """Who is a customer of one opportunity usually is of many."""
    linked = [company(world, number) for number in range(70)]
    unlinked = [world.workbooks.organisations.create(name=f"Un {number}") for number in range(50)]
    for number, customer in enumerate((linked + unlinked) * 2):
        world.has(f"Row {number}", party_id=customer)

    await world.once()

    assert world.outreach_traffic.counts[CREATE] == 240
    assert world.outreach_traffic.counts[ACCOUNTS] <= 4
    assert reads(world)["/crm/organisations.api"] <= 4


async def test_an_account_that_is_not_there_yet_costs_one_question_a_run(world: Bench) -> None:
    """What is awaited is asked for again, once for all who wait."""
    customer = world.workbooks.organisations.create(name="Port of Rye")
    for number in range(30):
        world.has(f"Row {number}", party_id=customer, assigned_to_name="Ada King")
    await world.once()
    world.forget_traffic()

    await world.once()

    assert reads(world)["/crm/organisations.api"] == 1
    assert world.outreach_traffic.counts[USERS] == 1
    assert spent(world) == 1


def company(world: Bench, number: int) -> int:
    """An organisation that is linked to an account."""
    account = world.outreach.accounts.create({"name": f"Company {number}"})
    return world.workbooks.organisations.create(
        name=f"Company {number}", cf_organisation_outreach_id=str(account)
    )


def roles_of(world: Bench, record: int) -> int:
    """How many roles a record has in Outreach."""
    return sum(len(world.outreach.roles_on(twin.id)) for twin in world.twins(record))


def person_is_told(world: Bench) -> bool:
    """Whether everybody in Workbooks carries their id."""
    value = world.workbooks.people.value
    return all(value(one, "cf_person_outreach_id") for one in world.workbooks.people.ids())
