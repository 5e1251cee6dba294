"""No lost change: one whose answer is lost may have been carried out, or not."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from connectors.sandbox.faults import Fault
from tests.scenario.bench import CREATE, Bench, until
from tests.scenario.people import CREATE_PROSPECT, CREATE_ROLE

pytestmark = pytest.mark.anyio

LONGER_THAN_ANY_TEST_S = 60.0


async def killed_once(world: Bench, method: str, path: str, seen: Callable[[], bool]) -> None:
    """Run, and die after the request was carried out and before its answer came."""
    fault = Fault(
        method=method, path=path, when="after", action="delay", delay_s=LONGER_THAN_ANY_TEST_S
    )
    world.outreach_fault(fault)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.once)
        await until(seen)
        tasks.cancel_scope.cancel()


async def test_a_change_taken_back_after_its_answer_was_lost_is_taken_back(world: Bench) -> None:
    """What Outreach held before the change says nothing any more."""
    record = world.has("Harbour crane")
    await world.once()
    world.edit(record, description="Dry dock")
    await killed_once(
        world,
        "PATCH",
        "/opportunities/",
        lambda: world.twin(record).attributes["name"] == "Dry dock",
    )

    world.edit(record, description="Harbour crane")
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane"


@pytest.mark.parametrize(
    ("path", "create"),
    [
        ("/opportunities$", CREATE),
        ("/prospects$", CREATE_PROSPECT),
        ("/opportunityProspectRoles$", CREATE_ROLE),
    ],
    ids=["opportunity", "prospect", "role"],
)
async def test_a_create_that_a_dead_process_sent_is_waited_for_past_the_lag(
    world: Bench, path: str, create: tuple[str, str]
) -> None:
    """Nothing but the announcement on disk knows of it, and the collection does not show it yet."""
    world.settings["outreach"]["visibility_s"] = 3
    ada = world.knows()
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Decision maker"))
    world.outreach.knobs.index_lag_s = 1.0
    made = {
        CREATE: world.outreach.opportunities,
        CREATE_PROSPECT: world.outreach.prospects,
        CREATE_ROLE: world.outreach.roles,
    }
    await killed_once(world, "POST", path, lambda: len(made[create]) == 1)
    # The next process begins to look before it can see anything.
    world.outreach.knobs.index_lag_s = 2.0

    await world.once()
    world.clock.advance(60)
    result = await world.once()

    assert world.roles(record) == world.wanted((ada, "Decision maker"))
    assert world.twin(record)
    assert world.outreach_traffic.counts[create] == 1
    assert (result.counts.in_doubt, result.counts.contacts) == (0, 0)
