"""A plan tells the requests of the run that follows exactly: on random states.

`PLAN_STATES=200` plays as many; the seeds are counted from `PLAN_SEED`.
"""

from __future__ import annotations

import copy
import os
from collections import Counter
from typing import Any

import pytest

from connectors.sandbox.faults import Fault
from engine.model.plan import Kind
from tests.scenario.bench import Bench
from tests.scenario.plan_hands import arrived, planned, predicted, writes
from tests.scenario.random_states import prepare
from tests.scenario.test_applying import applied

STATES = int(os.environ.get("PLAN_STATES", "6"))
FIRST = int(os.environ.get("PLAN_SEED", "1"))


def _worlds(world: Bench) -> list[Any]:
    """All that both systems hold."""
    outreach, workbooks = world.outreach, world.workbooks
    tables = (outreach.opportunities, outreach.prospects, outreach.roles)
    rows = [
        [(row.id, dict(row.attributes), dict(row.relationships)) for row in one.rows()]
        for one in tables
    ]
    records = [
        dict(row) for one in (workbooks.opportunities, workbooks.people) for row in one.rows()
    ]
    return copy.deepcopy([rows, records])


def _shown(world: Bench) -> set[str]:
    """The records that Workbooks shows: a plan believes a row for a minute, who applies it none."""
    table = world.workbooks.opportunities
    return {str(row["object_ref"]) for row in table.rows() if row["id"] not in table.hidden}


@pytest.mark.parametrize("seed", range(FIRST + 1000, FIRST + 1000 + STATES))
async def test_a_plan_that_is_applied_sends_what_it_says(world: Bench, seed: int) -> None:
    """Every write of it, held or not, and no other."""
    await prepare(world, seed)
    plan = await planned(world)
    world.forget_traffic()

    numbers, left_out = await applied(world, plan.path)

    said: Counter[str] = Counter()
    for one in (*plan.end.requests, *plan.end.after_approval):
        if one.writes and one.system == "outreach":
            said[f"{one.method} {one.route}"] += one.number
    sent: Counter[str] = Counter()
    for (system, method, route), number in arrived(world).items():
        if system == "outreach" and method != "GET":
            sent[f"{method} {route}"] += number
    # Whose tab shows first that a prospect is gone, and so who is flagged for it, may differ.
    others = {ref for ref in left_out if not ref.startswith("PERS-")}
    assert not others & _shown(world)
    assert numbers["left_out"] == len(left_out)
    assert sent <= said
    # What would be refused need not be sent once that is known.
    unsent = [one for one in plan.changes if one.reason and one.kind is not Kind.FLAG]
    unsent += [one for one in plan.changes if one.ref in left_out]
    assert said.total() - sent.total() <= len(unsent)


async def test_people_of_many_tabs_are_asked_for_together(world: Bench) -> None:
    """However slow the answers: what a run sends must not depend on which of them comes first."""
    for number in range(5):
        record, person = world.has(f"Crane {number}"), world.knows(f"Per{number} Son")
        world.puts(record, (person, "Buyer"))
    for delay_s in (0.01, 0.1, 0.2, 0.3, 0.4):
        world.outreach_fault(
            Fault(method="POST", path="opportunities$", action="delay", delay_s=delay_s)
        )

    await world.once()

    assert world.outreach_traffic.counts["GET", "/api/v2/prospects"] == 1
    assert len([one for one in world.workbooks_seen if one.method == "PUT"]) == 2


@pytest.mark.parametrize("seed", range(FIRST, FIRST + STATES))
async def test_a_plan_tells_every_request_of_the_run_that_follows(world: Bench, seed: int) -> None:
    """By system, method and route; and nothing was written meanwhile."""
    await prepare(world, seed)
    world.forget_traffic()
    before = _worlds(world)

    plan = await planned(world)

    assert writes(world) == []
    assert _worlds(world) == before
    world.forget_traffic()
    await world.once()
    assert predicted(plan.end.requests) == arrived(world)
