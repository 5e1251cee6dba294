"""References that turn up later mend the records that waited for them, without an edit."""

from __future__ import annotations

import pytest

from connectors.sandbox.sample import add_seat
from tests.scenario.bench import Bench, running, until
from tests.scenario.mapping_hands import ACCOUNTS, STAGES, USERS, maps, patches

pytestmark = pytest.mark.anyio

ADA = "Ada King"


def link(world: Bench, record: int, name: str) -> int | None:
    """Id that a record refers to in Outreach, if the record is there."""
    return world.twins(record)[0].relationships.get(name) if world.twins(record) else None


def notes(world: Bench, record: int) -> str:
    """Everything the history says about a record."""
    return "\n".join(line.detail for line in world.history(record))


async def test_names_that_appear_while_the_service_runs_are_filled_in_within_one_refresh(
    world: Bench,
) -> None:
    """A seat, a stage and an account come when they come; nobody edits the deals for it."""
    world.settings["owners"] = {"ttl_s": 0.2}
    port = world.workbooks.organisations.create(name="Port of Rye")
    record = world.has(
        "Harbour crane", assigned_to_name=ADA, opportunity_stage_name="Proposal", party_id=port
    )
    version = world.record(record)["lock_version"]
    async with running(world):
        await until(lambda: world.record(record)["outreach_id"] is not None)
        ada = add_seat(world.outreach, ADA)
        await until(lambda: link(world, record, "owner") == ada)
        stage = world.outreach.stages.create({"name": "Proposal", "order": 1})
        await until(lambda: link(world, record, "opportunityStage") == stage)
        target = world.outreach.accounts.create({"name": "Port of Rye"})
        world.workbooks.organisations.update(port, cf_organisation_outreach_id=str(target))
        await until(lambda: link(world, record, "account") == target)

    assert patches(world) == [{"owner"}, {"opportunityStage"}, {"account"}]
    assert world.record(record)["lock_version"] == 1 + int(str(version))


async def test_an_ambiguous_stage_is_left_blank_and_reported_until_it_is_the_only_one(
    world: Bench,
) -> None:
    """Two pipelines have a stage of the same name; choosing one would be guessing."""
    kept = world.outreach.stages.create({"name": "Proposal", "order": 1})
    other = world.outreach.stages.create({"name": "Proposal", "order": 2})
    record = world.has("Harbour crane", opportunity_stage_name="Proposal")
    await world.once()
    assert link(world, record, "opportunityStage") is None
    assert "2 stages are named 'Proposal'" in notes(world, record)

    world.outreach.stages.delete(other)
    await world.once()
    # One list that lacks a stage may be an odd one.
    assert link(world, record, "opportunityStage") is None
    world.clock.advance(61)
    await world.once()

    assert link(world, record, "opportunityStage") == kept


async def test_an_account_linked_and_made_later_is_filled_in(world: Bench) -> None:
    """The organisation may carry its id before Outreach has such an account."""
    port = world.workbooks.organisations.create(
        name="Port of Rye", cf_organisation_outreach_id="4711"
    )
    record = world.has("Harbour crane", party_id=port)
    await world.once()
    assert link(world, record, "account") is None
    assert "account '4711' does not exist" in notes(world, record)

    world.outreach.accounts.create({"name": "Port of Rye"}, id=4711)
    await world.once()

    assert link(world, record, "account") == 4711


async def test_a_reference_of_a_custom_line_is_mended_as_well(world: Bench) -> None:
    """Whoever maps the owner from elsewhere waits for the same users."""
    maps(world, {"owner": "fao", "opportunityStage": {"constant": "Imported"}})
    record = world.has("Harbour crane", fao=ADA, opportunity_stage_name="Proposal")
    await world.once()
    assert link(world, record, "owner") is None
    assert link(world, record, "opportunityStage") is None

    ada = add_seat(world.outreach, ADA)
    stage = world.outreach.stages.create({"name": "Imported", "order": 1})
    await world.once()

    assert link(world, record, "owner") == ada
    assert link(world, record, "opportunityStage") == stage


async def test_who_waits_costs_one_look_of_each_kind_per_refresh(world: Bench) -> None:
    """Asking for a name that nobody bears goes on for ever, so it has to be cheap."""
    world.settings["owners"] = {"ttl_s": 0.3}
    for number in range(20):
        world.has(
            f"Row {number}",
            assigned_to_name=f"Nobody {number}",
            opportunity_stage_name=f"Stage {number}",
        )
    async with running(world):
        await until(lambda: all(linked(world)))
        world.forget_traffic()
        await until(lambda: world.outreach_traffic.counts[USERS] >= 3)
        users, stages = (world.outreach_traffic.counts[one] for one in (USERS, STAGES))

    assert abs(users - stages) <= 1
    assert world.outreach_traffic.counts[ACCOUNTS] == 0
    assert patches(world) == []


async def test_a_name_that_turns_up_in_a_new_record_is_found_without_waiting(
    world: Bench,
) -> None:
    """The first deal of a new colleague has its owner at once, whatever the time to live."""
    first = add_seat(world.outreach, "Grace Hopper")
    async with running(world):
        record = world.has("Harbour crane", assigned_to_name="Grace Hopper")
        await until(lambda: link(world, record, "owner") == first)

    assert link(world, record, "owner") == first


def linked(world: Bench) -> list[bool]:
    """Of every record whether it carries its id."""
    value = world.workbooks.opportunities.value
    return [
        value(one, "cf_opportunity_outreach_id") is not None
        for one in world.workbooks.opportunities.ids()
    ]
