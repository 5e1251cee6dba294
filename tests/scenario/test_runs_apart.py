"""An approval and an applied plan are runs of their own, and let go what they are meant for."""

from __future__ import annotations

from contextlib import closing

import anyio
import pytest

from engine.model.mass_change import Mass
from engine.model.run import RunKind
from engine.service.planning.rehearsal import Wanted
from engine.store.sqlite import fuse, journal, runs, statefile
from tests.scenario.bench import UPDATE, Bench
from tests.scenario.fuse_hands import held, held_linked
from tests.scenario.plan_hands import planned, writes
from tests.scenario.test_applying import applied
from tests.scenario.test_approving import approve
from tests.scenario.undo_hands import changes, kept, latest_run, undo

pytestmark = pytest.mark.anyio


def done_in(world: Bench, run: int) -> set[str]:
    """The records for which anything was written to Outreach in this run."""
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        lines = journal.lines(connection, run=run)
    return {line.ref for line in lines if line.writes}


def names(world: Bench, *records: int) -> list[object]:
    """What they are called in Outreach."""
    return [world.twin(one).attributes["name"] for one in records]


async def test_what_a_plan_did_is_taken_back_and_nothing_else(world: Bench) -> None:
    """Roles, fields and all of one run; what was done before and after it stays."""
    person = world.knows("Petra Piers")
    first, second = world.has("First"), world.has("Second")
    await world.once()
    world.edit(first, description="First, edited")
    world.puts(first, (person, "Buyer"))
    plan = await planned(world)
    await applied(world, plan.path)
    run = latest_run(world, "plan applied")
    world.edit(second, description="Second, edited")
    await world.once()

    assert done_in(world, run) == {f"OPP-{first}", f"PERS-{person}"}
    lines = await undo(world, run=run)

    assert {one.ref for one in changes(lines)} == {f"OPP-{first}"}
    assert kept(lines).keys() <= {f"PERS-{person}"}
    assert names(world, first, second) == ["First", "Second, edited"]
    assert world.roles(first) == []


async def test_what_was_approved_is_taken_back_and_nothing_else(world: Bench) -> None:
    """Also where a fresh edit went on beside it."""
    records = await held_linked(world)
    await approve(world, beside=[f"OPP-{records[3]}"], yes=True)
    fresh = world.has("Fresh")
    await world.once()
    run = latest_run(world, "approved")

    assert done_in(world, run) == {f"OPP-{one}" for one in records[:3]}
    await undo(world, run=run)

    assert names(world, *records) == ["Crane 0", "Crane 1", "Crane 2", "Crane 3"]
    assert names(world, fresh) == ["Fresh!"]


async def test_people_of_what_was_approved_belong_to_it(world: Bench) -> None:
    """Their roles are written when the record has gone on already."""
    world.settings["fuse"] = {"creates_max": 1}
    person = world.knows("Petra Piers")
    records = [world.has(f"Crane {one}") for one in range(3)]
    for one in records:
        world.puts(one, (person, "Buyer"))
    await world.once()
    await approve(world, yes=True)
    await world.once()
    run = latest_run(world, "approved")
    assert world.roles(records[0]) == world.wanted((person, "Buyer"))

    await undo(world, run=run)

    assert [world.roles(one) for one in records] == [[], [], []]


async def cut_off_before_anything_is_sent(world: Bench) -> None:
    """A plan has taken everything out of the fuse, and its process is gone."""
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        now = world.clock.now()
        run = runs.begin(connection, RunKind.APPLIED, now)
        for one in fuse.held_ids(connection):
            assert fuse.take_out(connection, one, run, now)
        if not fuse.held(connection).records:
            # As a service decides that is at work all the time.
            connection.execute("DELETE FROM setting WHERE name = ?", (fuse.SETTING,))
        connection.execute("COMMIT")


async def test_what_a_plan_let_go_is_held_again_once_its_process_is_gone(world: Bench) -> None:
    """Nobody has approved it for any later time."""
    records = await held_linked(world)
    await cut_off_before_anything_is_sent(world)
    assert held(world).records == 0

    result = await world.once()

    assert (result.held.records, result.held.tripped) == (4, True)
    assert writes(world) == []
    assert names(world, *records) == ["Crane 0", "Crane 1", "Crane 2", "Crane 3"]


async def test_what_was_approved_goes_on_after_any_end(world: Bench) -> None:
    """Somebody meant it, whenever it happens."""
    records = await held_linked(world)
    await approve(world, yes=True)

    assert (await world.once()).held.records == 0
    assert names(world, *records) == ["Crane 0!", "Crane 1!", "Crane 2!", "Crane 3!"]


async def test_what_a_plan_let_go_is_held_again_when_it_is_cancelled(world: Bench) -> None:
    """While the service goes on."""
    await held_linked(world)
    plan = await planned(world, Wanted(held=True))
    with anyio.CancelScope() as scope:
        for record in range(1, 5):
            path = f"/api/v2/opportunities/{world.twin(record).id}"
            world.outreach_door.before["PATCH", path] = scope.cancel
        await applied(world, plan.path)
    assert scope.cancelled_caught
    await world.all_carried_out()
    world.outreach_door.before.clear()

    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        left = connection.execute(
            "SELECT count(*) FROM record WHERE state = 'pending' AND mass <> ?", (Mass.HELD,)
        ).fetchone()[0]
    assert left == 0


async def test_a_plan_that_was_cut_off_is_applied_again_with_nothing_sent_twice(
    world: Bench,
) -> None:
    """What it let go and did not reach is done the second time."""
    records = await held_linked(world)
    plan = await planned(world, Wanted(held=True))
    await cut_off_before_anything_is_sent(world)

    _, left_out = await applied(world, plan.path)

    assert left_out == {}
    assert names(world, *records) == ["Crane 0!", "Crane 1!", "Crane 2!", "Crane 3!"]
    assert world.outreach_traffic.counts[UPDATE] == 4


async def test_what_was_sent_before_the_end_is_held_no_more_once_it_is_applied_again(
    world: Bench,
) -> None:
    """It is so already: nobody has to approve that."""
    records = await held_linked(world)
    plan = await planned(world, Wanted(held=True))
    for one in records[:2]:
        world.outreach.opportunities.update(
            world.twin(one).id, {"name": f"Crane {records.index(one)}!"}
        )
    await cut_off_before_anything_is_sent(world)

    numbers, left_out = await applied(world, plan.path)

    assert (numbers["done"], numbers["done_already"], left_out) == (2, 2, {})
    assert held(world).records == 0
    assert world.outreach_traffic.counts[UPDATE] == 2


async def test_what_follows_from_a_plan_waits_for_nobody_once_it_is_done(world: Bench) -> None:
    """Tabs are looked at again behind it; that is no part of the plan, and no mass change."""
    person = world.knows("Petra Piers")
    records = await held_linked(world, 4, person)
    # Whom a tab has is read anew by now.
    world.clock.advance(100_000)
    plan = await planned(world, Wanted(held=True))

    await applied(world, plan.path)
    result = await world.once()

    assert result.held.records == 0
    assert names(world, *records) == ["Crane 0!", "Crane 1!", "Crane 2!", "Crane 3!"]
