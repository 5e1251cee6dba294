"""An Outreach Id changed by hand while people are being related: they follow the link."""

from __future__ import annotations

import pytest

from connectors.sandbox.faults import Fault
from tests.scenario.bench import Bench, running, until
from tests.scenario.gates import Gate
from tests.scenario.people import CREATE_ROLE, REMOVE_ROLE, ROLES

pytestmark = pytest.mark.anyio


def roles_on(world: Bench, target: int) -> list[tuple[int, str]]:
    """The roles on an Outreach opportunity."""
    return sorted(
        (row.relationships["prospect"], str(row.attributes.get("role") or ""))
        for row in world.outreach.roles_on(target)
    )


@pytest.mark.parametrize("more", [True, False], ids=["more to send", "the last one"])
async def test_roles_under_way_belong_to_the_opportunity_they_were_sent_to(
    world: Bench, more: bool
) -> None:
    """Booked under the new one, its people would never come, and the old one's would change."""
    ada, grace, mary = world.knows_all("Ada Byron", "Grace Hopper", "Mary Somerville")
    record = world.has("Harbour crane")
    lines = [(ada, "Buyer"), (grace, "User")] if more else [(ada, "Buyer")]
    world.puts(record, *lines)
    chosen = world.outreach.opportunities.create({"name": "Chosen by hand"})
    links = {"opportunity": chosen, "prospect": world.prospect("ada.byron@customer.example")}
    by_hand = world.outreach.roles.create({"role": "Buyer"}, links)
    gate = Gate(world.outreach_door.app, "POST", ROLES)
    world.outreach_door.app = gate

    async with running(world):
        await until(gate.arrived.is_set)
        await until(lambda: world.record(record)["outreach_id"] is not None)
        former = int(str(world.record(record)["outreach_id"]))
        world.edit(record, cf_opportunity_outreach_id=str(chosen))
        # The URL is written once the new link is settled.
        await until(lambda: str(world.record(record)["outreach_url"]).endswith(f"/{chosen}"))
        gate.opened.set()
        await until(
            lambda: (
                all(world.person(one)["outreach_id"] for one, _ in lines)
                and roles_on(world, chosen) == world.wanted(*lines)
            )
        )
        left = roles_on(world, former)
        assert left == world.wanted((ada, "Buyer"))

        world.puts(record, (ada, "Buyer"), (mary, ""))
        wanted = [(ada, "Buyer"), (mary, "")]
        await until(
            lambda: (
                world.person(mary)["outreach_id"] is not None
                and roles_on(world, chosen) == world.wanted(*wanted)
            )
        )

    assert roles_on(world, former) == left
    assert world.outreach.roles.get(by_hand) is not None


async def test_a_link_that_comes_back_finds_the_roles_it_had_made(world: Bench) -> None:
    """What is known of the roles on an opportunity stays with it."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer"), (grace, "User"))
    await world.once()
    first = world.twin(record).id
    second = world.outreach.opportunities.create({"name": "Chosen by hand"})

    world.edit(record, cf_opportunity_outreach_id=str(second))
    await world.once()
    assert roles_on(world, second) == roles_on(world, first) != []

    world.edit(record, cf_opportunity_outreach_id=str(first))
    world.puts(record, (ada, "Buyer"))
    world.forget_traffic()
    await world.once()

    assert roles_on(world, first) == world.wanted((ada, "Buyer"))
    assert len(roles_on(world, second)) == 2
    assert world.outreach_traffic.counts[CREATE_ROLE] == 0
    assert world.outreach_traffic.counts[REMOVE_ROLE] == 1


async def test_an_id_still_owed_is_not_written_over_one_that_somebody_entered(
    world: Bench,
) -> None:
    """The person is the prospect its user entered, and carries that one's id and URL."""
    world.settings["owners"] = {"ttl_s": 60}
    ada = world.knows("Ada Byron")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer"))
    world.workbooks_fault(Fault(method="PUT", path="/crm/people.api", action="drop", times=None))
    await world.once()
    assert world.person(ada)["outreach_id"] is None
    chosen = world.outreach.prospects.create({"firstName": "Ada", "emails": ["ada@home.example"]})

    world.workbooks.people.update(ada, cf_person_outreach_id=str(chosen))
    world.clock.advance(120)
    world.edit(record, description="Harbour crane, blue")
    await world.once()
    world.workbooks_traffic.plan.clear()
    world.clock.advance(60)
    await world.once()

    held = world.person(ada)
    assert (held["outreach_id"], held["outreach_url"]) == (
        str(chosen),
        f"https://outreach.example/prospects/{chosen}",
    )
