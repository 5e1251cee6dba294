"""Whoever takes a record back before it was created takes it back: no create from an old row."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.sandbox.faults import Fault
from engine.errors import Unreachable
from tests.scenario.bench import CREATE, OPPORTUNITIES, SEARCH, Bench, running, until

pytestmark = pytest.mark.anyio

IMPORTED = 60
FROZEN_S = 180
# Creates that are under way when the records are taken back: one of each worker.
UNDER_WAY = 4

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


UNDOING = pytest.mark.parametrize(
    ("undo", "reason"),
    [
        (untick, "sync is off"),
        (flag, "the error flag is set"),
        (delete, "the record is deleted, or hidden from our user"),
        (hide, "the record is deleted, or hidden from our user"),
    ],
)


def imported(world: Bench, number: int = IMPORTED) -> list[int]:
    """Records of one import."""
    return [world.has(f"Row {each}") for each in range(number)]


def uncreated(world: Bench, records: list[int]) -> list[int]:
    """Those of them that Outreach has never heard of."""
    return [record for record in records if not world.twins(record)]


def readings(world: Bench) -> int:
    """How often opportunities were read by id."""
    return sum(
        seen.path == OPPORTUNITIES
        and (seen.form.get("_ff[]"), seen.form.get("_ft[]")) == (["id"], ["eq"])
        and "_select_columns[]" in seen.form
        for seen in world.workbooks_seen
    )


@UNDOING
async def test_what_is_taken_back_while_it_waits_is_not_created(
    world: Bench, undo: Undo, reason: str
) -> None:
    """The machine stood still meanwhile, and no poll shows what is not eligible any more."""
    records = imported(world)

    def take_back() -> None:
        for record in records:
            undo(world, record)
        world.clock.advance(FROZEN_S)

    world.just_before_a_create(take_back)
    result = await world.once()

    left = uncreated(world, records)
    assert len(left) >= IMPORTED - UNDER_WAY
    for record in left:
        [line] = world.history(record)
        assert (line.decision, line.detail) == ("left out", reason)
    assert result.counts.pending == 0


async def test_what_is_taken_back_while_the_service_is_stopped_is_not_created(
    world: Bench,
) -> None:
    """It was captured, and nothing was sent of it yet."""
    world.has("Synced before")
    await world.once()
    records = imported(world)
    world.outreach.knobs.maintenance_until = world.clock.now() + 170
    with pytest.raises(Unreachable, match="wait"):
        await world.once()
    for record in records:
        untick(world, record)
    world.clock.advance(FROZEN_S)

    await world.once()

    assert uncreated(world, records) == records


async def test_the_first_poll_comes_before_the_first_dispatch(world: Bench) -> None:
    """What a former process left may have been edited since; it is sent once, as it is now."""
    # So that no row is too old.
    world.settings["poller"] = {"interval_s": 86_400}
    record = world.has("Harbour crane")
    await world.once()
    world.edit(record, description="Harbour crane, red")
    world.outreach.knobs.maintenance_until = world.clock.now() + 1800
    with pytest.raises(Unreachable, match="wait"):
        await world.once()
    world.clock.advance(7200)
    world.edit(record, description="Harbour crane, blue")
    world.forget_traffic()
    world.workbooks_fault(Fault(path=OPPORTUNITIES, action="delay", delay_s=0.7, times=None))

    async with running(world):
        await until(lambda: world.twin(record).attributes["name"] == "Harbour crane, blue")

    assert [one.sent for one in world.outreach_seen if one.method == "PATCH"] == [{"name"}]


async def test_what_is_ticked_again_is_synced_as_ever(world: Bench) -> None:
    """Left out is not refused: the next tick is enough."""
    records = imported(world, 12)

    def take_back() -> None:
        for record in records:
            untick(world, record)
        world.clock.advance(FROZEN_S)

    world.just_before_a_create(take_back)
    await world.once()
    for record in records:
        world.edit(record, cf_opportunity_sync_to_outreach=True)
    await world.once()

    assert all(world.twin(record) for record in records)
    assert world.outreach_traffic.counts[CREATE] == len(records)


async def test_a_lost_create_of_a_record_taken_back_is_not_sent_again(world: Bench) -> None:
    """It was not executed, and nobody wants it any more."""
    world.settings["retry"] = {"base_s": 0.05, "cap_s": 0.2, "attempts_max": 50}
    record = world.has("Harbour crane")
    world.outreach_fault(Fault(method="POST", path=CREATE[1], when="before", action="drop"))

    def take_back() -> None:
        delete(world, record)
        world.clock.advance(FROZEN_S)

    world.outreach_door.before[SEARCH] = take_back
    result = await world.once()

    assert uncreated(world, [record]) == [record]
    assert result.counts.pending == 0
    assert world.history(record)[-1].decision == "left out"


async def test_reading_anew_costs_one_request_in_fifty_creates_at_most(world: Bench) -> None:
    """A backlog that drains slowly grows old all the time."""
    number = 250
    records = imported(world, number)
    create = world.outreach_door.before

    def slowly() -> None:
        world.clock.advance(1)
        create[CREATE] = slowly

    create[CREATE] = slowly
    await world.once()

    assert uncreated(world, records) == []
    assert 1 <= readings(world) <= number / 50


async def test_what_was_just_captured_is_not_read_again(world: Bench) -> None:
    """The page of the poll has just shown it."""
    records = imported(world)

    await world.once()

    assert uncreated(world, records) == []
    assert readings(world) == 0


async def test_people_who_are_taken_back_while_they_wait_are_not_created(world: Bench) -> None:
    """They are read a hundred at a time, and the last of them may wait for long."""
    world.settings["concurrency"] = {"relationship_syncers": 1}
    people = world.workbooks.people
    ids = [
        people.create(
            name=f"P{each}",
            main_location_email=f"p{each}@rye.example",
            cf_person_sync_to_outreach=True,
        )
        for each in range(12)
    ]
    records = [world.has(f"Row {each}") for each in range(12)]
    for record, person in zip(records, ids, strict=True):
        world.workbooks.set_people(record, [(person, "Buyer")])

    def take_back() -> None:
        for person in ids:
            people.update(person, cf_person_sync_to_outreach=False)
        world.clock.advance(FROZEN_S)

    world.just_before_a_prospect_create(take_back)
    await world.once()

    assert 1 <= len(world.outreach.prospects) <= 3
