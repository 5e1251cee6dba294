"""`wosync apply`: a plan is carried out as it is, and what has changed since is left out."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.sample import add_seat
from engine.cli import applying, planning
from engine.clock import SystemClock
from engine.model.plan import Kind
from engine.service.planning.applying import apply_alone
from engine.service.planning.desk import mapping_of
from engine.service.planning.files import UnusablePlan, written
from engine.service.planning.rehearsal import Wanted
from engine.store import statedir
from tests.scenario.bench import CREATE, Bench
from tests.scenario.people import ROLES as ROLES_PATH
from tests.scenario.plan_hands import Plan, planned, planned_beside, writes
from tests.scenario.service_port import ServicePort, eventually, served
from tests.waiting import DEADLINE_S

MAPPING = {"name": {"template": "{description}!"}}


async def applied(world: Bench, path: Path) -> tuple[dict[str, int], dict[str, str]]:
    """The numbers, and why what was left out was."""
    out = io.StringIO()
    with anyio.fail_after(DEADLINE_S):
        await apply_alone(world.config(), path, out, world.environment())
    return _told(out.getvalue().splitlines())


def _told(lines: list[str]) -> tuple[dict[str, int], dict[str, str]]:
    *left, last = [json.loads(line) for line in lines]
    return last["applied"], {one["left_out"]["ref"]: one["left_out"]["reason"] for one in left}


async def _changed_mapping(world: Bench, number: int = 3) -> tuple[list[int], Plan]:
    """Linked records, and the plan of another mapping, which is then put in force."""
    records = [world.has(f"Crane {one}") for one in range(number)]
    world.settings["fuse"] = {"records_min": 1, "share": 0.0}
    await world.once()
    await world.once()
    text = '[mapping.opportunity]\nname = { template = "{description}!" }'
    plan = await planned(world, Wanted(mapping=mapping_of(text, "new")))
    world.settings["mapping.opportunity"] = MAPPING
    world.forget_traffic()
    return records, plan


def _names(world: Bench, records: list[int]) -> list[object]:
    return [world.twin(one).attributes["name"] for one in records]


async def test_a_first_run_is_carried_out_as_planned(world: Bench) -> None:
    """Records, people, roles, ids and flags; and a second time nothing is sent."""
    people = world.knows_all("Petra Piers", "Quentin Quay")
    record, wrong = world.has("Harbour crane"), world.has("Bad crane", probability="often")
    world.puts(record, (people[0], "Buyer"), (people[1], "Advisor"))
    plan = await planned(world)
    later = world.has("Later crane")
    world.forget_traffic()

    numbers, left_out = await applied(world, plan.path)

    assert left_out == {}
    assert numbers == {"done": 4, "done_already": 0, "left_out": 0}
    world.twin(record)
    assert world.roles(record) == world.wanted((people[0], "Buyer"), (people[1], "Advisor"))
    assert world.record(wrong)["error"] is True
    assert world.twins(later) == []
    world.forget_traffic()
    numbers, left_out = await applied(world, plan.path)
    assert (left_out, writes(world)) == ({}, [])
    assert numbers["left_out"] == 0
    await world.once()
    world.twin(later)


async def test_what_the_fuse_holds_is_done_as_far_as_it_is_planned(world: Bench) -> None:
    """What was edited since on either side is left out, and waits on."""
    records, plan = await _changed_mapping(world)
    world.edit(records[1], description="Edited since")
    world.outreach.opportunities.update(world.twin(records[2]).id, {"name": "By hand"})

    numbers, left_out = await applied(world, plan.path)

    assert numbers == {"done": 1, "done_already": 0, "left_out": 2}
    assert "edited in Workbooks since" in left_out[f"OPP-{records[1]}"]
    assert 'name was changed in Outreach since: "By hand"' in left_out[f"OPP-{records[2]}"]
    assert _names(world, records) == ["Crane 0!", "Crane 1", "By hand"]
    assert len(writes(world)) == 1


async def test_what_would_be_decided_otherwise_is_left_out(world: Bench) -> None:
    """Neither record has changed, but somebody of the owner's name has turned up."""
    record = world.has("Harbour crane", assigned_to_name="Otto Owner")
    plan = await planned(world)
    add_seat(world.outreach, "Otto Owner")
    world.forget_traffic()

    numbers, left_out = await applied(world, plan.path)

    assert (numbers["done"], writes(world)) == (0, [])
    assert "otherwise than planned: owner" in left_out[f"OPP-{record}"]
    await world.once()
    world.twin(record)


EDITS: dict[str, Callable[[Plan], Plan]] = {
    "of another pair": lambda one: replace(one, header=replace(one.header, pair="a and b")),
    "of another version": lambda one: replace(one, header=replace(one.header, made_by="0.0.1")),
    "by another mapping": lambda one: replace(one, header=replace(one.header, mapping="f00")),
    "too old": lambda one: replace(one, header=replace(one.header, made_at=1.0)),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
async def test_a_stale_or_foreign_plan_is_refused_as_a_whole(
    world: Bench, edit: Callable[[Plan], Plan]
) -> None:
    """With the reason, and nothing is sent."""
    world.has("Harbour crane")
    plan = edit(await planned(world))
    with plan.path.open("w", encoding="utf-8") as out:
        written([plan.header, *plan.changes, plan.end], out)
    world.forget_traffic()

    with pytest.raises(UnusablePlan) as refused:
        await applied(world, plan.path)

    assert refused.value.remedy
    assert writes(world) == []


async def test_a_lost_answer_sends_nothing_twice(world: Bench) -> None:
    """What may have been created is looked for, by the plan applied again or by the service."""
    record = world.has("Harbour crane")
    plan = await planned(world)
    world.outreach_fault(Fault(method="POST", path="opportunities$", when="after", action="drop"))

    _, left_out = await applied(world, plan.path)
    assert "may have been executed: it is looked for first" in left_out[f"OPP-{record}"]
    world.clock.advance(30)
    numbers, left_out = await applied(world, plan.path)

    assert left_out == {}
    assert numbers["left_out"] == 0
    world.twin(record)
    assert world.outreach_traffic.counts[CREATE] == 1


async def test_an_apply_that_is_cut_off_can_be_done_again(world: Bench) -> None:
    """It ends in the middle; what it had sent is not sent again."""
    person = world.knows("Petra Piers")
    records = [world.has(f"Crane {one}") for one in range(5)]
    for record in records:
        world.puts(record, (person, "Buyer"))
    plan = await planned(world)
    with anyio.CancelScope() as scope:
        world.outreach_fault(
            Fault(method="POST", path="ProspectRoles$", action="delay", delay_s=0.3, times=None)
        )
        world.just_before_a_write_back(scope.cancel)
        world.outreach_door.before["POST", ROLES_PATH] = scope.cancel
        await applied(world, plan.path)
    assert scope.cancelled_caught
    await world.all_carried_out()
    world.outreach_door.before.clear()
    world.workbooks_door.before.clear()
    world.outreach_traffic.plan.clear()
    world.clock.advance(30)

    await applied(world, plan.path)
    world.clock.advance(30)
    _, left_out = await applied(world, plan.path)

    assert left_out == {}
    for record in records:
        world.twin(record)
        assert world.roles(record) == world.wanted((person, "Buyer"))
    assert len(world.outreach.opportunities.rows()) == 5


async def test_beside_the_service_a_plan_is_carried_out_by_it(world: Bench) -> None:
    """Of what the fuse holds, that which is planned; whoever comes second waits."""
    records, _ = await _changed_mapping(world)
    async with served(world) as port:
        await eventually(lambda: _tripped(port))
        plan = await planned_beside(world, port)
        assert [one.held for one in plan.of(Kind.UPDATE)] == [True] * 3
        world.outreach.opportunities.update(world.twin(records[2]).id, {"name": "By hand"})
        answers: list[tuple[dict[str, int], dict[str, str]]] = []

        async def ask() -> None:
            answers.append(_told(await port.sends("/apply", plan.path)))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            tasks.start_soon(ask)

        first, second = answers
        assert first[0] == {"done": 2, "done_already": 0, "left_out": 1}
        assert second[0] == {"done": 0, "done_already": 2, "left_out": 1}
        assert list(first[1]) == [f"OPP-{records[2]}"]
        assert _names(world, records) == ["Crane 0!", "Crane 1!", "By hand"]
        assert (await port.status())["approval"] == {"records": 1, "needed": True}


async def _tripped(port: ServicePort) -> bool:
    return bool((await port.status())["approval"]["needed"])


async def test_who_shares_an_address_is_told_the_prospect_of_the_other(world: Bench) -> None:
    """Whoever of them is created, and whichever record has its turn first."""
    people = [world.knows(f"Per{one} Son", "shared@customer.example") for one in range(3)]
    records = [world.has(f"Crane {one}") for one in range(6)]
    for number, record in enumerate(records):
        world.puts(record, (people[number % 3], "Buyer"))
    plan = await planned(world)
    assert len(plan.of(Kind.PROSPECT)) == 1
    last = plan.of(Kind.PROSPECT)[0].record_id
    # The one who is created comes last.
    head = [one for one in plan.changes if one.record_id not in records]
    ordered = sorted(records, key=lambda one: people[records.index(one) % 3] == last)
    changes = [
        one
        for record in ordered
        for one in plan.changes
        if one.record_id == record and one not in head
    ]
    with plan.path.open("w", encoding="utf-8") as out:
        written([plan.header, *changes, *head, plan.end], out)

    _, left_out = await applied(world, plan.path)

    assert left_out == {}
    assert len(world.outreach.prospects.rows()) == 1


@pytest.mark.sockets
async def test_who_applies_without_a_service_waits_for_whoever_does_already(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two at once one waits, and does what is left then."""
    record = world.has("Harbour crane")
    plan = await planned(world)
    # A command goes by the clock of the machine.
    with plan.path.open("w", encoding="utf-8") as out:
        header = replace(plan.header, made_at=SystemClock().now())
        written([header, *plan.changes, plan.end], out)
    waits = threading.Event()

    def complain(text: str) -> None:
        assert "waiting" in text
        waits.set()

    monkeypatch.setattr(planning, "complain", complain)
    codes: list[int] = []

    async def second() -> None:
        path = world.directory / "config.toml"
        apply = partial(applying.apply, path, plan.path, as_json=False)
        codes.append(await anyio.to_thread.run_sync(apply))

    async with anyio.create_task_group() as tasks:
        with statedir.lease(world.state):
            tasks.start_soon(second)
            assert await anyio.to_thread.run_sync(waits.wait, DEADLINE_S)
            assert world.twins(record) == []
            assert codes == []

    assert codes == [0]
    world.twin(record)
