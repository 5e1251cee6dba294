"""A row that cannot be read keeps nobody else waiting, wherever rows are read by their ids."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from connectors.sandbox.workbooks.tables import Table
from tests.scenario.bench import Bench

pytestmark = pytest.mark.anyio

MINUTE_S = 61


def spoil(table: Table, row_id: int) -> None:
    """Have the service show a row with a version that is none; nothing else of it changes."""
    row = table.find(row_id)
    assert row is not None
    row.lock_version = -7


def mend(table: Table, row_id: int) -> None:
    """Have the row be like any other again."""
    row = table.find(row_id)
    assert row is not None
    row.lock_version = 7


async def goes_on_by_itself(world: Bench, record: int) -> None:
    """What could not be read waits with the reason, and is read again without an edit."""
    assert any(
        f"the record with id {record}: column lock_version" in one for one in world.waiting()
    )
    mend(world.workbooks.opportunities, record)
    world.clock.advance(MINUTE_S)
    await world.once()
    assert world.waiting() == set()
    assert world.reasons() == {}


async def test_a_person_who_cannot_be_read_keeps_no_other_from_being_related(world: Bench) -> None:
    """The people of many opportunities are read at once."""
    people = world.knows_all("Ada Byron", "Grace Hopper", "Mary Somerville")
    records = [world.has(f"Row {number}") for number in range(3)]
    for record, person in zip(records, people, strict=True):
        world.puts(record, (person, "Buyer"))
    spoil(world.workbooks.people, people[1])

    await world.once()

    for record, person in (records[0], people[0]), (records[2], people[2]):
        assert world.roles(record) == world.wanted((person, "Buyer"))
    assert world.roles(records[1]) == []
    [reason] = world.waiting()
    assert f"the record with id {people[1]}: column lock_version" in reason

    mend(world.workbooks.people, people[1])
    world.clock.advance(MINUTE_S)
    await world.once()
    assert world.roles(records[1]) == world.wanted((people[1], "Buyer"))
    assert world.waiting() == set()


async def test_a_record_that_cannot_be_read_keeps_no_other_tab_waiting(world: Bench) -> None:
    """Tabs that were edited are read at once."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    records = [world.has(f"Row {number}") for number in range(3)]
    await world.once()
    for record in records:
        world.puts(record, (ada, "Buyer"), (grace, "User"))
    spoil(world.workbooks.opportunities, records[1])

    await world.once()

    for record in (records[0], records[2]):
        assert world.roles(record) == world.wanted((ada, "Buyer"), (grace, "User"))
    await goes_on_by_itself(world, records[1])
    assert world.roles(records[1]) == world.wanted((ada, "Buyer"), (grace, "User"))


async def test_a_record_that_cannot_be_read_keeps_no_other_from_its_id(world: Bench) -> None:
    """Where a write meets an edit, all are read before it is repeated together."""
    records = [world.has(f"Row {number}") for number in range(10)]
    odd, others = records[1], [records[0], *records[2:]]

    def edited() -> None:
        for record in records:
            world.edit(record, description="Edited meanwhile")
        spoil(world.workbooks.opportunities, odd)

    world.just_before_a_write_back(edited)
    with capture_logs() as lines:
        await world.once()

    failed = [line for line in lines if line["event"] == "write_back_failed"]
    assert {(line["records"], f"id {odd}:" in line["reason"]) for line in failed} == {(1, True)}
    for record in others:
        assert world.record(record)["outreach_id"] == str(world.twin(record).id)
    mend(world.workbooks.opportunities, odd)
    world.clock.advance(MINUTE_S)
    await world.once()
    assert world.record(odd)["outreach_id"] == str(world.twin(odd).id)
    assert len(world.outreach.opportunities) == len(records)


async def test_a_record_that_cannot_be_read_keeps_no_other_from_a_new_mapping(world: Bench) -> None:
    """With another mapping every linked record is read anew, a hundred at once."""
    records = [world.has(f"Row {number}", refcode=f"R{number}") for number in range(3)]
    await world.once()
    spoil(world.workbooks.opportunities, records[1])
    world.settings["mapping.opportunity"] = {"custom1": "refcode"}

    await world.once()

    for number in (0, 2):
        assert world.twin(records[number]).attributes["custom1"] == f"R{number}"
    await goes_on_by_itself(world, records[1])
    assert world.twin(records[1]).attributes["custom1"] == "R1"
