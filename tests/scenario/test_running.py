"""The service itself: it keeps up, keeps to its budget, and may be stopped at any moment."""

from __future__ import annotations

import contextlib

import anyio
import pytest

from connectors.outreach import oauth
from connectors.sandbox.faults import Fault
from engine.decide import failure
from engine.errors import Unreachable
from engine.service import once
from tests.scenario.bench import CREATE, OPPORTUNITIES, START, Bench, running, until

pytestmark = [pytest.mark.anyio, pytest.mark.sockets]

STOP = {"shutdown_s": 0.2}


def linked(world: Bench, record: int) -> bool:
    """Whether a record carries its id."""
    return world.record(record)["outreach_id"] is not None


def posts(world: Bench) -> int:
    """Creates that reached Outreach."""
    return world.outreach_traffic.counts[CREATE]


def spent(world: Bench) -> int:
    """Requests that count against the budget: all but those for tokens."""
    counts = world.outreach_traffic.counts
    return sum(number for (_, path), number in counts.items() if path.startswith("/api/"))


async def test_the_service_follows_edits_as_they_are_made(world: Bench) -> None:
    """Poll after poll, without anybody starting anything."""
    async with running(world):
        record = world.has("Harbour crane")
        await until(lambda: linked(world, record))
        world.edit(record, description="Harbour crane, blue")
        await until(lambda: world.twin(record).attributes["name"] == "Harbour crane, blue")

    assert len(world.outreach.opportunities) == 1


async def test_a_failed_poll_is_caught_up(world: Bench) -> None:
    """A late run reads from where the last good one ended."""
    async with running(world):
        first = world.has("Before")
        await until(lambda: linked(world, first))
        world.workbooks_fault(Fault(path=OPPORTUNITIES, status=500, times=4))
        records = [world.has(f"During {number}") for number in range(3)]
        await until(lambda: all(linked(world, record) for record in records))

    assert len({world.twin(record).id for record in (first, *records)}) == 4


async def test_new_credentials_in_the_file_end_a_refusal_without_a_restart(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator who authorises again at night should not have to find the service as well."""
    monkeypatch.setattr(failure, "OPERATOR_PAUSE_S", 0.1)
    monkeypatch.setattr(oauth, "MINT_INTERVAL_S", 0.05)
    async with running(world):
        first = world.has("Before")
        await until(lambda: linked(world, first))
        world.outreach.revoke_all_tokens()
        record = world.has("Harbour crane")
        refused = ("POST", "/oauth/token")
        before = world.outreach_traffic.counts[refused]
        await until(lambda: world.outreach_traffic.counts[refused] > before)

        world.authorise_again()
        await until(lambda: linked(world, record))

    assert world.reasons() == {}


async def test_a_start_while_a_system_is_down_waits_for_it(world: Bench) -> None:
    """After a power cut nobody knows which machine comes up first."""
    record = world.has("Harbour crane")
    world.workbooks_fault(Fault(action="drop", times=1))
    async with running(world):
        await until(lambda: linked(world, record))

    assert world.twin(record)
    assert not world.workbooks_traffic.plan.waiting


async def test_a_stop_does_not_wait_for_an_access_token(world: Bench) -> None:
    """One is minted a minute; whoever stops the service has nothing from waiting for the next."""
    world.settings["service"]["shutdown_s"] = 40
    async with running(world):
        first = world.has("Before")
        await until(lambda: linked(world, first))
        world.outreach.expire_access_tokens()
        record = world.has("Harbour crane")
        await until(lambda: posts(world) == 2)
        await anyio.sleep(1)
        told_at = anyio.current_time()

    assert anyio.current_time() - told_at < 5
    world.clock.advance(61)
    await world.once()
    assert world.twin(record)


@pytest.mark.parametrize("shutdown_s", [10, 0], ids=["in order", "at once"])
async def test_a_stop_in_the_middle_of_work_loses_and_doubles_nothing(
    world: Bench, shutdown_s: int
) -> None:
    """Every upgrade and reboot is one of these."""
    world.settings["service"]["shutdown_s"] = shutdown_s
    world.outreach_traffic.latency_s = 0.02
    records = [world.has(f"Row {number}") for number in range(30)]
    async with running(world):
        await until(lambda: posts(world) >= 6)
    stopped_after = posts(world)
    world.outreach_traffic.latency_s = 0

    await world.once()

    assert stopped_after < 30
    assert len({world.twin(record).id for record in records}) == 30
    assert len(world.outreach.opportunities) == 30


async def test_what_was_in_hand_is_settled_by_an_orderly_stop(world: Bench) -> None:
    """Creates that were answered have their ids written back before the process ends."""
    world.settings["service"]["shutdown_s"] = 10
    world.outreach_traffic.latency_s = 0.02
    records = [world.has(f"Row {number}") for number in range(30)]
    async with running(world):
        await until(lambda: posts(world) >= 6)

    created = [record for record in records if world.twins(record)]
    assert all(linked(world, record) for record in created)


async def test_a_backlog_keeps_to_its_share_and_a_fresh_edit_overtakes_it(world: Bench) -> None:
    """A bulk import must not spend what somebody's edit of this minute needs."""
    world.settings["service"] |= STOP
    world.settings["workbooks"]["page_size"] = 20
    world.settings["outreach.budget"] = {"per_hour": 12, "reserve": 0, "fresh_share": 0.5}
    moment = int(START) - 3600
    bulk = [world.has(f"Row {number}", updated_at=moment) for number in range(20)]

    async with running(world):
        await until(lambda: spent(world) == 6)
        fresh = world.has("Of this minute")
        await until(lambda: linked(world, fresh))

    assert world.twin(fresh)
    assert spent(world) == 7
    assert sum(bool(world.twins(record)) for record in bulk) < 6

    world.settings["outreach.budget"] = {"per_hour": 0}
    await world.once()
    assert len({world.twin(record).id for record in bulk}) == 20
    assert len(world.outreach.opportunities) == 21


async def test_a_single_run_without_budget_ends_and_says_what_waits(world: Bench) -> None:
    """Whoever runs it from a timer must not find it still there an hour later."""
    world.settings["outreach.budget"] = {"per_hour": 5, "reserve": 0}
    for number in range(8):
        world.has(f"Row {number}")

    with contextlib.suppress(Unreachable):
        await world.once()

    assert spent(world) == 5


async def test_a_cancelled_run_ends(world: Bench) -> None:
    """Whoever gives up waiting must get the process back."""
    world.outreach_traffic.latency_s = 1
    record = world.has("Harbour crane")

    with anyio.move_on_after(0.3):
        await once.once(world.config(), world.environment())

    assert not linked(world, record)
