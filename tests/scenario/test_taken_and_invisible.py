"""Outreach calls something taken, and shows nobody who has it: told, and tried again but rarely."""

from __future__ import annotations

import json

import pytest

from connectors.sandbox.faults import Fault
from tests.scenario.bench import Bench, running, until
from tests.scenario.people import CREATE_PROSPECT, CREATE_ROLE, FIND_PROSPECTS, LIST_ROLES

pytestmark = pytest.mark.anyio

DAY_S = 86_400
TAKEN_ROLE = json.dumps(
    {"errors": [{"id": "validationDuplicateValueError", "detail": "Role has been taken."}]}
)
TAKEN_ADDRESSES = [
    '{"errors":[{"id":"validationError","detail":"Contacts email hash has already been taken."}]}',
    '{"emails":["has already been taken"]}',
    '{"message":"Contacts email hash has already been taken."}',
]


def taken(path: str, text: str) -> Fault:
    """Every create there is refused for what is there already."""
    return Fault(method="POST", path=path, status=422, text=text, times=None)


@pytest.mark.parametrize("text", TAKEN_ADDRESSES)
async def test_a_taken_address_that_nobody_shows_is_told_to_the_person(
    world: Bench, text: str
) -> None:
    """Sixty requests an hour for ever would tell nobody anything."""
    world.outreach_fault(taken("/prospects$", text))
    record, ada = world.has("Harbour crane"), world.knows("Ada Byron")
    world.puts(record, (ada, "Buyer"))

    await world.once()
    world.clock.advance(10)
    await world.once()

    reason = world.reasons()[f"PERS-{ada}"]
    assert world.person(ada)["error"] is True
    assert (reason.field, f"PERS-{ada}" in reason.reason) == ("emails", True)
    assert "taken" in reason.reason
    assert world.outreach_traffic.counts[CREATE_PROSPECT] == 1

    world.forget_traffic()
    for _ in range(5):
        world.clock.advance(3600)
        await world.once()
    assert world.outreach_traffic.counts[CREATE_PROSPECT] == 0
    assert world.outreach_traffic.counts[FIND_PROSPECTS] == 0


async def test_whoever_has_the_address_is_found_when_it_shows_after_all(world: Bench) -> None:
    """Once a day it is looked for; nobody had to mend the person, so the flag goes as it came."""
    world.outreach_fault(taken("/prospects$", TAKEN_ADDRESSES[0]))
    record, ada = world.has("Harbour crane"), world.knows("Ada Byron")
    world.puts(record, (ada, "Buyer"))
    for _ in range(2):
        await world.once()
        world.clock.advance(10)
    assert world.person(ada)["error"] is True

    world.clock.advance(DAY_S)
    await world.once()
    assert world.person(ada)["error"] is True
    prospect = world.prospect("ada.byron@customer.example")
    world.clock.advance(DAY_S)
    await world.once()
    await world.once()

    assert world.told(ada) == prospect
    assert world.roles(record) == [(prospect, "Buyer")]
    assert world.outreach_traffic.counts[CREATE_PROSPECT] == 1


async def test_an_id_entered_at_a_refused_person_is_not_written_over(world: Bench) -> None:
    """Somebody has found out who it is; the flag is theirs to reset, and no look goes on."""
    world.outreach_fault(taken("/prospects$", TAKEN_ADDRESSES[0]))
    record, ada = world.has("Harbour crane"), world.knows("Ada Byron")
    world.puts(record, (ada, "Buyer"))
    for _ in range(2):
        await world.once()
        world.clock.advance(10)
    assert world.person(ada)["error"] is True
    chosen = world.outreach.prospects.create({"firstName": "Ada", "emails": ["ada@home.example"]})
    world.workbooks.people.update(ada, cf_person_outreach_id=str(chosen))
    world.prospect("ada.byron@customer.example")

    for _ in range(2):
        world.clock.advance(DAY_S)
        await world.once()

    assert world.person(ada)["outreach_id"] == str(chosen)


async def test_a_taken_role_that_nothing_shows_is_held_with_the_name_of_its_person(
    world: Bench,
) -> None:
    """The other lines of the tab go on."""
    world.outreach_fault(
        Fault(
            method="POST",
            path="/opportunityProspectRoles$",
            body="Buyer",
            status=422,
            text=TAKEN_ROLE,
            times=None,
        )
    )
    record = world.has("Harbour crane")
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    world.puts(record, (ada, "Buyer"), (grace, "User"))

    def told() -> bool:
        return any("taken" in reason and f"PERS-{ada}" in reason for reason in world.waiting())

    async with running(world):
        await until(lambda: world.state.exists() and told())
        assert world.roles(record) == world.wanted((grace, "User"))
        assert any("'Buyer'" in reason for reason in world.waiting())

        world.forget_traffic()
        world.clock.advance(5 * 3600)
        await until(lambda: world.workbooks_traffic.counts["GET", "/crm/opportunities.api"] > 5)
        assert world.outreach_traffic.counts[CREATE_ROLE] == 0
        assert world.outreach_traffic.counts[LIST_ROLES] == 0

        world.outreach_traffic.plan.clear()
        world.clock.advance(DAY_S)
        await until(lambda: world.roles(record) == world.wanted((ada, "Buyer"), (grace, "User")))
