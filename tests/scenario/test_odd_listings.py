"""Listings that cannot be true: one odd answer takes nothing away from anybody."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.sandbox.faults import Fault
from connectors.sandbox.sample import add_seat
from engine.decide.roster import CONFIRM_S
from engine.store.sqlite import statefile
from tests.scenario.bench import Bench
from tests.scenario.fuse_hands import past_the_overlap, written
from tests.scenario.people import CREATE_PROSPECT, PROSPECTS

pytestmark = pytest.mark.anyio

ADA = "Ada King"
USERS = "/api/v2/users"
STAGES = "/api/v2/opportunityStages"
OPPORTUNITIES = "/crm/opportunities"


def odd(path: str, times: int | None = 1, **edit: Any) -> Fault:
    """An answer that was carried out and then spoiled."""
    return Fault(path=f"{path}(.api)?$", when="after", action="edit", times=times, **edit)


def owner(world: Bench, record: int) -> int | None:
    """Id of the owner in Outreach."""
    return world.twin(record).relationships.get("owner")


async def owned(world: Bench) -> tuple[int, int]:
    """A record that Ada owns, and Ada."""
    ada = add_seat(world.outreach, ADA)
    record = world.has("Harbour crane", assigned_to_name=ADA)
    await world.once()
    assert owner(world, record) == ada
    world.edit(record, description="Harbour crane, blue")
    return record, ada


@pytest.mark.parametrize("rows", ["none", "fewer"])
async def test_a_list_of_users_that_lacks_somebody_clears_no_owner(world: Bench, rows: str) -> None:
    """Whoever was shown a minute ago has not left on the word of one listing."""
    record, ada = await owned(world)
    world.outreach_fault(odd(USERS, times=None, rows=rows))

    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane, blue"
    assert owner(world, record) == ada


async def test_an_empty_list_of_users_keeps_a_new_record_waiting(world: Bench) -> None:
    """We are a user ourselves, so nobody is flagged and nobody goes without an owner."""
    ada = add_seat(world.outreach, ADA)
    record = world.has("Harbour crane", assigned_to_name=ADA)
    world.outreach_fault(odd(USERS, times=None, rows="none"))

    result = await world.once()
    assert (result.counts.pending, result.counts.refused, world.twins(record)) == (1, 0, [])
    assert any("the list of users is empty" in reason for reason in world.waiting())

    world.outreach_traffic.plan.clear()
    world.clock.advance(60)
    await world.once()
    assert owner(world, record) == ada


async def test_a_user_row_that_cannot_be_read_costs_no_other(world: Bench) -> None:
    """One null row is no reason to keep everybody waiting."""
    ada = add_seat(world.outreach, ADA)
    add_seat(world.outreach, "Last Listed")
    record = world.has("Harbour crane", assigned_to_name=ADA)
    world.outreach_fault(odd(USERS, times=None, rows="null"))

    await world.once()

    assert owner(world, record) == ada


async def test_a_user_whose_row_cannot_be_read_stays_who_it_was(world: Bench) -> None:
    """However often that is seen: nothing says that nobody is there."""
    record, ada = await owned(world)
    world.outreach.users.delete(
        next(one.id for one in world.outreach.users.rows() if one.id != ada)
    )
    world.outreach_fault(odd(USERS, times=None, rows="null"))

    for number in range(3):
        await world.once()
        world.clock.advance(CONFIRM_S + 1)
        world.edit(record, description=f"Edited {number}")

    assert owner(world, record) == ada


async def test_a_user_who_is_gone_by_its_id_is_gone(world: Bench) -> None:
    """Asked for by itself, it is not there: that is no odd listing."""
    record, ada = await owned(world)
    world.outreach.users.delete(ada)

    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane, blue"
    assert owner(world, record) is None
    assert f"no user is named {ADA!r}" in world.history(record)[-1].detail


async def test_a_stage_that_two_listings_lack_is_gone(world: Bench) -> None:
    """The second one some time after the first."""
    stage = world.outreach.stages.create({"name": "Proposal", "order": 1})
    record = world.has("Harbour crane", opportunity_stage_name="Proposal")
    await world.once()
    world.outreach_fault(odd(STAGES, times=None, rows="fewer"))

    world.edit(record, description="Once more")
    await world.once()
    assert world.twin(record).relationships["opportunityStage"] == stage

    world.clock.advance(CONFIRM_S + 1)
    world.edit(record, description="And again")
    await world.once()
    assert world.twin(record).relationships.get("opportunityStage") is None


async def test_a_locked_user_loses_to_one_who_is_not(world: Bench) -> None:
    """Somebody came back, or a seat was made for the CRM; the deal is the present one's."""
    add_seat(world.outreach, ADA, locked=True)
    ada = add_seat(world.outreach, ADA)
    alone = add_seat(world.outreach, "Bob Alone", locked=True)
    add_seat(world.outreach, "Two Locked", locked=True)
    add_seat(world.outreach, "Two Locked", locked=True)
    names = (ADA, "Bob Alone", "Two Locked")
    records = [world.has(name, assigned_to_name=name) for name in names]

    await world.once()

    assert [owner(world, record) for record in records] == [ada, alone, None]


async def test_a_null_row_in_a_poll_costs_no_other(world: Bench) -> None:
    """The page is read past it, and it is said."""
    first = world.has("First")
    world.has("Second")
    world.workbooks_fault(odd(OPPORTUNITIES, rows="null", body="_sort\\[\\]=updated_at"))
    world.workbooks_fault(odd(OPPORTUNITIES, rows="null", body="_sort\\[\\]=updated_at"))

    await world.once()

    assert world.twin(first)


async def test_a_record_whose_row_cannot_be_read_is_not_taken_for_gone(world: Bench) -> None:
    """A sweep and an audit that show null in its place say nothing about it."""
    world.settings["poller"] = {"sweep_interval_s": 0.001, "audit_interval_s": 0.001}
    record = world.has("Harbour crane")
    await past_the_overlap(world)
    world.workbooks_fault(
        odd(
            OPPORTUNITIES,
            times=None,
            rows="null",
            body="^(?!.*_sort\\[\\]=updated_at).*_sort\\[\\]=id",
        )
    )
    await world.once()

    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        [state] = connection.execute("SELECT state FROM record WHERE id = ?", (record,)).fetchone()
    assert state == "settled"


async def test_a_prospect_row_that_cannot_be_read_makes_no_second_prospect(world: Bench) -> None:
    """Whoever the listing did not show may be just that row."""
    ada = world.knows("Ada Byron")
    prospect = world.prospect("ada.byron@customer.example")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Partner"))
    world.outreach_fault(odd(PROSPECTS, times=2, rows="null"))

    await world.once()
    assert world.outreach_traffic.counts[CREATE_PROSPECT] == 0

    world.clock.advance(61)
    await world.once()
    assert world.roles(record) == [(prospect, "Partner")]


async def test_tabs_that_come_back_empty_take_no_role_away(world: Bench) -> None:
    """One answer without its people, and every role would be gone."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 1}
    ada = world.knows("Ada Byron")
    records = [world.has(f"Row {number}") for number in range(30)]
    for record in records:
        world.puts(record, (ada, "Partner"))
    await world.once()
    await past_the_overlap(world)
    for record in records:
        world.edit(record, comment="Seen again")
    world.forget_traffic()
    bare = dict[str, object](opportunity_contact_ids=[], opportunity_contact_roles=[])
    world.workbooks_fault(odd(OPPORTUNITIES, times=None, cells=bare))

    await world.once()

    assert {path for _, path in written(world)} == {"/api/v2/opportunities/{id}"}
    assert all(len(world.roles(record)) == 1 for record in records)


async def test_the_log_tells_of_a_row_that_cannot_be_read(world: Bench) -> None:
    """It is passed by until somebody mends it, so somebody must be able to find it."""
    world.has("Harbour crane")
    world.has("Last listed")
    world.workbooks_fault(odd(OPPORTUNITIES, times=None, rows="null"))

    with capture_logs() as lines:
        await world.once()

    told = [line for line in lines if line["event"] == "rows_unreadable"]
    assert {(line["log_level"], line["rows"], line["first"]) for line in told} == {
        ("warning", 1, "a row is null")
    }
