"""Outage is not failure: whatever a system does as a whole flags no record and loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Literal

import pytest

from connectors.sandbox.faults import Fault
from engine.errors import EngineError, Misconfigured, Transient, Unauthorized, Unreachable
from engine.service import once
from engine.store.sqlite import statefile
from tests.scenario.bench import CREATE, OPPORTUNITIES, Bench, until
from tests.scenario.service_port import eventually, served

pytestmark = [pytest.mark.anyio, pytest.mark.sockets]

MONTH_S = 30 * 86_400

MINT = ("POST", "/oauth/token")
# The first pause of an outage is at least half of this, so that a run gives up at once.
LONG_PAUSE = {"base_s": 60, "cap_s": 300}


def moment(epoch_s: float) -> datetime:
    """Whole seconds, UTC."""
    return datetime.fromtimestamp(int(epoch_s), UTC)


RETRY_AFTER: dict[str, Callable[[float], str]] = {
    "seconds": lambda _: "1",
    "epoch": lambda now: str(int(now) + 2),
    "ISO without zone": lambda now: moment(now + 2).replace(tzinfo=None).isoformat(),
    "HTTP date": lambda now: format_datetime(moment(now + 2), usegmt=True),
}


@pytest.mark.parametrize("form", RETRY_AFTER.values(), ids=RETRY_AFTER.keys())
async def test_a_throttle_is_waited_out_in_whatever_form_it_comes(
    world: Bench, form: Callable[[float], str]
) -> None:
    """A misread wait is either an hour lost or a hammered system."""
    headers = {"Retry-After": form(world.clock.now())}
    world.outreach_fault(Fault(method="POST", path="/opportunities$", status=429, headers=headers))
    records = [world.has(f"Row {number}") for number in range(2)]

    result = await world.once()

    assert len({world.twin(record).id for record in records}) == 2
    assert world.outreach_traffic.counts[CREATE] == 3
    assert result.counts.refused == 0


async def test_maintenance_flags_nobody_and_the_next_run_finishes(world: Bench) -> None:
    """It says when it ends; until then there is nothing to try."""
    world.has("Synced before")
    await world.once()
    world.outreach.knobs.maintenance_until = world.clock.now() + 1800
    record = world.has("Harbour crane")

    with pytest.raises(Unreachable, match="wait"):
        await world.once()
    assert world.record(record)["error"] is False
    assert world.reasons() == {}

    world.clock.advance(1900)
    await world.once()

    assert world.twin(record)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path="/api/", action="drop", times=None),
        Fault(path="/api/", status=503, times=None),
        Fault(path="/api/", action="garbage", times=None),
    ],
    ids=["no answer", "503", "a portal's page"],
)
async def test_outreach_being_down_flags_nobody_and_the_next_run_finishes(
    world: Bench, fault: Fault
) -> None:
    """Operators must not come back to a thousand flags after a bad night."""
    world.settings["retry"] = LONG_PAUSE
    records = [world.has(f"Row {number}") for number in range(3)]
    world.outreach_fault(fault)

    with pytest.raises(Unreachable, match="wait"):
        await world.once()
    assert [world.record(record)["error"] for record in records] == [False] * 3
    assert world.reasons() == {}

    world.outreach_traffic.plan.clear()
    world.clock.advance(301)
    await world.once()

    assert len({world.twin(record).id for record in records}) == 3
    assert len(world.outreach.opportunities) == 3


async def test_an_outage_with_more_records_than_workers_ends_the_run_at_once(world: Bench) -> None:
    """The pause may last an hour; the next run is soon enough."""
    world.settings["retry"] = LONG_PAUSE
    for number in range(8):
        world.has(f"Row {number}")
    world.outreach_fault(Fault(path="/api/", action="drop", times=None))

    with pytest.raises(Unreachable, match="wait"):
        await world.once()

    assert world.reasons() == {}


async def test_an_outage_that_outlives_many_short_pauses_ends_the_run(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Short pauses must not keep a single run alive for as long as the outage lasts."""
    monkeypatch.setattr(once, "RETRY_PATIENCE_S", 0.5)
    record = world.has("Harbour crane")
    await world.once()
    world.edit(record, description="Harbour crane, blue")
    world.outreach_fault(Fault(path="/api/", action="drop", times=None))

    with pytest.raises(Unreachable, match="wait"):
        await world.once()

    assert world.reasons() == {}


async def test_workbooks_being_down_is_said_and_loses_nothing(world: Bench) -> None:
    """Without a poll there is nothing to do but to say so."""
    record = world.has("Harbour crane")
    world.workbooks_fault(Fault(action="drop", times=None))

    with pytest.raises(Unreachable):
        await world.once()

    world.workbooks_traffic.plan.clear()
    await world.once()
    assert world.twin(record)


async def test_workbooks_maintenance_is_an_outage_and_no_refusal(world: Bench) -> None:
    """A 403 with a database reason concerns nobody's record and nobody's key."""
    record = world.has("Harbour crane")
    world.workbooks.start_maintenance()

    with pytest.raises(Transient, match="database_being_migrated"):
        await world.once()

    world.workbooks.end_maintenance()
    await world.once()
    assert world.twin(record)


async def test_an_expired_access_token_is_replaced_once_for_all(world: Bench) -> None:
    """Several workers notice at the same moment; one mint must serve them all."""
    for number in range(4):
        world.has(f"Row {number}")
    await world.once()
    assert world.outreach_traffic.counts[MINT] == 1
    world.outreach.expire_access_tokens()
    world.clock.advance(61)
    records = [world.has(f"New {number}") for number in range(4)]

    await world.once()

    assert len({world.twin(record).id for record in records}) == 4
    assert world.outreach_traffic.counts[MINT] == 2


@pytest.mark.parametrize("form", ["401", "401 bare", "403", "403 bare"])
async def test_an_expired_access_token_is_replaced_however_it_is_answered(
    world: Bench, form: Literal["401", "401 bare", "403", "403 bare"]
) -> None:
    """Taken for a missing permission it stopped everything for hours, and flagged records."""
    first = world.has("Row")
    await world.once()
    world.outreach.knobs.expired_answer = form
    world.outreach.expire_access_tokens()
    world.clock.advance(61)
    world.edit(first, description="Renamed")
    second = world.has("New")

    await world.once()

    assert world.twin(first).attributes["name"] == "Renamed"
    assert world.twin(second)
    assert world.outreach_traffic.counts[MINT] == 2


@pytest.mark.parametrize(
    "odd",
    [
        {"members": {"expires_in": None}},
        {"members": {"expires_in": 7199.5}},
        {"members": {"expires_in": 0}},
        {"text": "\ufeff"},
        {"members": {"access_token": "not\nsendable"}},
    ],
    ids=["null", "fraction", "zero", "byte order mark", "unusable"],
)
async def test_an_odd_token_answer_does_not_cost_the_authorisation(
    world: Bench, odd: dict[str, Any]
) -> None:
    """Where a refresh token works once, the one in this answer is the only one there is."""
    world.outreach.knobs.refresh_reuse = "deny"
    world.outreach_fault(Fault(path="/oauth/token", when="after", action="edit", **odd))
    record = world.has()
    with suppress(EngineError):
        await world.once()
    world.clock.advance(3600 * 2)

    await world.once()

    assert world.twin(record)


async def test_runs_share_one_access_token(world: Bench) -> None:
    """Mints are throttled, and each one rotates the refresh token."""
    for number in range(3):
        world.has(f"Row {number}")
        await world.once()

    assert world.outreach_traffic.counts[MINT] == 1


async def test_refused_credentials_flag_nobody(world: Bench) -> None:
    """Only an operator can end this, and no record is to blame."""
    world.outreach.revoke_all_tokens()
    record = world.has("Harbour crane")

    with pytest.raises(Unauthorized, match="invalid_grant"):
        await world.once()

    assert world.record(record)["error"] is False
    assert world.twins(record) == []


async def test_a_service_whose_credentials_are_refused_is_not_ready_between_two_tries(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks at readiness must not have to look at the right moment."""
    monkeypatch.setattr("engine.decide.failure.OPERATOR_PAUSE_S", 0.01)
    looks: list[tuple[int, str]] = []
    async with served(world) as port:

        async def ready() -> bool:
            return (await port.ready())[0] == 200

        async def refused() -> bool:
            looks.append(await port.ready())
            return "refused" in looks[-1][1]

        await eventually(ready)
        world.clock.advance(61)
        world.outreach.revoke_all_tokens()
        record = world.has()
        await eventually(refused)
        looks.clear()
        for _ in range(20):
            await refused()
        assert {status for status, _ in looks} == {503}

        world.clock.advance(61)
        world.authorise_again()
        await until(lambda: bool(world.twins(record)))
        await eventually(ready)


async def test_a_session_that_expires_and_delays_bring_every_record_once(world: Bench) -> None:
    """Session mode lives with lost sessions and with answers that come by another address."""
    world.settings["workbooks"] |= {"auth": "session", "page_size": 7}
    world.workbooks.knobs.delay_every = 3
    world.workbooks.knobs.delay_hops = 2
    world.workbooks.knobs.rotate_session_every = 4
    records = [world.has(f"Row {number}") for number in range(30)]
    world.just_before_a_write_back(world.workbooks.expire_sessions)

    await world.once()
    world.workbooks.expire_sessions()
    world.forget_traffic()
    await world.once()

    assert len({world.twin(record).id for record in records}) == 30
    assert len(world.outreach.opportunities) == 30
    assert world.outreach_traffic.total == 0
    assert world.workbooks.delays.followed > 0


async def test_delays_with_an_api_key_bring_every_record_once(world: Bench) -> None:
    """A delayed write is kept, not carried out; following it must not carry it out twice."""
    world.workbooks.knobs.delay_every = 2
    records = [world.has(f"Row {number}") for number in range(10)]

    await world.once()

    assert len({world.twin(record).id for record in records}) == 10
    assert {world.record(record)["lock_version"] for record in records} == {1}
    assert world.workbooks_traffic.counts["PUT", OPPORTUNITIES] >= 1


async def test_waits_of_a_clock_that_was_ahead_strand_nothing(world: Bench) -> None:
    """A machine boots with a wrong clock, records are put off by that, and the time is mended."""
    world.settings["retry"] = {"base_s": 100, "cap_s": 300}
    record = world.has("Harbour crane")
    await world.once()
    world.edit(record, description="Harbour crane, blue")
    world.outreach_fault(Fault(method="PATCH", action="drop"))
    assert (await world.once()).counts.pending == 1
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        connection.execute("UPDATE record SET due_at = due_at + ?", (MONTH_S,))

    await world.once()
    world.clock.advance(3601)
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane, blue"


async def test_a_doubt_of_a_clock_that_was_ahead_ends_in_time(world: Bench) -> None:
    """Its bound must not lie a month ahead, and must not be believed to have passed either."""
    world.settings["outreach"]["visibility_s"] = 300
    record = world.has("Harbour crane")
    world.outreach_fault(Fault(method="POST", path="/opportunities$", action="drop"))
    await world.once()
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        connection.execute("UPDATE record SET due_at = due_at + ?", (MONTH_S,))
        connection.execute("UPDATE intent SET doubt_since = doubt_since + ?", (MONTH_S,))

    assert (await world.once()).counts.in_doubt == 1
    world.clock.advance(3601)
    await world.once()

    assert world.twin(record)


async def test_a_permission_that_is_missing_for_every_record_is_the_operators_business(
    world: Bench,
) -> None:
    """Run again and again by a timer, it must not look like a system that is down."""
    world.settings["retry"] = {"base_s": 0.01, "cap_s": 0.02}
    for number in range(6):
        world.has(f"Row {number}")
    text = '{"errors":[{"id":"unauthorizedRequest","detail":"You may not create opportunities."}]}'
    world.outreach_fault(
        Fault(method="POST", path="/opportunities$", status=403, text=text, times=None)
    )

    with pytest.raises(Misconfigured, match="permission: You may not create"):
        await world.once()

    assert world.reasons() == {}
