"""Workbooks' clocks: no time it stamps or tells may hide a change from us."""

from __future__ import annotations

import io
from contextlib import closing

import pytest

from engine.store.sqlite import kept, statefile
from tests.scenario.bench import Bench

pytestmark = pytest.mark.anyio

DAY_S = 86_400
EDITS = 12


def notes(world: Bench) -> list[str]:
    """What is told of the clocks."""
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        return kept.clock_notes(connection)


def named(world: Bench, record: int) -> object:
    """The record's name in Outreach."""
    return world.twin(record).attributes["name"]


async def synced(world: Bench, number: int = EDITS) -> list[int]:
    """Records in step, their last change long past."""
    records = [world.has(f"Row {each}") for each in range(number)]
    await world.once()
    # Seen as the write-backs left them, maybe a second later.
    await world.once()
    world.clock.advance(900)
    await world.once()
    return records


@pytest.mark.parametrize("told", [True, False], ids=["told the time", "told no time"])
@pytest.mark.parametrize("ahead", [1, 5], ids=["one", "several"])
async def test_a_save_with_a_time_ahead_hides_no_later_edit(
    world: Bench, told: bool, ahead: int
) -> None:
    """One wrong clock at one save stopped the polls until the next sweep."""
    world.workbooks.knobs.date_header = told
    records = await synced(world, EDITS + ahead)
    edited, wrong = records[ahead:], records[:ahead]
    for record in wrong:
        world.edit(record, description="From tomorrow")
        stamp = int(world.clock.now()) + DAY_S
        world.workbooks.opportunities.restamp(record, updated_at=stamp)
    await world.once()
    assert {named(world, record) for record in wrong} == {"From tomorrow"}

    for record in edited:
        world.clock.advance(7)
        world.edit(record, description="Edited")
        await world.once()
        assert named(world, record) == "Edited"

    world.forget_traffic()
    await world.once()
    assert world.outreach_traffic.total == 0


async def test_which_record_is_ahead_is_told_once_and_until_it_is_put_right(
    world: Bench, said: io.StringIO
) -> None:
    """Somebody has to save it again, or look at that clock."""
    [record] = await synced(world, 1)
    table = world.workbooks.opportunities
    world.edit(record, description="From tomorrow")
    table.restamp(record, updated_at=int(world.clock.now()) + DAY_S)

    await world.once()

    [note] = notes(world)
    assert note.startswith(f"OPP-{record} carries a time 86")
    assert '"ahead_of_the_source_clock"' in said.getvalue()

    world.edit(record, description="Put right")
    await world.once()
    assert notes(world) == []


@pytest.mark.parametrize("apart_s", [30, 200])
async def test_two_servers_with_clocks_of_their_own_lose_no_edit(
    world: Bench, apart_s: float
) -> None:
    """Answers and stamps come from either; what was stamped by the slower one lies behind."""
    world.workbooks.knobs.servers_apart_s = apart_s
    records = await synced(world)

    for record in records:
        world.clock.advance(5)
        world.edit(record, description="Edited")
        await world.once()
    for _ in range(2):
        world.clock.advance(5)
        await world.once()

    assert {named(world, record) for record in records} == {"Edited"}


async def test_that_the_clocks_differ_is_told(world: Bench, said: io.StringIO) -> None:
    """More is read again from then on."""
    world.workbooks.knobs.servers_apart_s = 200
    records = await synced(world)
    for record in records:
        world.clock.advance(5)
        world.edit(record, description="Edited")
        await world.once()

    assert '"source_clocks_differ"' in said.getvalue()
    assert any("servers differ by" in note for note in notes(world))


async def test_a_relationship_with_a_time_ahead_hides_no_later_change_of_a_tab(
    world: Bench,
) -> None:
    """The list of relationships has a watermark of its own."""
    record = world.has("Harbour crane")
    people = [
        world.workbooks.people.create(
            name=f"P{each}",
            main_location_email=f"p{each}@rye.example",
            cf_person_sync_to_outreach=True,
        )
        for each in range(3)
    ]
    world.workbooks.set_people(record, [(people[0], "Buyer")])
    await world.once()
    world.clock.advance(900)
    await world.once()
    for relationship in world.workbooks.contacts.ids():
        stamp = int(world.clock.now()) + DAY_S
        world.workbooks.contacts.restamp(relationship, updated_at=stamp)
    await world.once()

    for number, person in enumerate(people[1:], 2):
        world.clock.advance(7)
        world.workbooks.set_people(record, [(one, "Buyer") for one in people[:number]])
        await world.once()
        assert len(world.outreach.roles_on(world.twin(record).id)) == number, person


@pytest.mark.parametrize("feed", ["changes", "tab_changes"])
async def test_a_mark_carried_away_by_a_former_version_comes_back(world: Bench, feed: str) -> None:
    """Nothing would be seen before that time otherwise."""
    [record] = await synced(world, 1)
    person = world.workbooks.people.create(
        name="Ada", main_location_email="ada@rye.example", cf_person_sync_to_outreach=True
    )
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        connection.execute(
            "UPDATE watermark SET updated_at = ?, newest_at = ? WHERE feed = ?",
            (int(world.clock.now()) + DAY_S, int(world.clock.now()) + DAY_S, feed),
        )
        connection.commit()

    world.edit(record, description="Edited")
    world.workbooks.set_people(record, [(person, "Buyer")])
    await world.once()

    assert named(world, record) == "Edited"
    assert len(world.outreach.roles_on(world.twin(record).id)) == 1
