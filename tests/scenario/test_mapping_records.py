"""Lines that administrators keep in Workbooks itself, as "Outreach Mapping" records."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from connectors.sandbox.faults import Fault
from connectors.sandbox.workbooks import WorkbooksKnobs
from tests.scenario.bench import Bench, bench, running, until
from tests.scenario.mapping_hands import (
    adds_column,
    held,
    maps,
    patches,
    rules,
    writes,
)
from tests.scenario.people import CREATE_PROSPECT

pytestmark = pytest.mark.anyio

MAPPINGS = "custom_record/outreach_mappings"
OFTEN = {"mapping_interval_s": 0.05}


async def test_an_enabled_record_adds_a_line(world: Bench) -> None:
    """Administrators add fields where they work, without asking for a file to be changed."""
    region = adds_column(world, "Region")
    rules(world, "custom7", "string", "Deal Region")
    world.workbooks.add_mapping("custom4", region)
    world.workbooks.add_mapping("Deal Region", region)
    record = world.has("Harbour crane", **{region: "North Sea"})

    await world.once()

    assert held(world, record, "custom4") == "North Sea"
    assert held(world, record, "custom7") == "North Sea"
    assert held(world, record, "name") == "Harbour crane"


async def test_an_enabled_record_overrides_the_file(world: Bench) -> None:
    """The record is the younger word."""
    maps(world, {"nextStep": "fao", "description": False})
    world.workbooks.add_mapping("nextStep", "refcode")
    world.workbooks.add_mapping("description", "comment")
    record = world.has("Harbour crane", fao="Of the file", refcode="Of the record", comment="Two")

    await world.once()

    assert held(world, record, "nextStep") == "Of the record"
    assert held(world, record, "description") == "Two"


async def test_records_that_are_off_received_or_of_another_kind_change_nothing(
    world: Bench,
) -> None:
    """The plugin used the same records for more than we do."""
    world.workbooks.add_mapping("nextStep", "fao", enabled=False)
    world.workbooks.add_mapping("nextStep", "fao", direction="Receive")
    world.workbooks.add_mapping(
        "nextStep", "fao", outreach_type="Account", workbooks_type="Organisation"
    )
    world.workbooks.add_mapping("nextStep", "fao", outreach_type="Prospect")
    record = world.has("Harbour crane", fao="Call the master")

    await world.once()

    assert held(world, record, "nextStep") is None


async def test_a_record_for_people_fills_the_prospects_that_are_created(world: Bench) -> None:
    """Both kinds of records travel the same way."""
    world.workbooks.add_mapping(
        "nickname", "person_middle_name", outreach_type="Prospect", workbooks_type="Person"
    )
    ada = world.workbooks.people.create(
        name="Ada King",
        person_last_name="King",
        person_middle_name="Augusta",
        main_location_email="ada@rye.example",
        cf_person_sync_to_outreach=True,
    )
    record = world.has("Harbour crane")
    world.workbooks.set_people(record, [(ada, "Decision Maker")])

    await world.once()

    [prospect] = world.outreach.prospects.rows()
    assert prospect.attributes["nickname"] == "Augusta"
    assert world.outreach_traffic.counts[CREATE_PROSPECT] == 1


async def test_a_wrong_record_is_left_out_with_a_warning_and_the_others_count(
    world: Bench,
) -> None:
    """One administrator's typing error must not stop everybody's records."""
    world.workbooks.add_mapping("nextStpe", "fao")
    world.workbooks.add_mapping("custom1", "no_such_column")
    world.workbooks.add_mapping("amount", "document_date")
    world.workbooks.add_mapping("custom2", "refcode")
    record = world.has_valued("Harbour crane", "1000", refcode="HC-7", fao="Call the master")

    with capture_logs() as logs:
        await world.once()

    said = [line["reason"] for line in logs if line["event"] == "mapping_line_left_out"]
    assert len(said) == 3
    assert any("nextStpe" in reason and "did you mean 'nextStep'?" in reason for reason in said)
    assert held(world, record, "custom2") == "HC-7"
    assert held(world, record, "amount") == 1000


async def test_of_two_records_for_one_field_the_younger_counts_and_somebody_is_told(
    world: Bench,
) -> None:
    """Two administrators who do not know of each other find out in the log."""
    world.workbooks.add_mapping("nextStep", "fao")
    world.workbooks.add_mapping("nextStep", "refcode")
    record = world.has("Harbour crane", fao="Call the master", refcode="HC-7")

    with capture_logs() as logs:
        await world.once()

    [told] = [line for line in logs if line["event"] == "mapping_line_left_out"]
    assert "nextStep: 2 records fill it" in told["reason"]
    assert held(world, record, "nextStep") == "HC-7"


async def test_a_record_added_while_the_service_runs_reaches_what_is_linked(world: Bench) -> None:
    """Nobody restarts a service to add a field."""
    record = world.has("Harbour crane", fao="Call the master")
    async with running(world, **OFTEN):
        await until(lambda: world.record(record)["outreach_id"] is not None)
        mapping = world.workbooks.add_mapping("nextStep", "fao")
        await until(lambda: held(world, record, "nextStep") == "Call the master")

        world.workbooks.mappings.update(mapping, cf_outreach_mapping_workbooks_field_name="refcode")
        await until(lambda: held(world, record, "nextStep") is None)

        world.workbooks.mappings.update(mapping, cf_outreach_mapping_enabled=False)
        world.edit(record, refcode="HC-7")
        other = world.has("Harbour tug", refcode="HT-1")
        await until(lambda: world.record(other)["outreach_id"] is not None)

    assert patches(world)[:2] == [{"nextStep"}, {"nextStep"}]


async def test_a_wrong_record_added_while_the_service_runs_is_warned_of_once(
    world: Bench,
) -> None:
    """A log that repeats itself every few minutes is not read."""
    record = world.has("Harbour crane", fao="Call the master")
    with capture_logs() as logs:
        async with running(world, **OFTEN):
            await until(lambda: world.record(record)["outreach_id"] is not None)
            world.workbooks.add_mapping("nextStpe", "fao")
            world.workbooks.add_mapping("custom2", "fao")
            await until(lambda: held(world, record, "custom2") == "Call the master")
            looks = reads_of_lines(world)
            await until(lambda: reads_of_lines(world) > looks + 2)

    assert len([line for line in logs if line["event"] == "mapping_line_left_out"]) == 1


async def test_the_mapping_in_force_outlives_a_look_that_fails(world: Bench) -> None:
    """For one failed request nobody's field may be emptied."""
    world.workbooks.add_mapping("nextStep", "fao")
    record = world.has("Harbour crane", fao="Call the master")
    async with running(world, **OFTEN):
        await until(lambda: held_if_any(world, record, "nextStep") == "Call the master")
        world.workbooks_fault(Fault(path=MAPPINGS, status=500, times=3))
        await until(lambda: not world.workbooks_traffic.plan.waiting)
        world.edit(record, description="Harbour crane, blue")
        await until(lambda: held(world, record, "name") == "Harbour crane, blue")

    assert held(world, record, "nextStep") == "Call the master"
    assert patches(world) == [{"name"}]


async def test_records_that_cannot_be_read_for_a_while_stay_in_force_and_are_followed_again(
    world: Bench,
) -> None:
    """A right taken away by mistake must not turn every record back, nor end the watching."""
    world.workbooks.add_mapping("description", "fao")
    record = world.has("Harbour crane", fao="Of the record", comment="Of the default line")
    async with running(world, **OFTEN):
        await until(lambda: held_if_any(world, record, "description") == "Of the record")
        world.workbooks.deny(MAPPINGS)
        looks = reads_of_lines(world)
        await until(lambda: reads_of_lines(world) > looks + 1)
        world.edit(record, fao="Of the record still")
        await until(lambda: held(world, record, "description") == "Of the record still")

        world.workbooks.allow(MAPPINGS)
        world.workbooks.add_mapping("nextStep", "fao")
        await until(lambda: held(world, record, "nextStep") == "Of the record still")

    assert patches(world) == [{"description"}, {"nextStep"}]


async def test_unchanged_records_re_evaluate_nothing(world: Bench) -> None:
    """A timer that runs every minute must not read the whole database every minute."""
    rules(world, "custom7", "percentage", "Discount")
    world.workbooks.add_mapping("Discount", "probability")
    record = world.has("Harbour crane", probability=Decimal("12.50"))
    for _ in range(2):
        await world.once()
        world.clock.advance(60)
    world.forget_traffic()

    with capture_logs() as logs:
        await world.once()

    assert held(world, record, "custom7") == "12.5"
    assert not [line for line in logs if line["event"] in ("mapping_changed", "evaluated_anew")]
    assert writes(world) == []


async def test_a_database_without_such_records_has_the_standard_mapping(tmp_path: Path) -> None:
    """Custom records are licensed apart; without them there is nothing to read."""
    async with bench(tmp_path, WorkbooksKnobs(custom_records_licensed=False)) as world:
        record = world.has("Harbour crane", fao="Call the master")

        await world.once()

        assert held(world, record, "name") == "Harbour crane"
        assert held(world, record, "nextStep") is None


async def test_records_we_may_not_read_leave_the_standard_mapping(world: Bench) -> None:
    """A missing permission on set-up records is usual, and no reason to stop."""
    world.workbooks.add_mapping("nextStep", "fao")
    world.workbooks.deny(MAPPINGS)
    record = world.has("Harbour crane", fao="Call the master")

    await world.once()

    assert held(world, record, "nextStep") is None
    assert len(writes(world)) == 1


def reads_of_lines(world: Bench) -> int:
    """Looks at the mapping records."""
    counts = world.workbooks_traffic.counts
    return sum(number for (_, path), number in counts.items() if MAPPINGS in path)


def held_if_any(world: Bench, record: int, name: str) -> object:
    """What Outreach holds in a field of a record, if the record is there yet."""
    return world.twins(record)[0].attributes.get(name) if world.twins(record) else None
