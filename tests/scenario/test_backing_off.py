"""What keeps failing is tried ever less often, and is blamed only where others fare better."""

from __future__ import annotations

import json

import pytest

from connectors.sandbox.faults import Fault
from engine.decide.retry import QUICK_TRIES
from engine.service import once
from tests.scenario.bench import CREATE, UPDATE, Bench, running, until
from tests.scenario.people import CREATE_PROSPECT, CREATE_ROLE

pytestmark = pytest.mark.anyio

PAGE = "<html><body>Request blocked.</body></html>"


def refusal(error_id: str) -> str:
    """The service's own envelope."""
    return json.dumps({"errors": [{"id": error_id, "title": "No", "detail": "Not like this."}]})


def always(method: str, path: str, status: int, text: str = PAGE) -> Fault:
    """Every such request is refused, and none is carried out."""
    return Fault(method=method, path=path, status=status, text=text, times=None)


@pytest.mark.parametrize(
    ("status", "error_id"), [(400, "badRequest"), (404, "routeNotFound"), (405, "notAllowed")]
)
async def test_a_create_that_nobody_is_blamed_for_is_not_sent_on_and_on(
    world: Bench, status: int, error_id: str
) -> None:
    """Nobody else succeeds at night, and the allowance is everybody's."""
    world.outreach_fault(always("POST", "/opportunities$", status, refusal(error_id)))
    record = world.has("Harbour crane")

    result = await world.once()
    assert world.outreach_traffic.counts[CREATE] == QUICK_TRIES + 1
    await world.once()

    assert world.outreach_traffic.counts[CREATE] == QUICK_TRIES + 1
    assert (result.counts.pending, result.counts.refused) == (1, 0)
    assert "Not like this." in " ".join(world.waiting())
    world.outreach_traffic.plan.clear()
    world.clock.advance(73)
    await world.once()
    assert world.twin(record)


@pytest.mark.parametrize("what", ["roles", "prospects"])
async def test_roles_and_prospects_are_not_sent_on_and_on_either(world: Bench, what: str) -> None:
    """They stand on many opportunities."""
    path, sent = {
        "roles": ("/opportunityProspectRoles$", CREATE_ROLE),
        "prospects": ("/prospects$", CREATE_PROSPECT),
    }[what]
    world.outreach_fault(always("POST", path, 400, refusal("badRequest")))
    ada = world.knows("Ada Byron")
    records = [world.has(f"Crane {number}") for number in range(2)]
    for record in records:
        world.puts(record, (ada, "Buyer"))

    await world.once()

    per_record = QUICK_TRIES + 1
    assert per_record <= world.outreach_traffic.counts[sent] <= per_record * len(records)
    assert "Not like this." in " ".join(world.waiting())
    before = world.outreach_traffic.counts[sent]
    await world.once()
    assert world.outreach_traffic.counts[sent] <= before + 1
    world.outreach_traffic.plan.clear()
    world.clock.advance(73)
    await world.once()
    assert [world.roles(one) for one in records] == [world.wanted((ada, "Buyer"))] * 2


async def test_a_create_that_a_front_turns_away_is_sent_ever_less_often(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in doubt each time, and a short `visibility_s` must not set the pace."""
    monkeypatch.setattr(once, "RETRY_PATIENCE_S", 1.5)
    world.outreach_fault(always("POST", "/opportunities$", 404))
    record = world.has("Harbour crane")

    for _ in range(24):
        await world.once()
        world.clock.advance(10)

    assert world.outreach_traffic.counts[CREATE] <= 7
    assert world.reasons() == {}
    assert any("HTML page" in line.detail for line in world.history(record))
    world.outreach_traffic.plan.clear()
    for _ in range(7):
        await world.once()
        world.clock.advance(10)
    assert world.twin(record)


@pytest.mark.parametrize("status", [403, 404, 405, 409, 422])
async def test_a_front_that_lets_no_update_through_flags_nobody(world: Bench, status: int) -> None:
    """The looks of the records themselves, and creates of others, are another kind of request."""
    records = [world.has(f"Crane {number}") for number in range(3)]
    await world.once()
    world.settings["retry"] |= {"attempts_max": 2}
    world.outreach_fault(always("PATCH", "/opportunities/", status))
    for record in records:
        world.edit(record, description=f"Crane {record}, red")

    new = [world.has(f"Hoist {number}") for number in range(3)]
    await world.once()
    world.clock.advance(73)
    result = await world.once()

    assert [world.record(record)["error"] for record in records] == [False] * 3
    assert all(world.twin(record) for record in new)
    assert result.counts.pending == 3
    assert "HTML page" in " ".join(world.waiting())


async def test_a_record_is_flagged_when_only_its_own_update_fails(world: Bench) -> None:
    """It is the same kind of request that succeeds for another record."""
    bad, good = world.has("Harbour crane"), world.has("Dry dock")
    await world.once()
    [row] = world.twins(bad)
    world.settings["retry"] |= {"attempts_max": 2}
    world.outreach_fault(always("PATCH", f"/opportunities/{row.id}$", 405))
    edits = 0

    async with running(world):
        world.edit(bad, description="Harbour crane, red")

        def flagged() -> bool:
            nonlocal edits
            if world.twin(good).attributes["name"] == world.record(good)["description"]:
                edits += 1
                world.edit(good, description=f"Dry dock {edits}")
            return world.record(bad)["error"] is True

        await until(flagged)

    assert "kept failing while others succeeded" in world.reasons()[f"OPP-{bad}"].reason


async def test_one_record_refused_by_the_service_itself_is_flagged_at_once(world: Bench) -> None:
    """A validation needs no second opinion."""
    record = world.has("Harbour crane")
    await world.once()
    world.outreach_fault(always("PATCH", "/opportunities/", 422, refusal("validationError")))
    world.edit(record, description="Harbour crane, red")
    world.forget_traffic()

    await world.once()

    assert world.record(record)["error"] is True
    assert world.outreach_traffic.counts[UPDATE] == 1


@pytest.mark.parametrize("status", [408, 409, 423, 425])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_conflict_that_passes_flags_nobody(world: Bench, method: str, status: int) -> None:
    """Somebody else held the record for a moment."""
    record = world.has("Harbour crane")
    path = "/opportunities$"
    if method == "PATCH":
        await world.once()
        world.edit(record, description="Harbour crane, red")
        path = "/opportunities/"
    fault = Fault(method=method, path=path, status=status, text=refusal("conflict"), times=2)
    world.outreach_fault(fault)

    await world.once()
    await world.once()

    assert world.twin(record).attributes["name"] == world.record(record)["description"]
    assert world.reasons() == {}


async def test_a_conflict_that_stays_is_flagged_with_its_reason(world: Bench) -> None:
    """Some day it is no passing one any more."""
    world.settings["retry"] |= {"attempts_max": 3}
    world.outreach_fault(always("POST", "/opportunities$", 409, refusal("conflict")))
    record = world.has("Harbour crane")

    await world.once()

    assert world.record(record)["error"] is True
    assert "Not like this." in world.reasons()[f"OPP-{record}"].reason
    assert world.outreach_traffic.counts[CREATE] == 3
