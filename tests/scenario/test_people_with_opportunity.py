"""Rules 8 and 9: people come to Outreach with their opportunity, each relationship by itself."""

from __future__ import annotations

import pytest

from tests.scenario.bench import Bench
from tests.scenario.people import CHANGE_ROLE, CREATE_ROLE, LIST_ROLES, REMOVE_ROLE

pytestmark = [pytest.mark.anyio, pytest.mark.sockets]


async def test_people_come_with_a_created_opportunity(world: Bench) -> None:
    """Rule 8, first case: what the tab says is what a sales rep sees in Outreach."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = world.has("Harbour crane")
    lines = [(ada, "Decision maker"), (grace, "Technical buyer")]
    world.puts(record, *lines)

    result = await world.once()

    assert world.twin(record)
    assert world.roles(record) == world.wanted(*lines)
    assert (result.counts.tabs, result.counts.lines_held_back) == (0, 0)


async def test_people_come_with_an_updated_opportunity(world: Bench) -> None:
    """Tab and fields edited together arrive together."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Decision maker"))
    await world.once()

    world.puts(record, (ada, "Decision maker"), (grace, "Technical buyer"))
    world.edit(record, description="Harbour crane, blue")
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane, blue"
    wanted = world.wanted((ada, "Decision maker"), (grace, "Technical buyer"))
    assert world.roles(record) == wanted


async def test_a_tab_edit_that_counts_as_an_edit_of_the_opportunity_arrives(world: Bench) -> None:
    """Whether a tab moves its opportunity's version is unsettled (A18); both must work."""
    world.workbooks.knobs.contact_edit_touches_opportunity = True
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Decision maker"))
    await world.once()

    world.puts(record, (ada, "Sponsor"), (grace, "Technical buyer"))
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Sponsor"), (grace, "Technical buyer"))


async def test_one_person_with_two_relationships_gives_two_roles(world: Bench) -> None:
    """Rule 9: side by side, not one in place of the other."""
    ada = world.knows()
    record = world.has("Harbour crane")
    lines = [(ada, "Decision maker"), (ada, "Technical buyer")]
    world.puts(record, *lines)

    await world.once()

    assert world.roles(record) == world.wanted(*lines)
    assert len(world.outreach.prospects) == 1


async def test_one_person_twice_in_one_relationship_gives_two_equal_roles(world: Bench) -> None:
    """Equality is that of multisets: what is there twice is there twice."""
    ada = world.knows()
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Decision maker"), (ada, "Decision maker"))

    await world.once()
    assert world.roles(record) == world.wanted((ada, "Decision maker"), (ada, "Decision maker"))

    world.puts(record, (ada, "Decision maker"))
    await world.once()
    assert world.roles(record) == world.wanted((ada, "Decision maker"))


async def test_an_organisation_that_takes_a_role_once_loses_nothing_else(world: Bench) -> None:
    """Where Outreach refuses equal roles, one stands for both, and the run comes to rest."""
    world.outreach.knobs.duplicate_role = "422"
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer"), (ada, "Buyer"), (grace, "Buyer"))

    result = await world.once()
    assert world.roles(record) == world.wanted((ada, "Buyer"), (grace, "Buyer"))
    assert result.counts.tabs == 0

    world.forget_traffic()
    await world.once()
    assert world.outreach_traffic.total == 0


async def test_the_order_of_the_tab_means_nothing(world: Bench) -> None:
    """Workbooks keeps an order of its own; sorting a tab is not an edit."""
    people = world.knows_all("Ada Byron", "Grace Hopper", "Mary Somerville")
    record = world.has("Harbour crane")
    lines = [(person, "Decision maker") for person in people]
    world.puts(record, *lines)
    await world.once()
    ids = [row.id for row in world.role_rows(record)]

    world.forget_traffic()
    world.puts(record, *reversed(lines))
    world.edit(record, comment="Sorted")
    await world.once()

    assert [row.id for row in world.role_rows(record)] == ids
    assert not world.outreach_traffic.counts.keys() & {
        LIST_ROLES,
        CREATE_ROLE,
        CHANGE_ROLE,
        REMOVE_ROLE,
    }


async def test_a_blank_relationship_is_a_relationship(world: Bench) -> None:
    """A person whose relationship nobody has chosen yet is on the opportunity all the same."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    alone, beside = world.has("Harbour crane"), world.has("Dry dock")
    world.puts(alone, (ada, ""))
    world.puts(beside, (ada, ""), (grace, "Decision maker"), (ada, "Sponsor"))

    await world.once()

    assert world.roles(alone) == world.wanted((ada, ""))
    lines = [(ada, ""), (grace, "Decision maker"), (ada, "Sponsor")]
    assert world.roles(beside) == world.wanted(*lines)


async def test_only_eligible_opportunities_get_their_people(world: Bench) -> None:
    """Rule 2 holds for people too: an unticked or flagged opportunity is left alone."""
    ada = world.knows()
    unticked = world.has("Dry dock", cf_opportunity_sync_to_outreach=False)
    flagged = world.has("Lighthouse", cf_opportunity_outreach_sync_error=True)
    for record in (unticked, flagged):
        world.puts(record, (ada, "Decision maker"))

    await world.once()
    world.puts(unticked, (ada, "Sponsor"))
    await world.once()

    assert len(world.outreach.opportunities) == len(world.outreach.prospects) == 0
    assert world.person(ada)["outreach_id"] is None


async def test_an_opportunity_unticked_later_keeps_the_roles_it_has(world: Bench) -> None:
    """What happens on its tab from then on stays in Workbooks, until it is ticked again."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Decision maker"))
    await world.once()
    world.edit(record, cf_opportunity_sync_to_outreach=False)
    world.puts(record, (grace, "Sponsor"))
    await world.once()
    assert world.roles(record) == world.wanted((ada, "Decision maker"))

    world.edit(record, cf_opportunity_sync_to_outreach=True)
    await world.once()
    assert world.roles(record) == world.wanted((grace, "Sponsor"))
