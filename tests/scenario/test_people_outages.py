"""Whatever is deleted, down or throttled: nobody is flagged for it, and the roles end right."""

from __future__ import annotations

import pytest

from connectors.sandbox.faults import Fault
from engine.errors import Unreachable
from tests.scenario.bench import Bench
from tests.scenario.people import CHANGE_ROLE, CREATE_ROLE, FIND_PROSPECTS, LIST_ROLES, Line

pytestmark = pytest.mark.anyio

# The first pause of an outage is at least half of this, so that a run gives up at once.
LONG_PAUSE = {"base_s": 60, "cap_s": 300}


def related(world: Bench, *lines: Line, name: str = "Harbour crane") -> int:
    """An opportunity with these people, not yet synchronised."""
    record = world.has(name)
    world.puts(record, *lines)
    return record


async def test_a_role_deleted_in_outreach_comes_back_when_its_line_changes(world: Bench) -> None:
    """The line is on the tab, so the change is made anew."""
    ada = world.knows()
    record = related(world, (ada, "Decision maker"))
    await world.once()
    [row] = world.role_rows(record)
    world.outreach.roles.delete(row.id)

    world.puts(record, (ada, "Sponsor"))
    result = await world.once()

    assert world.roles(record) == world.wanted((ada, "Sponsor"))
    assert result.counts.tabs == 0


async def test_a_role_deleted_in_outreach_counts_as_removed(world: Bench) -> None:
    """Both wanted the same."""
    ada = world.knows()
    record = related(world, (ada, "Decision maker"))
    await world.once()
    [row] = world.role_rows(record)
    world.outreach.roles.delete(row.id)

    world.puts(record)
    result = await world.once()

    assert world.roles(record) == []
    assert (result.counts.tabs, result.counts.refused) == (0, 0)


async def test_an_opportunity_deleted_in_outreach_flags_no_person(world: Bench) -> None:
    """It is missed by the next change of the opportunity itself, and reported there."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = related(world, (ada, "Decision maker"))
    await world.once()
    world.outreach.opportunities.delete(world.twin(record).id)

    world.puts(record, (ada, "Sponsor"), (grace, "Buyer"))
    result = await world.once()

    assert world.told(ada)
    assert world.told(grace)
    assert result.counts.people_refused == 0
    assert result.counts.tabs == 0


async def test_an_opportunity_created_anew_gets_all_its_people_again(world: Bench) -> None:
    """The roles went with the old one."""
    world.settings["outreach"]["on_missing"] = "recreate"
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    lines = [(ada, "Decision maker"), (grace, "Sponsor")]
    record = related(world, *lines)
    await world.once()
    world.outreach.opportunities.delete(world.twin(record).id)

    world.edit(record, description="Harbour crane, blue")
    await world.once()

    assert world.twin(record)
    assert world.roles(record) == world.wanted(*lines)


async def test_a_prospect_deleted_in_outreach_is_reported_on_its_person(world: Bench) -> None:
    """The person carries an id that leads nowhere; the other lines go on."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = related(world, (ada, "Buyer"), (grace, "Buyer"))
    await world.once()
    world.outreach.prospects.delete(world.told(grace))

    world.puts(record, (ada, "Sponsor"), (grace, "Sponsor"))
    result = await world.once()

    assert world.roles(record) == world.wanted((ada, "Sponsor"))
    assert world.person(grace)["error"] is True
    reason = world.reasons()[str(world.person(grace)["object_ref"])].reason
    assert "does not exist any more" in reason
    assert (result.counts.refused, result.counts.tabs) == (0, 0)


async def test_a_person_whose_dead_id_is_cleared_comes_back(world: Bench) -> None:
    """That is the way out the reason names, and it must be enough."""
    grace = world.knows("Grace Hopper")
    record = related(world, (grace, "Buyer"))
    await world.once()
    world.outreach.prospects.delete(world.told(grace))
    world.puts(record, (grace, "Sponsor"))
    await world.once()

    world.mends(grace, cf_person_outreach_id=None, cf_person_outreach_sync_error=False)
    await world.once()

    assert world.told(grace)
    assert world.roles(record) == world.wanted((grace, "Sponsor"))


async def test_a_person_deleted_in_workbooks_takes_its_roles_away(world: Bench) -> None:
    """Workbooks takes it off every tab."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = related(world, (ada, "Buyer"), (grace, "Buyer"))
    await world.once()

    world.workbooks.people.delete(grace)
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer"))


@pytest.mark.parametrize("path", ["/opportunityProspectRoles$", "/prospects$"])
async def test_trouble_in_the_middle_flags_nobody_and_is_finished_later(
    world: Bench, path: str
) -> None:
    """Part of a tab has arrived when Outreach stops serving; the rest follows."""
    world.settings["retry"] = LONG_PAUSE
    people = world.knows_all("Ada Byron", "Grace Hopper", "Mary Somerville")
    lines = [(person, "Buyer") for person in people]
    records = [related(world, *lines, name=f"Row {number}") for number in range(2)]
    headers = {"Retry-After": "600"}
    world.outreach_fault(
        Fault(method="POST", path=path, status=503, headers=headers, skip=2, times=None)
    )

    with pytest.raises(Unreachable):
        await world.once()
    assert world.reasons() == {}
    assert all(world.person(person)["error"] is False for person in people)

    world.outreach_traffic.plan.clear()
    world.clock.advance(601)
    result = await world.once()

    assert all(world.roles(record) == world.wanted(*lines) for record in records)
    assert len(world.outreach.prospects) == 3
    assert (result.counts.tabs, result.counts.refused) == (0, 0)


@pytest.mark.parametrize("path", ["/opportunityProspectRoles$", "/prospects$"])
async def test_a_throttle_is_waited_out_and_doubles_nothing(world: Bench, path: str) -> None:
    """What was turned away was not carried out, so there is nothing to look for."""
    headers = {"Retry-After": "1"}
    world.outreach_fault(Fault(method="POST", path=path, status=429, headers=headers, skip=1))
    people = world.knows_all("Ada Byron", "Grace Hopper")
    lines = [(person, "Buyer") for person in people]
    record = related(world, *lines)

    result = await world.once()

    assert world.roles(record) == world.wanted(*lines)
    assert len(world.outreach.prospects) == 2
    assert LIST_ROLES not in world.outreach_traffic.counts
    assert (result.counts.tabs, result.counts.refused) == (0, 0)


async def test_people_of_workbooks_that_cannot_be_read_are_waited_for(world: Bench) -> None:
    """A read that fails tells nothing about anybody."""
    ada = world.knows()
    record = related(world, (ada, "Buyer"))
    # The start-up step reads people first.
    world.workbooks_fault(Fault(path="/crm/people.api", status=500, skip=1))

    for _ in range(2):
        await world.once()
        world.clock.advance(120)

    assert world.roles(record) == world.wanted((ada, "Buyer"))


async def test_a_change_whose_answer_is_lost_is_not_made_twice(world: Bench) -> None:
    """Changing a role is repeatable; what became of it is looked at first."""
    ada = world.knows()
    record = related(world, (ada, "Decision maker"))
    await world.once()
    world.outreach_fault(
        Fault(method="PATCH", path="/opportunityProspectRoles/", when="after", action="drop")
    )

    world.forget_traffic()
    world.puts(record, (ada, "Sponsor"))
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Sponsor"))
    counts = world.outreach_traffic.counts
    assert (counts[CREATE_ROLE], counts[FIND_PROSPECTS]) == (0, 0)
    assert counts[CHANGE_ROLE] + counts[LIST_ROLES] <= 2


async def test_a_write_back_to_a_person_edited_meanwhile_arrives(world: Bench) -> None:
    """Our id and the user's edit both end on the person."""
    ada = world.knows()
    record = related(world, (ada, "Buyer"))
    world.workbooks_door.before["PUT", "/crm/people.api"] = lambda: world.mends(
        ada, person_job_title="Analyst"
    )

    await world.once()

    assert world.person(ada)["person_job_title"] == "Analyst"
    assert world.roles(record) == world.wanted((ada, "Buyer"))


async def test_a_person_linked_by_hand_meanwhile_keeps_the_link_of_the_user(world: Bench) -> None:
    """What somebody typed is not ours to overwrite, and the role follows it."""
    ada = world.knows()
    chosen = world.prospect("chosen@elsewhere.example")
    record = related(world, (ada, "Buyer"))
    world.workbooks_door.before["PUT", "/crm/people.api"] = lambda: world.mends(
        ada, cf_person_outreach_id=str(chosen)
    )

    await world.once()
    await world.once()

    assert world.person(ada)["outreach_id"] == str(chosen)
    assert world.roles(record) == [(chosen, "Buyer")]


async def test_a_dead_prospect_is_replaced_on_every_opportunity_of_its_person(
    world: Bench,
) -> None:
    """One opportunity notices; the others lost their roles just as well."""
    grace = world.knows("Grace Hopper")
    noticed, unnoticed = related(world, (grace, "Buyer")), related(world, (grace, "Partner"))
    await world.once()
    world.outreach.prospects.delete(world.told(grace))
    world.puts(noticed, (grace, "Sponsor"))
    await world.once()

    world.mends(grace, cf_person_outreach_id=None, cf_person_outreach_sync_error=False)
    await world.once()

    assert world.roles(noticed) == world.wanted((grace, "Sponsor"))
    assert world.roles(unnoticed) == world.wanted((grace, "Partner"))
