"""Rule 8, cases 2 and 3: a tab edited by itself arrives, whatever the source tells of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.sandbox.faults import Fault
from engine.errors import EngineError, Misconfigured
from tests.scenario.bench import Bench
from tests.scenario.people import CHANGE_ROLE, CREATE_ROLE, REMOVE_ROLE, Line

pytestmark = pytest.mark.anyio

RELATIONSHIPS = ("GET", "/crm/opportunity_contacts.api")
# Long enough for the sweep to be due.
SWEEP_S = 7 * 86_400.0

Way = Callable[[Bench], None]


def _by_resource(world: Bench) -> None:
    """Workbooks lists relationships, and nothing else tells of an edit."""
    world.settings["contacts"] = {"source": "resource"}


def _by_arrays(world: Bench) -> None:
    """Workbooks has no such list: the slow sweep finds the edit on the opportunity."""
    world.workbooks.knobs.opportunity_contacts_resource = False


def _by_choice(world: Bench) -> None:
    """It has the list, and the operator prefers the arrays."""
    world.settings["contacts"] = {"source": "arrays"}


@pytest.fixture(params=[_by_resource, _by_arrays, _by_choice], ids=["resource", "none", "arrays"])
async def way(world: Bench, request: pytest.FixtureRequest) -> Bench:
    """A world in which a tab edit alone touches no opportunity, and one way to learn of it."""
    choose: Way = request.param
    choose(world)
    return world


async def _related(world: Bench, *lines: Line) -> int:
    record = world.has("Harbour crane")
    world.puts(record, *lines)
    await world.once()
    world.forget_traffic()
    return record


async def _later(world: Bench) -> None:
    world.clock.advance(SWEEP_S)
    await world.once()


async def test_a_person_added_without_any_other_edit_arrives(way: Bench) -> None:
    """Case 2: the Desktop adds people without touching the opportunity."""
    ada, grace = way.knows_all("Ada Byron", "Grace Hopper")
    record = await _related(way, (ada, "Decision maker"))

    way.puts(record, (ada, "Decision maker"), (grace, "Sponsor"))
    await _later(way)

    assert way.roles(record) == way.wanted((ada, "Decision maker"), (grace, "Sponsor"))


async def test_a_first_person_added_later_arrives(way: Bench) -> None:
    """An empty tab is a tab like any other."""
    record = await _related(way)
    ada = way.knows()

    way.puts(record, (ada, "Sponsor"))
    await _later(way)

    assert way.roles(record) == way.wanted((ada, "Sponsor"))


async def test_a_changed_relationship_changes_its_role_in_place(way: Bench) -> None:
    """Case 3: one PATCH, and the role keeps its id and whatever hangs on it in Outreach."""
    ada = way.knows()
    record = await _related(way, (ada, "Decision maker"), (ada, "Sponsor"))
    before = {row.id for row in way.role_rows(record)}

    way.puts(record, (ada, "Decision maker"), (ada, "Technical buyer"))
    await _later(way)

    assert way.roles(record) == way.wanted((ada, "Decision maker"), (ada, "Technical buyer"))
    assert {row.id for row in way.role_rows(record)} == before
    assert way.outreach_traffic.counts[CHANGE_ROLE] == 1
    assert way.outreach_traffic.counts[CREATE_ROLE] == 0


async def test_a_removed_person_takes_the_role_away(way: Bench) -> None:
    """What we made goes with the line it was made for."""
    ada, grace = way.knows_all("Ada Byron", "Grace Hopper")
    record = await _related(way, (ada, "Decision maker"), (grace, "Sponsor"))

    way.puts(record, (grace, "Sponsor"))
    await _later(way)

    assert way.roles(record) == way.wanted((grace, "Sponsor"))
    assert way.outreach_traffic.counts[REMOVE_ROLE] == 1


async def test_a_tab_emptied_leaves_no_role_of_ours(way: Bench) -> None:
    """The last line is removed like any other."""
    ada = way.knows()
    record = await _related(way, (ada, "Decision maker"))

    way.puts(record)
    await _later(way)

    assert way.roles(record) == []


async def test_a_removed_person_stays_where_removing_is_switched_off(way: Bench) -> None:
    """Some teams add people by hand in both systems and want nothing taken away."""
    way.settings["contacts"] = way.settings.get("contacts", {}) | {"remove": False}
    ada, grace = way.knows_all("Ada Byron", "Grace Hopper")
    record = await _related(way, (ada, "Decision maker"))

    way.puts(record, (grace, "Sponsor"))
    await _later(way)

    assert way.roles(record) == way.wanted((ada, "Decision maker"), (grace, "Sponsor"))
    assert way.outreach_traffic.counts[REMOVE_ROLE] == 0


async def test_an_added_person_comes_at_once_where_relationships_are_listed(world: Bench) -> None:
    """The list has its own watermark; nobody waits for the sweep."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = await _related(world, (ada, "Decision maker"))

    world.puts(record, (ada, "Decision maker"), (grace, "Sponsor"))
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Decision maker"), (grace, "Sponsor"))


async def test_the_tabs_of_opportunities_that_do_not_sync_are_not_followed(world: Bench) -> None:
    """Most tabs of a database are not our business."""
    ada = world.knows()
    await _related(world, (ada, "Decision maker"))
    other = world.has("Dry dock", cf_opportunity_sync_to_outreach=False)
    world.puts(other, (ada, "Sponsor"))

    world.forget_traffic()
    await world.once()

    assert world.outreach_traffic.total == 0
    assert world.twins(other) == []


async def test_a_resource_that_is_demanded_and_missing_is_refused(world: Bench) -> None:
    """An operator who counts on it must not get slow sweeps without a word."""
    world.workbooks.knobs.opportunity_contacts_resource = False
    world.settings["contacts"] = {"source": "resource"}

    with pytest.raises(Misconfigured):
        await world.once()


async def test_a_tab_that_cannot_be_read_whole_changes_nothing(world: Bench) -> None:
    """A partial tab must not pass for a shorter one, or people would be removed."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = await _related(world, (ada, "Decision maker"), (grace, "Sponsor"))
    lines = world.wanted((ada, "Decision maker"), (grace, "Sponsor"))

    # Two people and one relationship: nobody can say whose it is.
    column = world.workbooks.opportunities.type.by_key["opportunity_contact_roles"]
    whole = column.read
    column.read = lambda row: ("Sponsor",) if row.id == record else whole(row)
    world.edit(record, description="Harbour crane, blue")
    await world.once()
    column.read = whole

    assert world.twin(record).attributes["name"] == "Harbour crane, blue"
    assert world.roles(record) == lines
    assert world.outreach_traffic.counts[REMOVE_ROLE] == 0

    world.puts(record, (grace, "Sponsor"))
    await world.once()
    assert world.roles(record) == world.wanted((grace, "Sponsor"))


async def test_a_list_of_relationships_that_fails_loses_no_change(world: Bench) -> None:
    """Its watermark moves with what was captured and never ahead of it."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = await _related(world, (ada, "Decision maker"))
    world.puts(record, (ada, "Decision maker"), (grace, "Sponsor"))
    # The first such request asks whether there is a list at all.
    world.workbooks_fault(Fault(path="/crm/opportunity_contacts.api", status=500, skip=1, times=9))

    with pytest.raises(EngineError):
        await world.once()
    world.workbooks_traffic.plan.clear()
    world.clock.advance(120)
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Decision maker"), (grace, "Sponsor"))
