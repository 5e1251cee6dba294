"""Two records of Outreach for one of Workbooks: reported, and removed only where both are ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from connectors.sandbox.faults import Fault
from tests.scenario.bench import CREATE, Bench

pytestmark = pytest.mark.anyio

REMOVE = ("DELETE", "/api/v2/opportunities/{id}")
LOST = Fault(method="POST", path="/opportunities$", when="after", action="drop")
NEVER_SENT = Fault(method="POST", path="/opportunities$", when="before", action="drop")
LONG_AGO = "2020-01-01T00:00:00.000Z"


def just_before_the_second_create(world: Bench, action: Callable[[], object]) -> None:
    """Let somebody do this as the create arrives for the second time."""
    world.just_before_a_create(lambda: world.just_before_a_create(action))


def entered_by_somebody(world: Bench, record: int, **attributes: str) -> int:
    """An opportunity with the same correlation value, as a user might copy one."""
    given = {"name": "Harbour crane", "customId": f"OPP-{record}", **attributes}
    return world.outreach.opportunities.create(given)


def said(world: Bench, record: int) -> str:
    """What the history says about the adoption."""
    [line] = [line for line in world.history(record) if line.decision == "adopted"]
    return line.detail


@pytest.mark.parametrize("behind_s", [0.0, 86_400.0])
async def test_our_own_second_create_is_removed(world: Bench, behind_s: float) -> None:
    """The collection lagged longer than anybody expected; both are provably ours."""
    world.engine_ahead_s = -behind_s
    world.outreach.knobs.index_lag_s = 3600
    record = world.has("Harbour crane")
    world.outreach_fault(LOST)
    world.outreach_fault(LOST)
    just_before_the_second_create(world, lambda: setattr(world.outreach.knobs, "index_lag_s", 0))

    await world.once()

    assert world.twin(record).id == 1
    assert "removed [2], our own second create" in said(world, record)
    assert (world.outreach_traffic.counts[CREATE], world.outreach_traffic.counts[REMOVE]) == (2, 1)


async def test_a_twin_that_we_did_not_send_is_left_alone_and_reported(world: Bench) -> None:
    """We sent one create; of two records that look like it, one is somebody's."""
    record = world.has("Harbour crane")
    world.outreach_fault(LOST)
    world.just_before_a_create(lambda: entered_by_somebody(world, record))

    await world.once()

    assert len(world.twins(record)) == 2
    assert "also found [2], which somebody should look at" in said(world, record)
    assert world.outreach_traffic.counts[REMOVE] == 0


async def test_a_twin_older_than_our_create_is_left_alone_and_reported(world: Bench) -> None:
    """We sent two creates, and one never arrived: the other record was there before."""
    record = world.has("Harbour crane")
    world.outreach_fault(NEVER_SENT)
    world.outreach_fault(LOST)
    just_before_the_second_create(
        world, lambda: entered_by_somebody(world, record, createdAt=LONG_AGO)
    )

    await world.once()

    assert len(world.twins(record)) == 2
    assert "which somebody should look at" in said(world, record)
    assert world.outreach_traffic.counts[REMOVE] == 0


async def test_a_twin_older_by_the_clock_of_outreach_is_left_alone(world: Bench) -> None:
    """By our clock, which is a day behind, what was made an hour ago is younger than our create."""
    world.engine_ahead_s = -86_400.0
    record = world.has("Harbour crane")
    an_hour_ago = datetime.fromtimestamp(world.clock.now() - 3600, UTC)
    world.outreach_fault(NEVER_SENT)
    world.outreach_fault(LOST)
    just_before_the_second_create(
        world, lambda: entered_by_somebody(world, record, createdAt=f"{an_hour_ago:%FT%T}.000Z")
    )

    await world.once()

    assert len(world.twins(record)) == 2
    assert world.outreach_traffic.counts[REMOVE] == 0
