"""Edits of roles taken back while the collection still shows the roles as they were before."""

from __future__ import annotations

import pytest

from connectors.sandbox.faults import Fault
from tests.scenario.bench import Bench
from tests.scenario.people import CHANGE_ROLE, CREATE_ROLE, LIST_ROLES

pytestmark = pytest.mark.anyio

ITEM, COLLECTION = "/opportunityProspectRoles/", "/opportunityProspectRoles$"


@pytest.fixture
def lagging(world: Bench) -> Bench:
    """A collection that lags, and retries that come with the next run."""
    world.settings["outreach"]["visibility_s"] = 300
    world.settings["retry"] = {"base_s": 3600, "cap_s": 3600}
    return world


def drop(method: str, path: str) -> Fault:
    """The edit is carried out, and nobody hears of it."""
    return Fault(method=method, path=path, when="after", action="drop")


async def related(world: Bench, *roles: str) -> tuple[int, int]:
    """(opportunity, the person on it in these relationships), long settled."""
    ada = world.knows()
    record = world.has("Harbour crane")
    world.puts(record, *((ada, role) for role in roles))
    await world.once()
    world.clock.advance(3600)
    world.outreach.knobs.index_lag_s = 100
    return record, ada


@pytest.mark.parametrize(
    ("method", "between"), [("PATCH", ["User"]), ("DELETE", [])], ids=["changed", "removed"]
)
async def test_an_edit_taken_back_before_it_shows_is_taken_back(
    lagging: Bench, method: str, between: list[str]
) -> None:
    """The list shows the role as the tab has it, but that is how it was before the edit."""
    world = lagging
    record, ada = await related(world, "Buyer")
    world.outreach_fault(drop(method, ITEM))
    world.puts(record, *((ada, role) for role in between))
    await world.once()
    assert world.roles(record) == [(world.told(ada), role) for role in between]

    world.puts(record, (ada, "Buyer"))
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer"))
    world.clock.advance(3600)
    await world.once()
    assert world.roles(record) == world.wanted((ada, "Buyer"))


async def test_a_role_removed_lately_is_not_taken_from_a_stale_list(lagging: Bench) -> None:
    """The removal was answered; then a create was not, so that the roles were listed."""
    world = lagging
    record, ada = await related(world, "Buyer", "User")
    world.puts(record, (ada, "User"))
    await world.once()
    world.outreach_fault(drop("POST", COLLECTION))
    world.puts(record, (ada, "User"), (ada, "Sponsor"))
    await world.once()

    world.puts(record, (ada, "User"), (ada, "Buyer"))
    for _ in range(4):
        world.clock.advance(200)
        await world.once()

    assert world.roles(record) == world.wanted((ada, "User"), (ada, "Buyer"))


async def test_an_edit_that_has_arrived_is_not_sent_again(lagging: Bench) -> None:
    """Some refuse an edit that changes nothing."""
    world = lagging
    world.outreach.knobs.noop_patch = "422"
    record, ada = await related(world, "Buyer")
    world.outreach_fault(drop("PATCH", ITEM))
    world.puts(record, (ada, "User"))
    await world.once()
    world.forget_traffic()

    world.clock.advance(3700)
    world.outreach.knobs.index_lag_s = 10_000
    await world.once()

    assert world.roles(record) == world.wanted((ada, "User"))
    assert world.waiting() == set()


async def test_a_role_that_is_what_it_shall_be_already_is_well(lagging: Bench) -> None:
    """Somebody has made the same edit in Outreach, and nobody told us."""
    world = lagging
    world.outreach.knobs.noop_patch = "422"
    record, ada = await related(world, "Buyer")
    [role] = world.role_rows(record)
    world.outreach.roles.update(role.id, {"role": "User"})
    world.forget_traffic()

    world.puts(record, (ada, "User"))
    await world.once()

    assert world.roles(record) == world.wanted((ada, "User"))
    assert world.waiting() == set()
    assert world.outreach_traffic.counts[CHANGE_ROLE] == 1
    assert world.outreach_traffic.counts[CREATE_ROLE] == 0
    assert world.outreach_traffic.counts[LIST_ROLES] == 0
