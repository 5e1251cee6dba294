"""A record that is left out, or whose opportunity is gone, is left alone with its people."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.sandbox.faults import Fault
from engine.decide.retry import QUICK_TRIES
from tests.scenario.bench import CREATE, Bench, running, until
from tests.scenario.gates import Gate
from tests.scenario.people import CREATE_PROSPECT, CREATE_ROLE, ROLES

pytestmark = pytest.mark.anyio

TTL_S, DAY_S = 3600, 86_400
PEOPLE = "/crm/people.api"
GONE = '{"errors":[{"id":"resourceNotFound","title":"No","detail":"Could not find it."}]}'
REFUSED = '{"errors":[{"id":"badRequest","title":"No","detail":"Not like this."}]}'

Undo = Callable[[Bench, int], None]


def untick(world: Bench, record: int) -> None:
    """Take the tick away."""
    world.edit(record, cf_opportunity_sync_to_outreach=False)


def flag(world: Bench, record: int) -> None:
    """Set the error flag, which leaves a record out as well."""
    world.edit(record, cf_opportunity_outreach_sync_error=True)


def delete(world: Bench, record: int) -> None:
    """Delete it."""
    world.workbooks.opportunities.delete(record)


def hide(world: Bench, record: int) -> None:
    """Take away our user's right to see it."""
    world.workbooks.opportunities.hide(record)


UNDOING = pytest.mark.parametrize("undo", [untick, flag, delete, hide])


@pytest.fixture
def audited(world: Bench) -> Bench:
    """Every run sweeps, and every sweep audits everything."""
    world.settings["poller"] = {"sweep_interval_s": 0.001, "audit_interval_s": 0.001}
    return world


def with_one_waiting(world: Bench) -> tuple[int, int]:
    """A record with Ada, and a line that waits for Grace to be ticked; the record, and Grace."""
    ada = world.knows("Ada Byron")
    grace = world.knows("Grace Hopper", cf_person_sync_to_outreach=False)
    record = world.has("Harbour crane", **{"queue_entry[queue[name]]": "Nobody Yet"})
    world.puts(record, (ada, "Buyer"), (grace, "User"))
    return record, grace


def people_read(world: Bench) -> int:
    """How often people were read by id."""
    return sum(
        seen.path == PEOPLE and (seen.form.get("_ff[]"), seen.form.get("_ft[]")) == (["id"], ["eq"])
        for seen in world.workbooks_seen
    )


@UNDOING
async def test_nobody_is_related_any_more_for_a_record_that_is_left_out(
    audited: Bench, undo: Undo
) -> None:
    """Whoever takes the tick away, or deletes the record, takes back all of it."""
    record, grace = with_one_waiting(audited)
    await audited.once()
    before = audited.roles(record)
    assert len(before) == 1
    undo(audited, record)
    await audited.once()

    audited.mends(grace, cf_person_sync_to_outreach=True)
    audited.clock.advance(TTL_S + 1)
    audited.forget_traffic()
    await audited.once()

    assert audited.roles(record) == before
    assert audited.outreach_traffic.counts[CREATE_PROSPECT] == 0
    assert audited.person(grace)["outreach_id"] is None


@UNDOING
async def test_nothing_is_asked_for_on_behalf_of_a_record_that_is_left_out(
    audited: Bench, undo: Undo
) -> None:
    """Records are left out by the thousand, and each would be asked about for ever."""
    record, _ = with_one_waiting(audited)
    await audited.once()
    undo(audited, record)
    await audited.once()

    audited.clock.advance(TTL_S + 1)
    audited.forget_traffic()
    await audited.once()

    assert people_read(audited) == 0
    assert audited.outreach_traffic.total == 0


async def test_a_refused_role_of_a_record_that_is_left_out_is_not_tried_again(
    audited: Bench,
) -> None:
    """It is tried once a day, and the record may be left out in between."""
    record, _ = with_one_waiting(audited)
    audited.outreach_fault(Fault(method="POST", path=f"{ROLES}$", status=422, text=REFUSED))
    await audited.once()
    assert audited.outreach_traffic.counts[CREATE_ROLE] == 1
    delete(audited, record)
    await audited.once()

    audited.clock.advance(DAY_S + 1)
    audited.forget_traffic()
    await audited.once()

    assert audited.roles(record) == []
    assert audited.outreach_traffic.counts[CREATE_ROLE] == 0


async def test_a_record_that_is_taken_up_again_is_made_whole(audited: Bench) -> None:
    """What it waited for is forgotten while it is left out, and not missed afterwards."""
    record, grace = with_one_waiting(audited)
    await audited.once()
    untick(audited, record)
    await audited.once()
    audited.mends(grace, cf_person_sync_to_outreach=True)
    await audited.once()

    audited.edit(record, cf_opportunity_sync_to_outreach=True)
    await audited.once()
    assert len(audited.roles(record)) == 2

    seat = audited.outreach.users.create({"firstName": "Nobody", "lastName": "Yet"})
    audited.clock.advance(TTL_S + 1)
    await audited.once()
    assert audited.twin(record).relationships["owner"] == seat


async def test_a_record_that_is_left_out_while_its_people_are_related_gets_no_more_of_them(
    world: Bench,
) -> None:
    """What is under way is carried out; what was to follow is not sent."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer"), (grace, "User"))
    gate = Gate(world.outreach_door.app, "POST", ROLES)
    world.outreach_door.app = gate

    async with running(world, sweep_interval_s=0.05, audit_interval_s=0.05):
        await until(gate.arrived.is_set)
        await until(lambda: world.record(record)["outreach_id"] is not None)
        delete(world, record)
        await until(lambda: world.history(record)[-1].decision == "left out")
        gate.opened.set()
        await until(lambda: len(world.roles(record)) == 1)

    assert len(world.roles(record)) == 1


async def test_an_opportunity_that_is_gone_is_told_once_of_each_person_who_turns_up(
    world: Bench,
) -> None:
    """Its record was deleted as well, so nobody can be told and nothing will ever mend it."""
    record, grace = with_one_waiting(world)
    await world.once()
    world.outreach.opportunities.delete(world.twin(record).id)
    delete(world, record)
    world.mends(grace, cf_person_sync_to_outreach=True)
    world.forget_traffic()

    for _ in range(4):
        await world.once()
        world.clock.advance(TTL_S + 1)

    assert world.outreach_traffic.counts[CREATE_ROLE] == 1


async def test_a_gone_opportunity_is_not_tried_again_before_its_record_was_looked_at(
    world: Bench,
) -> None:
    """The look may have to wait, and people turn up meanwhile."""
    ada = world.knows("Ada Byron")
    waiting = [
        world.knows(name, cf_person_sync_to_outreach=False)
        for name in ("Grace Hopper", "Mary Somerville")
    ]
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer"), *((one, "User") for one in waiting))
    await world.once()
    world.outreach.opportunities.delete(world.twin(record).id)
    unreadable = Fault(path="/users$", status=200, text="[]", times=None)
    world.outreach_fault(unreadable)
    world.edit(record, **{"queue_entry[queue[name]]": "Nobody Yet"})
    world.forget_traffic()

    for one in waiting:
        world.mends(one, cf_person_sync_to_outreach=True)
        await world.once()

    assert world.outreach_traffic.counts[CREATE_ROLE] == 1
    assert world.record(record)["error"] is False
    world.outreach_traffic.plan.clear()
    world.clock.advance(73)
    await world.once()
    assert world.record(record)["error"] is True


async def test_an_opportunity_that_is_gone_and_there_is_not_asked_for_on_and_on(
    world: Bench,
) -> None:
    """Servers of one service may disagree, for how long ever."""
    record = world.has("Harbour crane")
    world.puts(record, (world.knows("Ada Byron"), "Buyer"))
    gone = Fault(path="/opportunities/", query="=trashedAt$", status=404, text=GONE, times=None)
    refused = Fault(method="POST", path=f"{ROLES}$", status=422, text=REFUSED, times=None)
    world.outreach_fault(gone)
    world.outreach_fault(refused)

    await world.once()

    assert 1 < world.outreach_traffic.counts[CREATE_ROLE] <= QUICK_TRIES
    world.outreach_traffic.plan.clear()
    world.clock.advance(73)
    await world.once()
    assert len(world.roles(record)) == 1


async def test_nobody_is_related_to_a_gone_opportunity_that_is_to_be_made_anew(
    world: Bench,
) -> None:
    """Its people come with the new one, however long that is refused."""
    world.settings["outreach"]["on_missing"] = "recreate"
    record, grace = with_one_waiting(world)
    await world.once()
    world.outreach.opportunities.delete(world.twin(record).id)
    refused = Fault(method="POST", path="/opportunities$", status=400, text=REFUSED, times=None)
    world.outreach_fault(refused)
    world.edit(record, description="Harbour crane, blue")
    world.forget_traffic()
    await world.once()
    assert world.outreach_traffic.counts[CREATE] > 1

    world.mends(grace, cf_person_sync_to_outreach=True)
    await world.once()
    assert world.outreach_traffic.counts[CREATE_ROLE] == 0

    world.outreach_traffic.plan.clear()
    world.clock.advance(73)
    await world.once()
    assert world.roles(record) == world.wanted(
        *((one, role) for one, role in world.workbooks.people_on(record))
    )
