"""No lost change: one whose answer is lost may have been carried out, or not."""

from __future__ import annotations

from collections.abc import Sized
from contextlib import closing

import anyio
import pytest

from connectors.sandbox.faults import Fault
from engine.store.sqlite import statefile
from tests.scenario.bench import CREATE, Bench, until
from tests.scenario.people import CREATE_PROSPECT, CREATE_ROLE

pytestmark = pytest.mark.anyio

LONGER_THAN_ANY_TEST_S = 60.0


def unanswered(method: str, path: str) -> Fault:
    """The request is carried out, and its answer does not come."""
    return Fault(
        method=method, path=path, when="after", action="delay", delay_s=LONGER_THAN_ANY_TEST_S
    )


def captured(world: Bench, record: int) -> bool:
    """Whether the state holds the record as it is now."""
    with closing(statefile.connect(world.state / statefile.FILE_NAME, query_only=True)) as state:
        [version] = state.execute("SELECT version FROM record WHERE id = ?", (record,)).fetchone()
    return version == world.workbooks.opportunities.value(record, "lock_version")


async def test_a_change_taken_back_before_its_answer_came_is_taken_back(world: Bench) -> None:
    """What Outreach held before the change says nothing any more."""
    world.settings["poller"] = {"interval_s": 1}
    record = world.has("Harbour crane")
    await world.once()
    world.edit(record, description="Dry dock")
    world.outreach_fault(unanswered("PATCH", "/opportunities/"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.run)
        await until(lambda: world.twin(record).attributes["name"] == "Dry dock")
        world.edit(record, description="Harbour crane")
        await until(lambda: captured(world, record))
        tasks.cancel_scope.cancel()

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
    world.settings["outreach"]["visibility_s"] = 2
    # The next process begins to look before it can see anything.
    world.outreach.knobs.index_lag_s = 1.5
    ada = world.knows()
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Decision maker"))
    made: dict[tuple[str, str], Sized] = {
        CREATE: world.outreach.opportunities,
        CREATE_PROSPECT: world.outreach.prospects,
        CREATE_ROLE: world.outreach.roles,
    }
    world.outreach_fault(unanswered("POST", path))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.once)
        await until(lambda: len(made[create]) == 1)
        tasks.cancel_scope.cancel()

    await world.once()
    world.clock.advance(60)
    result = await world.once()

    assert world.roles(record) == world.wanted((ada, "Decision maker"))
    assert world.twin(record)
    assert world.outreach_traffic.counts[create] == 1
    assert (result.counts.in_doubt, result.counts.tabs) == (0, 0)
