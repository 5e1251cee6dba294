"""People, prospects and opportunities that are not what they were when they were last related."""

from __future__ import annotations

import pytest

from connectors.sandbox.faults import Fault
from tests.scenario.bench import CREATE, Bench
from tests.scenario.people import CREATE_PROSPECT, CREATE_ROLE, PROSPECTS, ROLES

pytestmark = pytest.mark.anyio

VAGUE = (
    '{"errors":[{"id":"validationError","title":"Validation Error","detail":"Invalid.",'
    '"source":{"pointer":"/data"}}]}'
)
TTL_S, DAY_S = 3600, 86_400


@pytest.fixture
def related(world: Bench) -> tuple[Bench, int, int]:
    """Ada on one opportunity, both synced; the world, the record, and Ada."""
    ada = world.knows("Ada Byron")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer"))
    return world, record, ada


async def test_a_prospect_that_is_gone_is_noticed_by_a_refusal_without_a_field(
    related: tuple[Bench, int, int],
) -> None:
    """Recorded refusals often point at the whole of the request only."""
    world, record, ada = related
    await world.once()
    world.outreach.prospects.delete(world.told(ada))
    refused = Fault(method="POST", path=f"{ROLES}$", status=422, text=VAGUE, times=None)
    world.outreach_fault(refused)

    world.puts(record, (ada, "Sponsor"))
    await world.once()

    assert world.person(ada)["error"] is True
    assert "does not exist any more" in world.history(ada, "PERS")[-2].detail


async def test_a_prospect_that_is_gone_is_asked_for_once_by_all_who_miss_it(world: Bench) -> None:
    """Whoever was related meanwhile: each once cost a question, and a look at every other tab."""
    ada, names = world.knows("Ada Byron"), [f"Crane {number}" for number in range(5)]
    records = [world.has(name) for name in names]
    for record in records:
        world.puts(record, (ada, "Buyer"))
    await world.once()
    world.outreach.prospects.delete(world.told(ada))
    for record in records:
        world.puts(record, (ada, "Sponsor"))
    for delay_s in (0.05, 0.1, 0.15, 0.2, 0.25):
        slow = Fault(method="POST", path=f"{ROLES}$", action="delay", delay_s=delay_s)
        world.outreach_fault(slow)
    world.forget_traffic()

    await world.once()

    counts = world.outreach_traffic.counts
    assert counts["GET", "/api/v2/prospects/{id}"] == 1
    refusals = [line for line in world.history(ada, "PERS") if line.decision == "refused"]
    assert len(refusals) == 1


@pytest.mark.parametrize("on_missing", ["refuse", "recreate"])
async def test_an_opportunity_that_is_gone_is_noticed_by_its_tab(
    related: tuple[Bench, int, int], on_missing: str
) -> None:
    """The tab alone was edited, so nobody looks at the opportunity by itself."""
    world, record, ada = related
    world.settings["outreach"]["on_missing"] = on_missing
    await world.once()
    before = world.twin(record).id
    world.outreach.opportunities.delete(before)

    world.puts(record, (ada, "Sponsor"))
    await world.once()

    if on_missing == "refuse":
        assert world.record(record)["error"] is True
        assert "does not exist any more" in world.reasons()[f"OPP-{record}"].reason
        return
    assert world.twin(record).id != before
    assert world.roles(record) == world.wanted((ada, "Sponsor"))


async def test_a_refused_role_is_told_of_and_tried_again(
    related: tuple[Bench, int, int],
) -> None:
    """It keeps back no other line, and is no secret until somebody reads the history."""
    world, record, ada = related
    bob = world.knows("Bob")
    world.puts(record, (ada, "Buyer"), (bob, "Odd one"))
    refused = Fault(
        method="POST", path=f"{ROLES}$", body="Odd one", status=422, text=VAGUE, times=None
    )
    world.outreach_fault(refused)

    result = await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer"))
    assert "Invalid." in world.waiting()
    assert (result.counts.tabs, result.counts.refused) == (1, 0)
    attempts = world.outreach_traffic.counts[CREATE_ROLE]
    await world.once()
    assert world.outreach_traffic.counts[CREATE_ROLE] == attempts

    world.outreach_traffic.plan.clear()
    world.clock.advance(DAY_S + 1)
    result = await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer"), (bob, "Odd one"))
    assert (result.counts.tabs, world.waiting()) == (0, set())


async def test_who_may_not_make_roles_is_not_asked_about_each_of_them(
    related: tuple[Bench, int, int],
) -> None:
    """It concerns every line there is; looking after each would cost twice the refusal."""
    world, _, ada = related
    refused = Fault(method="POST", path=f"{ROLES}$", status=403, text=VAGUE, times=None)
    world.outreach_fault(refused)

    result = await world.once()

    assert result.counts.tabs == 1
    assert world.person(ada)["error"] is False
    looks = [seen for seen in world.outreach_traffic.counts if seen[1].endswith("/{id}")]
    assert looks == []


async def test_a_person_who_carries_another_id_now_is_that_prospect(
    related: tuple[Bench, int, int],
) -> None:
    """Its next opportunity to sync relates the other one, and removes the former role."""
    world, record, ada = related
    await world.once()
    other = world.prospect("other@customer.example")

    world.mends(ada, cf_person_outreach_id=str(other))
    world.clock.advance(TTL_S + 1)
    world.edit(record, description="Harbour crane, blue")
    await world.once()

    assert world.roles(record) == [(other, "Buyer")]


async def test_people_read_lately_cost_an_edit_nothing(related: tuple[Bench, int, int]) -> None:
    """Reading everybody again with every edit would double what an update costs."""
    world, record, _ = related
    await world.once()
    world.forget_traffic()
    await world.once()
    idle = world.workbooks_traffic.counts["GET", "/crm/people.api"]
    world.forget_traffic()

    world.edit(record, description="Harbour crane, blue")
    await world.once()
    assert world.workbooks_traffic.counts["GET", "/crm/people.api"] == idle

    world.clock.advance(TTL_S + 1)
    world.forget_traffic()
    world.edit(record, description="Harbour crane, green")
    await world.once()
    assert not [seen for seen in world.outreach_traffic.counts if seen[1] in (ROLES, PROSPECTS)]


@pytest.mark.parametrize("there", [True, False])
async def test_a_cleared_id_is_answered_by_a_look_at_the_prospect(
    related: tuple[Bench, int, int], there: bool
) -> None:
    """As with an opportunity: one that exists is told again, one that does not is made anew."""
    world, record, ada = related
    await world.once()
    before = world.told(ada)
    if not there:
        world.outreach.prospects.delete(before)

    world.mends(ada, cf_person_outreach_id=None, cf_person_outreach_url=None)
    world.clock.advance(TTL_S + 1)
    world.edit(record, description="Harbour crane, blue")
    await world.once()
    await world.once()

    assert (world.told(ada) == before) is there
    assert world.roles(record) == world.wanted((ada, "Buyer"))
    assert world.outreach_traffic.counts[CREATE_PROSPECT] == (1 if there else 2)
    assert world.outreach_traffic.counts[CREATE] == 1
