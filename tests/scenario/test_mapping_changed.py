"""A changed mapping re-evaluates what is linked already, and sends the differences only."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import anyio
import pytest

from connectors.sandbox.faults import Fault
from engine.errors import EngineError
from tests.scenario.bench import CREATE, OPPORTUNITIES, READ, UPDATE, Bench, running, until
from tests.scenario.mapping_hands import (
    PROSPECT_LINES,
    held,
    maps,
    patches,
    rules,
    spent,
    writes,
)

pytestmark = pytest.mark.anyio

DIRECTIONS = {"nextStep": "fao"}


async def linked(world: Bench, number: int, **columns: Any) -> list[int]:
    """So many records, synced with the default mapping; the traffic is forgotten."""
    records = [world.has(f"Row {each}", **columns) for each in range(number)]
    await world.once()
    world.forget_traffic()
    return records


def reads(world: Bench) -> int:
    """Requests for opportunities that reached Workbooks."""
    counts = world.workbooks_traffic.counts
    return sum(number for (_, path), number in counts.items() if path == OPPORTUNITIES)


async def tries(world: Bench) -> None:
    """One run, whatever it ends with."""
    with suppress(EngineError):
        await world.once()


async def test_an_added_line_is_sent_for_those_that_lack_it_and_for_nobody_else(
    world: Bench,
) -> None:
    """An administrator adds a field once, not on every record again."""
    first, second, blank = await linked(world, 3)
    world.edit(first, fao="Call the master")
    world.edit(second, fao="Send the offer")
    world.outreach.opportunities.update(world.twin(second).id, {"nextStep": "Send the offer"})
    await world.once()
    world.forget_traffic()

    maps(world, DIRECTIONS)
    await world.once()

    shown = [held(world, record, "nextStep") for record in (first, second, blank)]
    assert shown == ["Call the master", "Send the offer", None]
    assert patches(world) == [{"nextStep"}]
    assert world.outreach_traffic.counts[READ] == 3


async def test_a_line_that_reads_another_column_is_sent_without_reading_outreach(
    world: Bench,
) -> None:
    """What Outreach holds in a field that was mapped before is known."""
    same = world.has("Same", comment="Two hooks", fao="Two hooks")
    other = world.has("Other", comment="Two hooks", fao="One hook")
    await world.once()
    world.forget_traffic()

    maps(world, {"description": "fao"})
    await world.once()

    assert held(world, same, "description") == "Two hooks"
    assert held(world, other, "description") == "One hook"
    assert patches(world) == [{"description"}]
    assert world.outreach_traffic.counts[READ] == 0


async def test_a_changed_line_that_comes_to_the_same_sends_nothing(world: Bench) -> None:
    """Only values count, not how they are arrived at."""
    records = await linked(world, 3)
    maps(world, {"name": {"template": "{description}"}})

    await world.once()

    assert writes(world) == []
    assert [held(world, record, "name") for record in records] == ["Row 0", "Row 1", "Row 2"]


async def test_a_dropped_line_sends_nothing(world: Bench) -> None:
    """The field is Outreach's own from now on, with what is in it."""
    maps(world, DIRECTIONS)
    [record] = await linked(world, 1, fao="Call the master")
    world.settings.pop("mapping.opportunity")

    await world.once()
    world.edit(record, fao="Forget it")
    await world.once()

    assert writes(world) == []
    assert held(world, record, "nextStep") == "Call the master"


async def test_a_line_that_comes_back_finds_what_was_made_in_outreach_meanwhile(
    world: Bench,
) -> None:
    """What a field held before it was given up says nothing about what it holds now."""
    maps(world, DIRECTIONS)
    [same, other] = await linked(world, 2, fao="Call the master")
    world.settings.pop("mapping.opportunity")
    await world.once()
    world.outreach.opportunities.update(world.twin(other).id, {"nextStep": "Made in Outreach"})

    maps(world, DIRECTIONS)
    await world.once()

    assert [held(world, record, "nextStep") for record in (same, other)] == ["Call the master"] * 2
    assert patches(world) == [{"nextStep"}]


async def test_an_unchanged_mapping_re_evaluates_nothing(world: Bench) -> None:
    """Every run of a timer would otherwise read the whole database."""
    maps(world, {"Region": "fao"})
    rules(world, "custom1", "inclusion", "Region", "North", "South")
    await linked(world, 3, fao="North")
    await world.once()
    once = reads(world)
    world.forget_traffic()

    await world.once()

    assert reads(world) == once
    assert writes(world) == []
    assert world.outreach_traffic.counts[READ] == 0


async def test_linked_records_are_read_a_hundred_at_a_time(world: Bench) -> None:
    """One request for each record would take hours where there are many."""
    records = await linked(world, 120, fao="Call the master")
    await world.once()
    usual = reads(world)
    world.forget_traffic()

    maps(world, DIRECTIONS)
    await world.once()

    assert reads(world) - usual <= 2
    assert world.outreach_traffic.counts[UPDATE] == 120
    assert {held(world, record, "nextStep") for record in records} == {"Call the master"}


async def test_a_re_evaluation_keeps_to_the_budget_and_goes_on_with_it(world: Bench) -> None:
    """A changed line must not use up what the day's edits need."""
    records = await linked(world, 12, comment="Two hooks", fao="One hook")
    before = spent(world)
    world.clock.advance(7200)

    maps(world, {"description": "fao"})
    world.settings["outreach.budget"] = {"per_hour": 20, "reserve": 0, "fresh_share": 0.5}
    await tries(world)
    assert spent(world) - before <= 10
    done = sum(held(world, record, "description") == "One hook" for record in records)
    assert 0 < done < 12

    world.clock.advance(3700)
    world.settings["outreach.budget"] = {"per_hour": 0}
    await world.once()

    assert {held(world, record, "description") for record in records} == {"One hook"}
    assert world.outreach_traffic.counts[UPDATE] == 12


async def test_a_restarted_service_re_evaluates_beside_its_other_work(world: Bench) -> None:
    """The usual way: the file is edited, the service restarted, and people go on working."""
    records = await linked(world, 30, comment="Two hooks", fao="One hook")
    maps(world, {"description": "fao"})

    async with running(world):
        await until(lambda: held(world, records[0], "description") == "One hook")
        world.edit(records[-1], description="Of this minute")
        await until(lambda: held(world, records[-1], "name") == "Of this minute")
        await until(lambda: len(patches(world)) >= 30)
        new = world.has("New", fao="Three hooks")
        await until(lambda: world.record(new)["outreach_id"] is not None)

    assert {held(world, record, "description") for record in records} == {"One hook"}
    assert held(world, new, "description") == "Three hooks"
    assert sum(len(sent) for sent in patches(world)) == 31


async def test_an_interrupted_re_evaluation_is_finished_by_the_next_run(world: Bench) -> None:
    """Half of the records with a field and half without is nothing anybody would notice."""
    records = await linked(world, 110, comment="Two hooks", fao="One hook")
    middle = world.twin(records[50]).id

    maps(world, {"description": "fao"})
    with anyio.CancelScope() as run:
        world.outreach_door.before["PATCH", f"/api/v2/opportunities/{middle}"] = run.cancel
        await world.once()
    assert run.cancelled_caught
    await world.all_carried_out()
    assert {held(world, record, "description") for record in records} == {"Two hooks", "One hook"}

    await world.once()

    assert {held(world, record, "description") for record in records} == {"One hook"}


async def test_a_re_evaluation_that_could_not_read_everything_is_taken_up_where_it_stopped(
    world: Bench,
) -> None:
    """What was read is not read again, and what was not is not forgotten."""
    records = await linked(world, 110, comment="Two hooks", fao="One hook")
    maps(world, {"description": "fao"})
    world.workbooks_fault(Fault(path=OPPORTUNITIES, status=500, skip=1, times=40))
    with pytest.raises(EngineError):
        await world.once()
    world.workbooks_traffic.plan.clear()

    await world.once()

    assert {held(world, record, "description") for record in records} == {"One hook"}
    assert world.outreach_traffic.counts[UPDATE] == 110


async def test_a_fresh_edit_overtakes_a_re_evaluation(world: Bench) -> None:
    """An edit of this minute must not wait behind ten thousand records nobody waits for."""
    records = await linked(world, 12, comment="Two hooks", fao="One hook")
    world.clock.advance(7200)
    maps(world, {"description": "fao"})
    world.settings["outreach.budget"] = {"per_hour": 14, "reserve": 0, "fresh_share": 0.5}
    fresh = records[-1]
    world.edit(fresh, description="Of this minute")

    await tries(world)

    assert held(world, fresh, "name") == "Of this minute"
    assert sum(held(world, record, "description") == "One hook" for record in records) < 12


async def test_a_record_that_waits_is_read_anew_before_a_new_line_is_applied_to_it(
    world: Bench,
) -> None:
    """What was captured under the old mapping says nothing about the new column."""
    [record] = await linked(world, 1, fao="Call the master")
    world.outreach.opportunities.update(world.twin(record).id, {"nextStep": "Call the master"})
    world.outreach_fault(Fault(path="/api/v2/opportunities", status=500, times=3))
    world.edit(record, description="Harbour crane, blue")
    world.settings["retry"] = {"base_s": 60, "cap_s": 60}
    await tries(world)
    world.outreach_traffic.plan.clear()
    assert held(world, record, "name") == "Row 0"
    world.settings["retry"] = {"base_s": 0.05, "cap_s": 0.2}
    world.clock.advance(120)
    world.forget_traffic()

    maps(world, DIRECTIONS)
    await world.once()

    assert held(world, record, "nextStep") == "Call the master"
    assert held(world, record, "name") == "Harbour crane, blue"
    assert patches(world) == [{"name"}]


async def test_a_created_record_waiting_for_its_turn_has_the_new_line_from_the_start(
    world: Bench,
) -> None:
    """A create and a correction where one create would do is a wasted request."""
    world.outreach_fault(Fault(path="/api/v2/opportunities", status=503, times=3))
    record = world.has("Harbour crane", fao="Call the master")
    world.settings["retry"] = {"base_s": 60, "cap_s": 60}
    await tries(world)
    world.outreach_traffic.plan.clear()
    assert world.twins(record) == []
    world.settings["retry"] = {"base_s": 0.05, "cap_s": 0.2}
    world.clock.advance(120)
    world.forget_traffic()

    maps(world, DIRECTIONS)
    await world.once()

    assert held(world, record, "nextStep") == "Call the master"
    assert world.outreach_traffic.counts[CREATE] == 1
    assert patches(world) == []


async def test_a_changed_line_for_prospects_touches_no_opportunity(world: Bench) -> None:
    """It concerns the people who are created from now on."""
    await linked(world, 3)
    await world.once()
    usual = reads(world)
    world.forget_traffic()

    maps(world, {"nickname": "person_first_name"}, PROSPECT_LINES)
    await world.once()

    assert reads(world) == usual
    assert writes(world) == []
