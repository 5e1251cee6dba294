"""What the fuse holds is held whole: no field, no role, no prospect, no id and no flag."""

from __future__ import annotations

import pytest

from tests.scenario.bench import Bench
from tests.scenario.fuse_hands import approve, held, past_the_overlap, written

pytestmark = pytest.mark.anyio

MANY = 40


@pytest.fixture
def swept(world: Bench) -> Bench:
    """A keen fuse, and tabs that only sweeps compare."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 1}
    world.settings["contacts"] = {"source": "arrays"}
    world.settings["poller"] = {"sweep_interval_s": 0.001}
    return world


async def related(world: Bench, *lines: tuple[int, str], records: int = MANY) -> list[int]:
    """So many records with these lines on their tabs, in step."""
    made = [world.has(f"Row {number}") for number in range(records)]
    for record in made:
        world.puts(record, *lines)
    await world.once()
    await past_the_overlap(world)
    world.forget_traffic()
    return made


async def test_replaced_tabs_create_and_tell_nobody(swept: Bench) -> None:
    """Forty people whom nobody wanted in Outreach would have to be found and removed by hand."""
    ada = swept.knows("Ada Byron")
    records = await related(swept, (ada, "Partner"))
    told = swept.told(ada)
    others = [swept.knows(f"Person No{number}") for number in range(MANY)]
    for record, other in zip(records, others, strict=True):
        swept.puts(record, (other, "Buyer"))

    await swept.once()
    result = await swept.once()
    assert written(swept) == set()
    assert [swept.roles(record) for record in records] == [[(told, "Partner")]] * MANY
    assert not any(swept.person(other)["outreach_id"] for other in others)
    assert result.counts.tabs == MANY
    assert swept.waiting() == {
        "held by the fuse: would create 1 roles, remove 1 roles, have 1 people created"
    }

    await approve(swept)
    await swept.once()
    for record, other in zip(records, others, strict=True):
        assert swept.roles(record) == swept.wanted((other, "Buyer"))


async def test_added_lines_are_a_mass_change_as_well(swept: Bench) -> None:
    """A role too many on everything is as wrong as one too few."""
    ada, bob = swept.knows("Ada Byron"), swept.knows("Bob Babbage")
    records = await related(swept, (ada, "Partner"))
    first = swept.has("First")
    swept.puts(first, (bob, "Partner"))
    await swept.once()
    swept.forget_traffic()
    for record in records:
        swept.puts(record, (ada, "Partner"), (bob, "Buyer"))

    await swept.once()
    assert written(swept) == set()
    assert held(swept).records == MANY
    assert swept.waiting() == {"held by the fuse: would create 1 roles"}

    await approve(swept)
    await swept.once()
    for record in records:
        assert swept.roles(record) == swept.wanted((ada, "Partner"), (bob, "Buyer"))


async def test_people_with_bad_addresses_are_not_flagged(swept: Bench) -> None:
    """Forty flags would have to be reset by hand."""
    ada = swept.knows("Ada Byron")
    records = await related(swept, (ada, "Partner"))
    bad = [
        swept.knows(f"Person No{number}", email=f"no address {number}") for number in range(MANY)
    ]
    for record, person in zip(records, bad, strict=True):
        swept.puts(record, (ada, "Partner"), (person, "Buyer"))

    await swept.once()

    assert written(swept) == set()
    assert not any(swept.person(person)["error"] for person in bad)
    assert held(swept).people == MANY


async def test_changes_scattered_over_many_pages_are_one_mass_change(swept: Bench) -> None:
    """In each page by itself they are few enough to be the edits of a day."""
    ada, bob = swept.knows("Ada Byron"), swept.knows("Bob Babbage")
    swept.settings["workbooks"]["page_size"] = 8
    records = await related(swept, (ada, "Partner"))
    for record in records[::4]:
        swept.puts(record, (bob, "Buyer"))
    swept.settings["fuse"] = {"share": 0.1, "records_min": 1}

    await swept.once()

    assert written(swept) == set()
    assert held(swept).records == MANY // 4


async def test_a_few_tabs_found_by_a_sweep_go_on_although_the_fuse_is_blown(
    swept: Bench,
) -> None:
    """Where only sweeps compare tabs, whoever works today is met by them."""
    ada, bob = swept.knows("Ada Byron"), swept.knows("Bob Babbage")
    records = await related(swept, (ada, "Partner"))
    swept.settings["mapping.opportunity"] = {"name": "object_ref"}
    await swept.once()
    assert held(swept).tripped
    new = swept.has("New")
    swept.puts(new, (bob, "Buyer"))
    await past_the_overlap(swept)

    swept.puts(new, (bob, "Partner"))
    await swept.once()

    assert swept.roles(new) == swept.wanted((bob, "Partner"))
    assert held(swept).records == len(records)


async def test_many_people_on_few_tabs_are_many(swept: Bench) -> None:
    """One tab of forty new people is forty creates."""
    swept.settings["fuse"] = {"share": 0.3, "records_min": 10}
    ada = swept.knows("Ada Byron")
    [record, *_] = await related(swept, (ada, "Partner"), records=2)
    others = [swept.knows(f"Person No{number}") for number in range(MANY)]
    swept.puts(record, (ada, "Partner"), *((other, "Buyer") for other in others))

    await swept.once()

    assert written(swept) == set()
    assert (held(swept).records, held(swept).people, held(swept).tripped) == (1, MANY, True)


async def test_a_fresh_edit_of_one_of_them_goes_on_alone(swept: Bench) -> None:
    """It goes on completely, and nobody else's people come with it."""
    ada = swept.knows("Ada Byron")
    records = await related(swept, (ada, "Partner"))
    others = [swept.knows(f"Person No{number}") for number in range(MANY)]
    for record, other in zip(records, others, strict=True):
        swept.puts(record, (other, "Buyer"))
    # Somebody who is there already would only have to be told so.
    swept.prospect("person.no5@customer.example")
    await swept.once()

    swept.edit(records[0], description="Edited by hand")
    await swept.once()

    assert swept.twin(records[0]).attributes["name"] == "Edited by hand"
    assert swept.roles(records[0]) == swept.wanted((others[0], "Buyer"))
    assert not any(swept.person(other)["outreach_id"] for other in others[1:])
    assert held(swept).records == MANY - 1


async def test_a_record_held_for_its_fields_keeps_its_people_back(swept: Bench) -> None:
    """Somebody on its tab who becomes available does not carry the rest of it along."""
    ada, eve = swept.knows("Ada Byron"), swept.knows("Eve Late", email=None)
    records = await related(swept, (ada, "Partner"), (eve, "Buyer"))
    swept.settings["mapping.opportunity"] = {"name": "object_ref"}
    await swept.once()
    assert held(swept).records == MANY
    swept.forget_traffic()

    swept.mends(eve, main_location_email="eve@customer.example")
    swept.clock.advance(3601)
    await swept.once()
    assert written(swept) == set()
    assert not swept.person(eve)["outreach_id"]

    await approve(swept)
    await swept.once()
    swept.clock.advance(60)
    await swept.once()
    assert [swept.twin(record).attributes["name"] for record in records] == [
        f"OPP-{record}" for record in records
    ]
    for record in records:
        assert swept.roles(record) == swept.wanted((ada, "Partner"), (eve, "Buyer"))


async def test_tabs_that_a_poll_shows_empty_in_numbers_are_a_mass_change(world: Bench) -> None:
    """A listing that came back without its people is more likely than forty deliberate edits."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 1}
    ada = world.knows("Ada Byron")
    records = await related(world, (ada, "Partner"))
    told = world.told(ada)
    for record in records:
        world.puts(record)

    await world.once()
    assert written(world) == set()
    assert [world.roles(record) for record in records] == [[(told, "Partner")]] * MANY

    await approve(world)
    await world.once()
    assert [world.roles(record) for record in records] == [[]] * MANY


async def test_a_single_tab_that_is_emptied_goes_on_although_the_fuse_is_blown(
    world: Bench,
) -> None:
    """Whoever works today waits for no decision about everything else."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 1}
    ada = world.knows("Ada Byron")
    records = await related(world, (ada, "Partner"))
    world.settings["mapping.opportunity"] = {"name": "object_ref"}
    await world.once()

    world.puts(records[0])
    await world.once()

    assert world.roles(records[0]) == []
    assert world.roles(records[1]) != []
