"""The governor: places, pauses, outages and the budget in front of one system."""

from __future__ import annotations

from contextlib import suppress

import anyio
import pytest
from anyio.lowlevel import checkpoint

from engine.decide.failure import error_class
from engine.errors import HeldBack, Misconfigured, Throttled, Unauthorized
from engine.flow.allowance import BudgetLimits
from engine.flow.breaker import OUTAGE_FAILURES
from engine.flow.governor import HOLD_MAX_S, Governor
from engine.flow.lane import current_lane, retrying, writing
from engine.model.condition import Condition
from engine.model.lane import Lane
from engine.model.wait import BackoffLimits
from tests.unit.engine.stand_ins import NOW, FakeClock, governor, seeded
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio


async def enters(subject: Governor, *, metered: bool = True) -> bool:
    """Whether a request is admitted, neither waiting nor turned away."""
    entered = False

    async def ask() -> None:
        nonlocal entered
        with suppress(HeldBack):
            async with subject.admitted(metered=metered):
                entered = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    return entered


async def passed(subject: Governor) -> None:
    """Wait until its pause is over."""
    while subject.paused_s:  # noqa: ASYNC110 # it tells of its end to nobody
        await anyio.sleep(subject.paused_s)


async def test_no_more_than_the_allowed_requests_are_under_way_at_once() -> None:
    """The source's own client library stops at five."""
    subject = governor(in_flight_max=2)
    peak = 0

    async def request() -> None:
        nonlocal peak
        async with subject.admitted():
            peak = max(peak, subject.in_flight)
            await checkpoint()

    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(request)

    assert peak == 2
    assert (subject.in_flight, subject.waiting) == (0, 0)


@pytest.mark.parametrize("throttled", [False, True])
async def test_new_limits_let_one_request_ask_how_the_window_stands(throttled: bool) -> None:
    """Somebody may have had the system's own limit raised, and nobody else would find out."""
    subject = governor(in_flight_max=4)
    subject.learn(100, 0, NOW + 500)
    if throttled:
        subject.pause(500.0, "spent", cause=Throttled("spent", retry_after_s=500.0))
    assert not await enters(subject)

    subject.retune(4, BudgetLimits(per_hour=1000), BackoffLimits(1.0, 60.0))
    async with subject.admitted():
        assert not await enters(subject)
        subject.learn(100, 0, NOW + 500)
    assert not await enters(subject)

    subject.retune(4, BudgetLimits(per_hour=2000), BackoffLimits(1.0, 60.0))
    async with subject.admitted():
        subject.learn(1000, 900, NOW + 500)
        assert await enters(subject)


async def test_a_request_that_fails_or_is_cancelled_gives_its_place_back() -> None:
    """A place lost for each time-out would stop the service after four."""
    subject = governor(in_flight_max=1)
    with pytest.raises(ValueError, match="x"):
        async with subject.admitted():
            raise ValueError("x")
    with anyio.move_on_after(0.001):
        async with subject.admitted():
            await anyio.sleep_forever()

    assert await enters(subject)


async def test_a_waiter_that_is_cancelled_takes_no_place() -> None:
    """An orderly stop cancels whoever waits for admission."""
    subject = governor(in_flight_max=1)
    async with subject.admitted():
        assert not await enters(subject)
        assert (subject.in_flight, subject.waiting) == (1, 0)

    assert await enters(subject)


async def test_a_pause_admits_nothing_and_a_longer_one_stays() -> None:
    """When the system says wait, everybody waits."""
    subject = governor()
    subject.pause(30, "told to wait")
    subject.pause(0.001, "a shorter one")

    assert not await enters(subject)
    assert 29 < subject.paused_s <= 30
    assert subject.pause_reason == "told to wait"


async def test_a_long_hold_turns_away_and_says_for_how_long() -> None:
    """Whoever waits in line for an hour cannot do what could be done meanwhile."""
    subject = governor(limits=BudgetLimits(per_hour=1))
    assert await enters(subject)
    with pytest.raises(HeldBack, match="budget") as spent:
        async with subject.admitted():
            pass
    assert spent.value.retry_after_s == subject.held_s(Lane.FRESH) > HOLD_MAX_S
    assert subject.closed(Lane.FRESH)

    subject.pause(7200, "maintenance")
    with pytest.raises(HeldBack, match="maintenance"):
        await subject.hold()
    assert subject.in_flight == subject.waiting == 0


async def test_after_a_pause_requests_go_on() -> None:
    """The engine resumes by itself."""
    subject = governor()
    subject.pause(0.001, "told to wait")

    with anyio.fail_after(DEADLINE_S):
        async with subject.admitted():
            pass

    assert subject.pause_reason is None


@pytest.mark.parametrize("drained", ["meanwhile", "before"])
async def test_who_waits_out_a_long_pause_is_turned_away_when_the_work_ends(drained: str) -> None:
    """A stop must not take as long as a pause that nothing can be done about."""
    subject = governor(in_flight_max=4)
    turned_away: list[HeldBack] = []
    if drained == "before":
        subject.drain()

    async def wait() -> None:
        try:
            await subject.wait_out(3600.0, "a token is awaited")
        except HeldBack as error:
            turned_away.append(error)

    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            assert len(turned_away) == (drained == "before")
            subject.drain()

    [error] = turned_away
    assert "a token is awaited" in str(error)
    assert subject.paused_s > 3000


async def test_who_waits_out_a_pause_goes_on_after_it() -> None:
    """It is waited out however long it is; nothing is admitted meanwhile."""
    subject = governor(in_flight_max=4)

    await subject.wait_out(0.01, "a token is awaited")

    assert await enters(subject)


async def test_failures_in_a_row_are_an_outage_and_pause_the_system() -> None:
    """An outage is no record's fault; the first failures alone may be."""
    subject = governor()
    for _ in range(OUTAGE_FAILURES - 1):
        subject.failed("timed out")
    assert not subject.down
    assert subject.paused_s == 0

    subject.failed("timed out")

    assert subject.down
    assert 0 < subject.paused_s <= 1.0
    assert subject.pause_reason == "timed out"


async def test_requests_that_fail_together_are_one_round_of_an_outage() -> None:
    """Many requests under way at once must not make the first pause as long as the last."""
    subject = governor()
    for _ in range(100):
        subject.failed("timed out")

    assert 0 < subject.paused_s <= 1.0


async def test_the_pauses_of_an_outage_grow_from_round_to_round() -> None:
    """A system in trouble is asked less and less."""
    subject = Governor(FakeClock(), seeded(), 4, backoff=BackoffLimits(1e-9, 60.0))

    with anyio.fail_after(DEADLINE_S):
        while subject.paused_s < 0.01:
            subject.failed("timed out")
            await checkpoint()

    assert subject.paused_s <= 60


async def test_in_an_outage_one_request_probes_and_a_success_opens_the_way() -> None:
    """A recovering system must not be met by everything that waited."""
    subject = Governor(FakeClock(), seeded(), 4, backoff=BackoffLimits(1e-9, 1e-9))
    for _ in range(OUTAGE_FAILURES):
        subject.failed("timed out")

    async with subject.admitted():
        assert not await enters(subject)
        subject.succeeded()
        assert await enters(subject)

    assert not subject.down


async def test_where_writes_alone_fail_reads_go_on_and_do_not_vouch_for_them() -> None:
    """Reads that succeed in between would have every write tried as if nothing was wrong."""
    subject = Governor(FakeClock(), seeded(), 4, backoff=BackoffLimits(20.0, 60.0))
    writing.set(True)
    for _ in range(OUTAGE_FAILURES):
        subject.failed("HTTP 503")

    writing.set(False)
    subject.succeeded()
    assert await enters(subject)
    assert not subject.paused_s
    writing.set(True)
    with pytest.raises(HeldBack, match="HTTP 503"):
        async with subject.admitted():
            pass
    assert subject.down
    assert subject.no_writes == "HTTP 503"

    subject.write_found()

    assert await enters(subject)
    assert not subject.down
    assert subject.no_writes is None


async def test_a_repeat_that_is_not_let_through_is_held_back_and_nobody_is_throttled() -> None:
    """It says nothing about its record, nor about the system."""
    subject = governor(in_flight_max=100)
    token = retrying.set(True)
    try:
        for _ in range(20):
            subject.retries.answered(anyio.current_time(), well=False)
        with pytest.raises(HeldBack) as held:
            for _ in range(20):
                async with subject.admitted():
                    pass
    finally:
        retrying.reset(token)

    assert held.value.retry_after_s is not None
    assert 0 < held.value.retry_after_s < 30
    assert error_class(held.value) == "held_back"


async def test_a_backlog_is_held_back_where_a_fresh_edit_still_goes() -> None:
    """The lane of the work in hand is read without the connector passing it on."""
    subject = governor(limits=BudgetLimits(per_hour=10, fresh_share=0.5))
    for _ in range(5):
        assert await enters(subject)

    token = current_lane.set(Lane.BACKLOG)
    try:
        backlog = await enters(subject)
    finally:
        current_lane.reset(token)

    assert not backlog
    assert await enters(subject)


async def test_an_unmetered_request_neither_counts_nor_waits_for_the_budget() -> None:
    """Minting a token must be possible when the hour is spent."""
    subject = governor(limits=BudgetLimits(per_hour=1))
    assert await enters(subject)

    assert not await enters(subject)
    assert await enters(subject, metered=False)
    assert subject.budget.used_last_hour(NOW) == 1


async def test_an_answer_with_more_allowance_lets_requests_go_on_before_the_reset() -> None:
    """What the headers say is taken over as it comes."""
    subject = governor(limits=BudgetLimits(reserve=0))
    subject.learn(100, 0, NOW + 50)
    assert not await enters(subject)

    subject.learn(100, 100, NOW + 3650)

    assert await enters(subject)


async def test_a_refusal_lasts_until_the_system_is_seen_to_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between two pauses nothing has become well."""
    subject = governor()
    subject.pause(0.0, "the refresh token is refused", cause=Unauthorized("refused"))
    assert await enters(subject)
    assert subject.refusal == "the refresh token is refused"

    subject.succeeded()
    assert subject.refusal is None

    subject.pause(0.0, "refused", cause=Unauthorized("refused"))
    monkeypatch.setattr("engine.flow.governor.REFUSAL_S", -1.0)
    assert subject.refusal is None


async def test_a_pause_without_a_refusal_is_none() -> None:
    """An outage ends with its pause."""
    subject = governor()
    subject.pause(0.0, "told to wait", cause=Throttled("told to wait"))

    assert subject.refusal is None


async def test_a_system_that_answers_429_is_throttled_until_something_is_carried_out() -> None:
    """Between two pauses nothing is asked, and nothing has become well."""
    subject = governor()
    assert subject.condition is Condition.UP
    for _ in range(3):
        subject.pause(0.3, "slow down", cause=Throttled("slow down"))
    assert (subject.condition, subject.throttles) == (Condition.THROTTLED, 1)

    await passed(subject)
    assert subject.condition is Condition.THROTTLED
    subject.pause(0.02, "slow down", cause=Throttled("slow down"))
    assert subject.throttles == 2

    subject.succeeded()
    await passed(subject)
    assert (subject.condition, subject.throttles) == (Condition.UP, 0)


@pytest.mark.parametrize("lane", [Lane.FRESH, Lane.BACKLOG])
async def test_between_two_pauses_the_cause_is_still_what_the_pauses_were_for(lane: Lane) -> None:
    """One request probes then, and nothing of the hour's budget holds anybody."""
    down = Governor(FakeClock(), seeded(), 4, backoff=BackoffLimits(1e-9, 1e-9))
    down.learn(10_000, 9_481, NOW + 3000)
    for _ in range(OUTAGE_FAILURES):
        down.failed("nobody answers")
    throttled = governor()
    throttled.learn(10_000, 9_481, NOW + 3000)
    throttled.pause(1e-9, "slow down", cause=Throttled("slow down"))
    refused = governor()
    refused.pause(1e-9, "no such user", cause=Unauthorized("no such user"))
    writes = Governor(FakeClock(), seeded(), 4, backoff=BackoffLimits(1e-9, 1e-9))
    writing.set(True)
    for _ in range(OUTAGE_FAILURES):
        writes.failed("no write is carried out")
    writing.set(False)

    for subject, condition, cause in (
        (down, Condition.DOWN, "nobody answers"),
        (throttled, Condition.THROTTLED, "slow down"),
        (refused, Condition.CREDENTIALS_REFUSED, "no such user"),
        (writes, Condition.NO_WRITES, "no write is carried out"),
    ):
        await passed(subject)
        async with subject.admitted():
            assert subject.paused_s == 0
            assert (subject.condition, subject.cause(lane)) == (condition, cause)


async def test_the_condition_names_the_most_serious_of_what_holds() -> None:
    """One word for whoever was woken."""
    subject = governor(limits=BudgetLimits(per_hour=1))
    assert await enters(subject)
    assert subject.condition is Condition.BUDGET_SPENT
    subject.pause(60, "one token a minute")
    assert subject.condition is Condition.PAUSED
    subject.pause(61, "slow down", cause=Throttled("slow down"))
    assert subject.condition is Condition.THROTTLED
    writing.set(True)
    for _ in range(OUTAGE_FAILURES):
        subject.failed("no answer")
    assert subject.condition is Condition.NO_WRITES
    writing.set(False)
    for _ in range(OUTAGE_FAILURES):
        subject.failed("no answer")
    assert subject.condition is Condition.DOWN
    subject.refused(Misconfigured("no permission"))
    assert subject.condition is Condition.MISCONFIGURED
    subject.refused(Unauthorized("no"))
    assert subject.condition is Condition.CREDENTIALS_REFUSED
    assert subject.condition.stands_still
