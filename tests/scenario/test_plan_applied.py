"""Plans that are applied at once: nothing has changed since, so nothing of them is left out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from connectors.sandbox.faults import Fault
from engine.model.plan import Change, Header, Kind, LeftOut
from engine.service.planning import files, lines, target
from tests.scenario.adopting_hands import ADOPTS, synced
from tests.scenario.bench import Bench
from tests.scenario.fuse_hands import held_linked
from tests.scenario.people import ROLES as ROLES_PATH
from tests.scenario.plan_hands import planned, writes
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


async def test_what_a_run_reads_of_many_records_at_once_is_told_as_well(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after the loss of a state."""
    monkeypatch.setattr(target, "LOOKS_MAX", 0)
    records = [world.has(f"Crane {one}") for one in range(3)]
    await world.once()
    for record in records:
        world.outreach.opportunities.update(world.twin(record).id, {"name": "By hand"})
    world.forget_state()
    world.clock.advance(24 * 3600)

    plan = await planned(world)

    edits = [edit for one in plan.of(Kind.UPDATE) for edit in one.edits]
    assert [(edit.field, edit.before) for edit in edits] == [("name", "By hand")] * 3
    assert plan.end.unlooked == 0


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


async def test_nobody_in_the_service_waits_for_the_lines_of_a_plan(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are made, and read, beside the loop in which all others work."""
    threads: list[int] = []

    def noting(real: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any) -> Any:
            threads.append(threading.get_ident())
            return real(*given)

        return noted

    world.puts(world.has(), (world.knows("Petra Piers"), "Buyer"))
    with monkeypatch.context() as patched:
        patched.setattr(lines.Lines, "change", noting(lines.Lines.change))
        plan = await planned(world)
    with monkeypatch.context() as patched:
        patched.setattr(files, "_parsed", noting(files._parsed))  # pyright: ignore[reportPrivateUsage]
        _, left_out = await applied(world, plan.path)

    assert left_out == {}
    assert threads
    assert threading.get_ident() not in threads


async def test_others_have_their_turn_between_two_records_of_an_adoption(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most of them need nothing that is waited for."""
    records = [world.has(f"Crane {one}") for one in range(5)]
    await synced(world, *records)
    turns, seen = 0, list[int]()

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    real = files.Writing.write

    def write(self: files.Writing, line: Header | Change | LeftOut) -> None:
        if isinstance(line, Change) and line.kind is Kind.ADOPT:
            seen.append(turns)
        real(self, line)

    monkeypatch.setattr(files.Writing, "write", write)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(others)
        await planned(world, ADOPTS)
        tasks.cancel_scope.cancel()

    assert len(seen) == len(records)
    assert len(set(seen)) == len(seen)


async def test_what_was_done_before_is_told_so(world: Bench) -> None:
    """Records and people; and nothing is sent."""
    person, wrong = world.knows("Petra Piers"), world.has("Bad crane", probability="often")
    world.puts(world.has(), (person, "Buyer"))
    plan = await planned(world)
    first, _ = await applied(world, plan.path)
    world.forget_traffic()

    again, _ = await applied(world, plan.path)

    assert first == {"done": 3, "done_already": 0, "left_out": 0}
    assert again == {"done": 0, "done_already": 3, "left_out": 0}
    assert writes(world) == []
    assert world.record(wrong)["error"] is True


async def test_a_role_that_is_gone_since_it_was_made_is_not_told_to_be_there(world: Bench) -> None:
    """That nothing is due of the record does not make it so."""
    record, person = world.has(), world.knows("Petra Piers")
    world.puts(record, (person, "Buyer"))
    plan = await planned(world)
    await applied(world, plan.path)
    [role] = world.role_rows(record)
    world.outreach.roles.delete(role.id)

    numbers, left_out = await applied(world, plan.path)

    assert (numbers["done_already"], list(left_out)) == (1, [f"OPP-{record}"])


async def test_of_somebody_who_is_a_prospect_by_now_it_is_not_told_that_nobody_needs_them(
    world: Bench,
) -> None:
    """Somebody else has made one with the same address."""
    record, person = world.has(), world.knows("Petra Piers")
    world.puts(record, (person, "Buyer"))
    plan = await planned(world)
    world.prospect("petra.piers@customer.example")

    _, left_out = await applied(world, plan.path)

    assert "is not what it was" in left_out[f"PERS-{person}"]
    assert "is not what it was any more" in left_out[f"OPP-{record}"]


async def test_roles_on_what_is_found_in_the_trash_need_not_be_removed_any_more(
    world: Bench,
) -> None:
    """The plan comes to the people first, since the fuse holds the record; whoever applies it
    finds out first."""
    first, second = world.knows_all("Petra Piers", "Quentin Quay")
    record, *_ = await held_linked(world, 4, first, second)
    world.outreach.opportunities.trash(world.twin(record).id)
    world.settings["fuse"] = {}
    world.puts(record, (first, "Buyer"))
    plan = await planned(world)
    kinds = [one.kind for one in plan.changes if one.ref == f"OPP-{record}"]
    assert kinds == [Kind.ROLE_REMOVE, Kind.UPDATE, Kind.FLAG]

    _, left_out = await applied(world, plan.path)

    assert left_out == {}
