"""Roles that somebody made by hand in Outreach, and what it costs to keep ours in step."""

from __future__ import annotations

import pytest

from tests.scenario.bench import Bench
from tests.scenario.people import (
    CHANGE_ROLE,
    CREATE_PROSPECT,
    CREATE_ROLE,
    FIND_PROSPECTS,
    LIST_ROLES,
    REMOVE_ROLE,
)

pytestmark = pytest.mark.anyio


def requests(world: Bench) -> dict[tuple[str, str], int]:
    """Requests to Outreach, those for tokens left out."""
    return {
        key: count for key, count in world.outreach_traffic.counts.items() if "oauth" not in key[1]
    }


async def test_a_role_made_by_hand_is_never_touched(world: Bench) -> None:
    """It stands for no line of the tab, so it is nobody's business but its maker's."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Decision maker"))
    await world.once()
    stranger = world.prospect("stranger@elsewhere.example")
    theirs = [
        world.relates(record, stranger, "Guest"),
        world.relates(record, world.told(ada), "Friend"),
    ]

    world.puts(record, (ada, "Sponsor"), (grace, "Technical buyer"))
    await world.once()
    world.puts(record)
    await world.once()

    assert [row.id for row in world.role_rows(record)] == theirs


async def test_an_equal_role_made_by_hand_is_adopted_when_the_roles_are_listed(
    world: Bench,
) -> None:
    """With the state gone, nobody can say who made it; one is enough."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Decision maker"))
    await world.once()
    theirs = world.relates(record, world.told(ada), "Sponsor")
    world.forget_state()
    world.puts(record, (ada, "Decision maker"), (ada, "Sponsor"), (grace, "Sponsor"))

    world.forget_traffic()
    await world.once()

    lines = [(ada, "Decision maker"), (ada, "Sponsor"), (grace, "Sponsor")]
    assert world.roles(record) == world.wanted(*lines)
    assert theirs in {row.id for row in world.role_rows(record)}
    assert (requests(world)[LIST_ROLES], requests(world)[CREATE_ROLE]) == (1, 1)


async def test_an_adopted_role_is_neither_changed_nor_removed(world: Bench) -> None:
    """Only what we made is ours: whatever becomes of the line, the role stays."""
    ada = world.knows()
    record = world.has("Harbour crane")
    await world.once()
    prospect = world.prospect("ada.byron@customer.example")
    theirs = world.relates(record, prospect, "Decision maker")
    world.forget_state()
    world.puts(record, (ada, "Decision maker"))
    await world.once()
    assert [row.id for row in world.role_rows(record)] == [theirs]

    world.puts(record, (ada, "Sponsor"))
    await world.once()
    assert world.roles(record) == [(prospect, "Decision maker"), (prospect, "Sponsor")]

    world.puts(record)
    await world.once()
    assert [row.id for row in world.role_rows(record)] == [theirs]


async def test_nothing_is_sent_when_nothing_differs(world: Bench) -> None:
    """A steady state costs Outreach no request at all."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    for number in range(3):
        record = world.has(f"Row {number}")
        world.puts(record, (ada, "Decision maker"), (grace, ""), (grace, "Sponsor"))
    await world.once()

    world.forget_traffic()
    await world.once()
    await world.once()

    assert world.outreach_traffic.total == 0
    assert all(seen.method != "PUT" for seen in world.workbooks_seen)


async def test_the_edits_of_a_tab_are_the_smallest_script(world: Bench) -> None:
    """One changed, one added, one removed: three requests, and none to look first."""
    ada, grace, mary = world.knows_all("Ada Byron", "Grace Hopper", "Mary Somerville")
    record, other = world.has("Harbour crane"), world.has("Dry dock")
    world.puts(record, (ada, "Decision maker"), (grace, "Sponsor"), (grace, "Buyer"))
    world.puts(other, (mary, "Buyer"))
    await world.once()

    world.forget_traffic()
    lines = [(ada, "Technical buyer"), (grace, "Buyer"), (mary, "Sponsor")]
    world.puts(record, *lines)
    await world.once()

    assert world.roles(record) == world.wanted(*lines)
    assert requests(world) == {CREATE_ROLE: 1, CHANGE_ROLE: 1, REMOVE_ROLE: 1}


async def test_a_created_opportunity_costs_a_request_for_each_role(world: Bench) -> None:
    """Nothing of ours can be on what was made this moment, so nothing is listed."""
    people = world.knows_all("Ada Byron", "Grace Hopper", "Mary Somerville")
    records = [world.has(f"Row {number}") for number in range(4)]
    for record in records:
        world.puts(record, *((person, "Decision maker") for person in people))

    await world.once()

    counts = requests(world)
    assert counts[CREATE_ROLE] == 12
    assert counts[CREATE_PROSPECT] == 3
    assert counts[FIND_PROSPECTS] == 1
    assert LIST_ROLES not in counts


async def test_a_lost_state_costs_one_list_for_each_opportunity(world: Bench) -> None:
    """Everything is found again, and nothing is doubled, written or sent."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    records = [world.has(f"Row {number}") for number in range(3)]
    for record in records:
        world.puts(record, (ada, "Decision maker"), (grace, ""), (ada, "Decision maker"))
    await world.once()
    roles = [world.roles(record) for record in records]
    world.forget_state()

    world.forget_traffic()
    await world.once()

    assert [world.roles(record) for record in records] == roles
    assert {method for method, _ in requests(world)} == {"GET"}
    assert requests(world)[LIST_ROLES] == 3
    assert all(seen.method != "PUT" for seen in world.workbooks_seen)


async def test_a_role_that_cannot_become_a_second_of_its_kind_is_removed(world: Bench) -> None:
    """Where Outreach takes each role once only, a line that is gone must not leave its role."""
    world.outreach.knobs.duplicate_role = "422"
    ada = world.knows("Ada Byron")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Partner"), (ada, "Sponsor"))
    await world.once()

    world.puts(record, (ada, "Partner"), (ada, "Partner"))
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Partner"))


async def test_a_role_that_stood_for_no_line_stands_for_a_later_one(world: Bench) -> None:
    """The roles were listed when nobody on the tab had it."""
    ada, ben = world.knows_all("Ada Byron", "Ben Kay")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer"), (ben, "Partner"))
    await world.once()
    world.relates(record, world.told(ben), "Adviser")
    world.forget_state()
    await world.once()

    world.puts(record, (ada, "Buyer"), (ben, "Partner"), (ben, "Adviser"))
    world.forget_traffic()
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer"), (ben, "Partner"), (ben, "Adviser"))
    assert world.outreach_traffic.counts[CREATE_ROLE] == 0
