"""Answers no service should give: what stands between us and both systems gives them anyway."""

from __future__ import annotations

import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.sample import add_seat
from engine.errors import EngineError
from tests.scenario.bench import CREATE, UPDATE, Bench

pytestmark = [pytest.mark.anyio, pytest.mark.sockets]

USERS = ("GET", "/api/v2/users")
# What unpacked whole would be more than the service may use.
BOMB = 1 << 30


@pytest.mark.parametrize("action", ["bomb", "endless"])
async def test_a_create_whose_answer_never_ends_is_in_doubt_and_found(
    world: Bench, action: str
) -> None:
    """It was carried out; sent again it would be there twice."""
    world.outreach_fault(
        Fault(
            method="POST",
            path="/opportunities$",
            when="after",
            action="bomb" if action == "bomb" else "endless",
            status=201,
            size=BOMB,
        )
    )
    record = world.has()

    await world.once()

    world.twin(record)
    assert world.outreach_traffic.counts[CREATE] == 1


@pytest.mark.parametrize("action", ["bomb", "endless"])
async def test_a_page_that_never_ends_is_given_up_with_its_reason(
    world: Bench, action: str
) -> None:
    """Memory is bounded whatever a front sends, and nothing is lost by it."""
    world.has("Synced before")
    await world.once()
    fault = Fault(
        path="opportunities.api", status=200, action="bomb" if action == "bomb" else "endless"
    )
    for _ in range(10):
        world.workbooks_fault(fault)
    record = world.has("Later")

    with pytest.raises(EngineError, match="too large"):
        await world.once()
    world.workbooks_traffic.plan.clear()
    await world.once()

    world.twin(record)


async def test_headers_of_many_kilobytes_are_read(world: Bench) -> None:
    """Gateways add policies and cookies as they like, and the answer beneath is a good one."""
    large = {f"X-Policy-{number}": "p" * 30_000 for number in range(5)}
    for add in (world.outreach_fault, world.workbooks_fault):
        add(Fault(when="after", action="edit", headers=large, times=None))
    record = world.has()

    await world.once()

    world.twin(record)


@pytest.mark.parametrize("form", ["circle", "self"])
async def test_a_listing_that_leads_in_circles_costs_a_page_more(world: Bench, form: str) -> None:
    """Two thousand requests for one list of users are a day's allowance of a small plan."""
    world.outreach.knobs.next_links = "circle" if form == "circle" else "self"
    record = world.has("Anybody's", assigned_to_name="Ines Integration")

    await world.once()

    assert any("leads back" in reason for reason in world.waiting())
    assert world.outreach_traffic.counts[USERS] <= 2
    world.outreach.knobs.next_links = "absolute"
    world.clock.advance(900)
    await world.once()
    world.twin(record)


@pytest.mark.parametrize("form", ["path", "query"])
async def test_relative_links_are_followed_to_the_last_page(world: Bench, form: str) -> None:
    """The owner who stands on the second page is found."""
    world.outreach.knobs.next_links = "path" if form == "path" else "query"
    world.outreach.knobs.page_size_answered_max = 500
    for number in range(600):
        add_seat(world.outreach, f"Seat Number {number}")
    record = world.has("Hers", assigned_to_name="Seat Number 599")

    await world.once()

    assert world.twin(record).relationships["owner"] is not None


async def test_a_kept_connection_that_breaks_carries_no_write_twice(world: Bench) -> None:
    """The request was read before the connection went; who repeats it unseen does it twice."""
    records = [world.has(f"Row {number}") for number in range(3)]
    await world.once()
    world.forget_traffic()
    for method in ("PATCH", "PUT", "DELETE"):
        fault = Fault(method=method, when="after", action="drop", kept=True)
        world.outreach_fault(fault)
        world.workbooks_fault(fault)
    for record in records:
        world.edit(record, description=f"Renamed {record}")

    await world.once()

    for record in records:
        assert world.twin(record).attributes["name"] == f"Renamed {record}"
    sent = [seen for seen in world.outreach_seen if seen.method == UPDATE[0]]
    assert len(sent) == world.outreach_traffic.counts[UPDATE] <= 4


async def test_a_kept_connection_that_breaks_is_no_outage_to_a_reading(world: Bench) -> None:
    """Servers close idle connections as they like; a poll that met one has not failed."""
    world.has("Synced before")
    await world.once()
    record = world.has("Later")
    world.workbooks_fault(
        Fault(path="opportunities.api", action="drop", kept=True, body="_method=GET")
    )

    result = await world.once()

    world.twin(record)
    assert result.counts.pending == 0
