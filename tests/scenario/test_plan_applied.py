"""Plans that are applied at once: nothing has changed since, so nothing of them is left out."""

from __future__ import annotations

import pytest

from connectors.sandbox.faults import Fault
from engine.model.plan import Kind
from engine.service.planning import target
from tests.scenario.bench import Bench
from tests.scenario.people import ROLES as ROLES_PATH
from tests.scenario.plan_hands import planned
from tests.scenario.test_applying import applied


async def test_those_who_share_a_prospect_each_have_their_role(world: Bench) -> None:
    """Lines of one tab that come out equal are as many roles."""
    people = [world.knows(f"Per{one} Son", "shared@customer.example") for one in range(3)]
    record = world.has()
    world.puts(record, *((one, "Buyer") for one in people))
    plan = await planned(world)

    _, left_out = await applied(world, plan.path)

    assert left_out == {}
    assert [role for _, role in world.roles(record)] == ["Buyer"] * 3


async def test_a_record_that_was_never_edited_is_adopted_as_planned(world: Bench) -> None:
    """Whoever enters it may give the id of its target record at once."""
    twin = world.outreach.opportunities.create({"name": "Once"})
    record = world.has("Harbour crane", cf_opportunity_outreach_id=str(twin))
    assert world.workbooks.opportunities.get(record)["lock_version"] == 0
    plan = await planned(world)
    assert {one.version for one in plan.changes} == {0}

    numbers, left_out = await applied(world, plan.path)

    assert (numbers["done"], left_out) == (1, {})
    assert world.twin(record).id == twin
    assert world.twin(record).attributes["name"] == "Harbour crane"


async def test_however_many_target_records_there_are_a_plan_tells_what_they_hold(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the run reads anyway is known, and compared when the plan is applied."""
    monkeypatch.setattr(target, "LOOKS_MAX", 1)
    twins = [world.outreach.opportunities.create({"name": f"Once {one}"}) for one in range(4)]
    for twin in twins:
        world.has(f"Crane {twin}", cf_opportunity_outreach_id=str(twin))

    plan = await planned(world)

    edits = [edit for one in plan.of(Kind.UPDATE) for edit in one.edits if edit.field == "name"]
    assert sorted(str(edit.before) for edit in edits) == [f"Once {one}" for one in range(4)]
    assert plan.end.unlooked == 0
    _, left_out = await applied(world, plan.path)
    assert left_out == {}


async def test_whoever_loses_a_target_record_meanwhile_has_one_more_turn(world: Bench) -> None:
    """One takes the id of a second, which carries that of a third."""
    third, second, first = (world.has(f"Crane {one}") for one in range(3))
    await world.once()
    await world.once()
    ids = {one: world.twin(one).id for one in (first, second, third)}
    world.edit(first, cf_opportunity_outreach_id=str(ids[second]))
    world.edit(second, cf_opportunity_outreach_id=str(ids[third]))
    plan = await planned(world)
    flags = [one.ref for one in plan.of(Kind.FLAG)]
    assert flags == [f"OPP-{second}"]
    # The first is done while the second waits for what it asks about the third.
    late = Fault(method="GET", path=f"opportunities/{ids[third]}$", action="delay", delay_s=0.3)
    world.outreach_fault(late)

    _, left_out = await applied(world, plan.path)

    assert left_out == {}
    assert world.record(second)["error"] is True


async def test_roles_on_what_is_in_the_trash_are_planned_as_they_are_sent(world: Bench) -> None:
    """Outreach shows the record still, and takes them."""
    record, people = world.has(), world.knows_all("Petra Piers", "Quentin Quay")
    await world.once()
    world.outreach.opportunities.trash(world.twin(record).id)
    world.puts(record, *((one, "Buyer") for one in people))
    plan = await planned(world)
    world.forget_traffic()

    _, left_out = await applied(world, plan.path)

    assert left_out == {}
    assert world.outreach_traffic.counts["POST", ROLES_PATH] == len(plan.of(Kind.ROLE_ADD)) == 2
