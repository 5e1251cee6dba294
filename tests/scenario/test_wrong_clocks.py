"""A machine whose clock is wrong, at start or set while the service was stopped."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable

import pytest

from connectors.sandbox.faults import Fault
from engine.decide import doubt
from engine.store.sqlite import statefile
from tests.scenario.bench import CREATE, Bench, running, until

pytestmark = pytest.mark.anyio

LOST = Fault(method="POST", path="/opportunities$", when="after", action="drop")


@pytest.mark.parametrize("hours", [2, 24 * 365, -2])
async def test_a_clock_set_while_stopped_shortens_no_doubt(
    world: Bench, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The create was carried out, and the list does not show it yet."""
    monkeypatch.setattr(doubt, "FIRST_LOOK_S", 60.0)
    monkeypatch.setattr(doubt, "GROWTH", 1.0)
    world.settings["outreach"]["visibility_s"] = 300
    world.outreach_fault(LOST)
    world.outreach.knobs.index_lag_s = 200
    record = world.has("Harbour crane")
    await world.once()

    world.engine_ahead_s = hours * 3600.0
    world.clock.advance(61)
    result = await world.once()
    assert (result.counts.in_doubt, len(world.twins(record))) == (1, 1)

    world.clock.advance(3700)
    result = await world.once()
    assert world.twin(record)
    assert (result.counts.in_doubt, world.outreach_traffic.counts[CREATE]) == (0, 1)


ROLE_LOST = Fault(method="POST", path="/opportunityProspectRoles$", when="after", action="drop")


@pytest.mark.parametrize("hours", [24, -24, 2, -2])
async def test_a_role_is_ours_whatever_our_clock_says(world: Bench, hours: int) -> None:
    """Outreach stamps it by a clock of its own, and its create lost the answer."""
    world.engine_ahead_s = hours * 3600.0
    world.outreach_fault(ROLE_LOST)
    record = world.has("Harbour crane")
    ada = world.knows()
    world.puts(record, (ada, "Sponsor"))
    await world.once()
    assert world.roles(record) == world.wanted((ada, "Sponsor"))

    world.puts(record)
    await world.once()

    assert world.roles(record) == []


@pytest.mark.parametrize(("before", "after"), [(0, 24), (0, -24), (24, 0), (-24, 0)])
async def test_a_role_is_ours_though_our_clock_was_set_while_it_was_in_doubt(
    world: Bench, before: int, after: int
) -> None:
    """The announcement is on a clock that is no more."""
    world.settings["outreach"]["visibility_s"] = 300
    record = world.has("Harbour crane")
    ada = world.knows()
    await world.once()
    world.engine_ahead_s = before * 3600.0
    world.outreach_fault(ROLE_LOST)
    world.outreach.knobs.index_lag_s = 100
    world.puts(record, (ada, "Sponsor"))
    assert (await world.once()).counts.in_doubt == 1

    world.engine_ahead_s = after * 3600.0
    for _ in range(4):
        world.clock.advance(121)
        await world.once()
    assert world.roles(record) == world.wanted((ada, "Sponsor"))
    world.puts(record)
    world.clock.advance(301)
    await world.once()

    assert world.roles(record) == []


@pytest.mark.parametrize("hours", [24, -24])
async def test_a_role_made_by_hand_stays_theirs_whatever_our_clock_says(
    world: Bench, hours: int
) -> None:
    """Ours was never made; theirs was there a little before it was announced."""
    world.engine_ahead_s = hours * 3600.0
    record = world.has("Harbour crane")
    ada = world.knows()
    world.puts(record, (ada, "Decision maker"))
    await world.once()
    theirs = world.relates(record, world.told(ada), "Sponsor")
    world.clock.advance(2)
    world.outreach_fault(
        Fault(method="POST", path="/opportunityProspectRoles$", when="before", action="drop")
    )
    world.puts(record, (ada, "Decision maker"), (ada, "Sponsor"))
    await world.once()

    world.puts(record)
    await world.once()

    assert [row.id for row in world.role_rows(record)] == [theirs]


@pytest.mark.parametrize("hours", [2, -2])
async def test_the_reserve_is_left_to_others_whatever_our_clock_says(
    world: Bench, hours: int
) -> None:
    """The window that the headers tell of is on the service's clock, not on ours."""
    world.engine_ahead_s = hours * 3600.0
    world.outreach.knobs.rate_limit = 40
    world.settings["outreach.budget"] = {"reserve": 20, "fresh_share": 0.0}
    for number in range(60):
        world.has(f"Row {number}")

    assert (await world.once()).counts.pending

    sent = sum(
        times for (_, path), times in world.outreach_traffic.counts.items() if "oauth" not in path
    )
    # Those under way at once may be over.
    assert 10 <= sent <= 20 + 4


@pytest.mark.parametrize("hours", [2, -2])
async def test_the_next_window_is_used_whatever_our_clock_says(world: Bench, hours: int) -> None:
    """A clock behind that of the service must not wait for two hours more."""
    world.engine_ahead_s = hours * 3600.0
    world.outreach.knobs.rate_limit = 40
    world.settings["outreach.budget"] = {"reserve": 20, "fresh_share": 0.0}
    records = [world.has(f"Row {number}") for number in range(25)]
    assert (await world.once()).counts.pending

    world.clock.advance(3600)
    await world.once()

    assert all(world.twin(record) for record in records)


@pytest.mark.parametrize("back_s", [2400.0, 7200.0, 86400.0])
async def test_a_clock_set_back_while_stopped_stretches_no_wait(
    world: Bench, back_s: float
) -> None:
    """The service ran ahead of the right time; what it was to do in seconds is done in seconds."""
    world.settings["outreach"]["visibility_s"] = 300
    world.engine_ahead_s = back_s
    world.outreach_fault(LOST)
    record = world.has("Harbour crane")
    refused = world.has("Tug")
    world.outreach_fault(Fault(method="POST", path="/opportunities$", action="status", status=500))
    assert (await world.once()).counts.pending

    world.engine_ahead_s = 0.0
    # How long the absence was is not certain, so the doubt begins anew.
    await world.once()
    world.clock.advance(361)
    result = await world.once()

    assert (result.counts.pending, result.counts.in_doubt) == (0, 0)
    assert world.twin(record)
    assert world.twin(refused)


async def test_a_state_put_back_while_the_clock_was_ahead_waits_no_day(world: Bench) -> None:
    """What another life did is past at the latest when the clock is right again."""
    world.has("Tug")
    await world.once()
    copy = world.directory / "backup"
    shutil.copytree(world.state, copy)
    world.has("Barge")
    await world.once()
    shutil.rmtree(world.state)
    shutil.copytree(copy, world.state)
    world.engine_ahead_s = 86_400.0
    await world.once()

    world.engine_ahead_s = 0.0
    record = world.has("Harbour crane")

    def made() -> bool:
        world.clock.advance(5)
        return bool(world.twins(record))

    async with running(world):
        await until(made)


async def test_a_state_put_back_while_the_clock_is_behind_creates_nothing_twice(
    world: Bench,
) -> None:
    """The records of another life are older than the moment at which that was noticed."""
    world.has("Tug")
    await world.once()
    copy = world.directory / "backup"
    shutil.copytree(world.state, copy)
    record = world.has("Harbour crane")
    world.workbooks_fault(Fault(method="PUT", times=None, action="drop"))
    await world.once()
    assert len(world.twins(record)) == 1
    shutil.rmtree(world.state)
    shutil.copytree(copy, world.state)

    world.workbooks_traffic.plan.clear()
    world.engine_ahead_s = -86_400.0
    for _ in range(3):
        world.clock.advance(60)
        await world.once()

    assert world.twin(record)
    assert world.outreach_traffic.counts[CREATE] == 2


async def test_a_record_with_a_time_ahead_is_no_younger_than_a_state_put_back(
    world: Bench,
) -> None:
    """A server of Workbooks whose clock was wrong has stamped it; another life created it."""
    world.has("Tug")
    await world.once()
    copy = world.directory / "backup"
    shutil.copytree(world.state, copy)
    record = world.has("Harbour crane")
    world.workbooks_fault(Fault(method="PUT", times=None, action="drop"))
    await world.once()
    world.workbooks.opportunities.restamp(record, updated_at=int(world.clock.now()) + 7200)
    shutil.rmtree(world.state)
    shutil.copytree(copy, world.state)

    world.workbooks_traffic.plan.clear()
    for _ in range(3):
        world.clock.advance(60)
        await world.once()

    assert world.twin(record)
    assert world.outreach_traffic.counts[CREATE] == 2


def claimed_at(world: Bench) -> float:
    """When the target record of the only record was claimed, as the state has it."""
    path = world.state / statefile.FILE_NAME
    with contextlib.closing(statefile.connect(path, query_only=True)) as connection:
        return connection.execute("SELECT since FROM claim").fetchone()[0]


def claim_ahead(world: Bench) -> Callable[[], bool]:
    """As a clock has left it that was ahead, and of which nobody knows; tells when it is not so."""
    with contextlib.closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        connection.execute("UPDATE claim SET since = since + 86400")
    ahead = claimed_at(world)
    return lambda: claimed_at(world) < ahead


async def test_a_time_that_nobody_knew_to_be_ahead_is_taken_back_beside_all_work(
    world: Bench,
) -> None:
    """Where a process was killed while its clock was ahead, no note tells of that."""
    world.has("Harbour crane")
    await world.once()
    taken_back = claim_ahead(world)

    async with running(world):
        await until(taken_back)

    assert claimed_at(world) <= world.environment().clock.now()


async def test_a_single_run_takes_it_back_at_its_end(world: Bench) -> None:
    """Whoever has no service running has this."""
    world.has("Harbour crane")
    await world.once()
    taken_back = claim_ahead(world)

    await world.once()

    assert taken_back()
