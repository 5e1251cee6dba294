"""Supervision on virtual time: who is fed, who is accused, and what the supervisor is told when."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import cast

import anyio
import pytest
from structlog.testing import capture_logs

from engine.assembly.assembly import Assembly
from engine.errors import Stalled
from engine.flow.worktime import STALL_S, STORE_MAX_S, State, WorkTime, resting, spending
from engine.metrics import Metrics
from engine.metrics.labels import ACTORS
from engine.model.health import Trouble
from engine.model.reason import Code
from engine.model.report import Progress
from engine.service.notify import Notifier
from engine.service.status import Status
from engine.service.supervision import (
    CHECK_EVERY_S,
    CHECK_PAIR_EVERY_S,
    EXTENSION_S,
    STATUS_EVERY_S,
    Supervision,
)
from tests.simulation import virtual_time
from tests.unit.engine.stand_ins import NOW, FakeClock

FOUND_WITHIN_S = 30.0
HOUR_S = 3600.0
WORKING = ("poller", "dispatcher", "write_back")
FED, TRIGGER = "WATCHDOG=1", "WATCHDOG=trigger"
EXTENDED = f"EXTEND_TIMEOUT_USEC={int(EXTENSION_S * 1e6)}"


class Poller:
    """One that has polled without trouble."""

    def __init__(self) -> None:
        self.trouble = None
        self.failures = 0
        self.polled = anyio.Event()
        self.polled.set()


class Systems:
    """Two systems in good health."""

    def governors(self, _config: object) -> dict[str, object]:
        """None has anything to say."""
        return {}


class Environment:
    """A clock that stands still."""

    clock = FakeClock()


class Report:
    """A state with a little to do."""

    async def progress(self) -> Progress:
        """What there is to do."""
        return Progress(2, int(NOW) - 12, tabs=0, outbox=1, refused=1, people_refused=0)


class Store:
    """A store with nothing but its report."""

    report = Report()


class Watched:
    """The part of an assembly that supervision and status look at."""

    def __init__(self) -> None:
        self.worktime = WorkTime()
        self.metrics = Metrics()
        self.poller = Poller()
        self.systems = Systems()
        self.environment = Environment()
        self.store = Store()
        self.config = None


@dataclass(slots=True)
class Ear(Notifier):
    """Keeps every word with its moment."""

    heard: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])

    def _send(self, *states: str) -> None:
        self.heard += [(anyio.current_time(), state) for state in states]

    def moments(self, word: str) -> list[float]:
        """When something beginning with the word was heard."""
        return [moment for moment, state in self.heard if state.startswith(word)]


@dataclass(slots=True)
class Guarded:
    """A service with its supervisor, from second 0."""

    watched: Watched
    status: Status
    ear: Ear
    supervision: Supervision

    def stalled(self) -> list[str]:
        """The actors whose metric says so."""
        value = self.watched.metrics.registry.get_sample_value
        return [actor for actor in ACTORS if value("wosync_actor_stalled", {"actor": actor}) == 1.0]


def guarded(
    seconds: float,
    *workers: Callable[[], Awaitable[None]],
    watch: Callable[[Guarded], Awaitable[None]] | None = None,
    started: bool = True,
    watchdog_s: float | None = None,
) -> Guarded:
    """So many seconds of a service with these workers of the actors WORKING."""

    async def everything() -> Guarded:
        watched = Watched()
        assembly = cast("Assembly", watched)
        status = Status(assembly, started=started)
        ear = Ear("@unused", watchdog_s)
        service = Guarded(watched, status, ear, Supervision(assembly, status, ear))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(service.supervision.run)
            for actor, run in zip(WORKING, workers, strict=False):
                tasks.start_soon(watched.worktime.timed, actor, run)
            if watch is not None:
                await watch(service)
            await anyio.sleep(seconds - anyio.current_time())
            tasks.cancel_scope.cancel()
        return service

    return virtual_time.run(everything)


def pair_watched(*, overloaded: Callable[[], bool]) -> float | None:
    """When the work on a pair of several that gets nowhere is ended; None for not at all."""

    async def story() -> float | None:
        watched = Watched()
        assembly = cast("Assembly", watched)
        supervision = Supervision(assembly, Status(assembly, started=True), Ear("@unused", None))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watched.worktime.timed, WORKING[0], anyio.sleep_forever)
            try:
                with anyio.move_on_after(HOUR_S):
                    await supervision.watch(overloaded)
            except Stalled:
                return anyio.current_time()
            finally:
                tasks.cancel_scope.cancel()
        return None

    return virtual_time.run(story)


def test_a_pair_that_gets_nowhere_begins_anew_unless_all_wait_for_each_other() -> None:
    """What began again because others keep the machine busy would keep it busier still."""
    ended_at = pair_watched(overloaded=lambda: False)

    assert ended_at is not None
    assert ended_at < FOUND_WITHIN_S + 2 * CHECK_PAIR_EVERY_S
    assert pair_watched(overloaded=lambda: True) is None
    later = pair_watched(overloaded=lambda: anyio.current_time() < HOUR_S / 2)
    assert later is not None
    assert later > HOUR_S / 2


async def idle() -> None:
    """Wait for work that never comes."""
    with spending(State.IDLE):
        await anyio.sleep_forever()


def regular(
    moments: list[float], *, step: float = CHECK_EVERY_S, first: float = CHECK_EVERY_S, until: float
) -> bool:
    """Whether something was heard again and again, from about `first` until about `until`."""
    # The timers add up rounding errors, which may put one off until the next check.
    slack = CHECK_EVERY_S + 0.01
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    return (
        abs(moments[0] - first) < 0.01
        and all(step - 0.01 < gap < step + slack for gap in gaps)
        and moments[-1] >= until - step - slack
    )


def test_a_service_with_nothing_to_do_is_fed_for_ever() -> None:
    """A quiet night is no reason for a restart."""
    ear = guarded(7200, idle, lambda: resting(100_000)).ear

    assert regular(ear.moments(FED), until=7200)
    assert ear.moments(TRIGGER) == []
    assert set(ear.moments("EXTEND")) <= set(ear.moments("READY=1"))


def test_readiness_is_told_once_and_the_status_every_few_seconds() -> None:
    """The supervisor ends the start with the first; the second is for whoever looks."""
    ear = guarded(60.5, idle).ear

    assert ear.moments("READY=1") == [CHECK_EVERY_S]
    said = [moment for moment in ear.moments("STATUS=") if moment != CHECK_EVERY_S]
    assert regular(said, step=STATUS_EVERY_S, first=0.0, until=60.5)
    assert "STATUS=ready; lag 12 s, 3 pending, 1 in error" in [state for _, state in ear.heard]


def test_readiness_waits_for_the_first_poll() -> None:
    """Whatever is started after this service would find one that has seen nothing yet."""

    async def watch(service: Guarded) -> None:
        service.watched.poller.polled = anyio.Event()
        await anyio.sleep(11)
        assert service.ear.moments("READY=1") == []
        service.watched.poller.polled.set()

    [ready] = guarded(20, idle, watch=watch).ear.moments("READY=1")

    assert ready > 11


def test_a_start_is_given_time_for_as_long_as_it_goes_on() -> None:
    """A system that is down for an hour is waited for; the start must not time out."""

    async def watch(service: Guarded) -> None:
        service.status.waiting = Trouble("crm: no answer", Code.UNANSWERED)
        await anyio.sleep(3601)
        assert service.ear.moments("READY=1") == []
        service.status.started = True
        await anyio.sleep(60)

    ear = guarded(3700, idle, watch=watch, started=False).ear

    assert regular(ear.moments(EXTENDED), until=3601)
    assert EXTENSION_S > 2 * CHECK_EVERY_S
    assert regular(ear.moments(FED), until=3700)
    [ready] = ear.moments("READY=1")
    assert 3601 < ready < 3601 + CHECK_EVERY_S
    assert max(ear.moments(EXTENDED)) <= ready
    assert "STATUS=crm: no answer" in [state for _, state in ear.heard]


def test_an_outage_after_the_start_is_not_a_start() -> None:
    """Ready once is ready for the supervisor; whether to send work here is /readyz's to say."""

    async def watch(service: Guarded) -> None:
        await anyio.sleep(10)
        service.watched.poller.polled = anyio.Event()
        await anyio.sleep(20)
        service.watched.poller.polled.set()

    ear = guarded(60, idle, watch=watch).ear

    assert ear.moments("READY=1") == [CHECK_EVERY_S]
    assert set(ear.moments("EXTEND")) <= set(ear.moments("READY=1"))
    assert "STATUS=the first poll is under way; lag 12 s, 3 pending, 1 in error" in [
        state for _, state in ear.heard
    ]


def test_a_drain_is_given_time_for_as_long_as_it_goes_on() -> None:
    """What is in hand is settled, while the supervisor waits."""

    async def watch(service: Guarded) -> None:
        await anyio.sleep(11)
        service.status.stopping = True

    ear = guarded(31, idle, watch=watch).ear

    extended = [moment for moment in ear.moments(EXTENDED) if moment > 11]
    assert regular(extended, first=12, until=31)
    assert regular(ear.moments(FED), until=31)
    assert ear.moments("READY=1") == [CHECK_EVERY_S]


def test_a_service_told_to_stop_before_it_was_ready_never_says_it_is() -> None:
    """A start that was given up must not count as one."""

    async def watch(service: Guarded) -> None:
        await anyio.sleep(3)
        service.status.stopping = service.status.started = True

    assert guarded(20, idle, watch=watch, started=False).ear.moments("READY=1") == []


def test_a_frozen_actor_is_found_in_time_and_named_everywhere() -> None:
    """The watchdog's, the operator's and the alert's view of the same thing."""
    seen: list[tuple[list[str], str | None]] = []

    async def watch(service: Guarded) -> None:
        await anyio.sleep(STALL_S)
        seen.append((service.stalled(), service.status.not_ready()))
        await anyio.sleep(FOUND_WITHIN_S - STALL_S)
        seen.append((service.stalled(), service.status.not_ready()))

    with capture_logs() as lines:
        ear = guarded(FOUND_WITHIN_S + 5, anyio.sleep_forever, idle, watch=watch).ear

    assert seen == [([], None), (["poller"], "no progress in: poller")]
    first = ear.moments(TRIGGER)[0]
    assert STALL_S < first < FOUND_WITHIN_S
    assert not [moment for moment in ear.moments(FED) if moment >= first]
    assert "STATUS=stalled: poller" in [state for _, state in ear.heard]
    [line] = [line for line in lines if line["event"] == "actor_stalled"]
    assert (line["log_level"], line["actor"]) == ("error", "poller")
    assert "anyio" in line["where"][0]
    assert line["remedy"]


def test_a_disk_that_never_answers_is_found_in_time() -> None:
    """A commit may take longer than other work, but not for ever."""

    async def commits() -> None:
        with spending(State.BUSY, STORE_MAX_S):
            await anyio.sleep_forever()

    with capture_logs() as lines:
        ear = guarded(35, commits).ear

    assert STORE_MAX_S < ear.moments(TRIGGER)[0] < 30
    assert [line["actor"] for line in lines] == ["poller"]


def test_every_frozen_actor_is_named() -> None:
    """A lock that nobody lets go of stops several."""
    with capture_logs() as lines:
        service = guarded(25, anyio.sleep_forever, idle, anyio.sleep_forever)

    assert service.stalled() == [WORKING[0], WORKING[2]]
    assert {line["actor"] for line in lines} == {WORKING[0], WORKING[2]}


def test_an_actor_that_goes_on_is_forgiven_and_accused_anew_when_it_stops_again() -> None:
    """A disk that took a minute is back; without a supervisor nobody restarts anything."""

    async def comes_and_goes() -> None:
        await anyio.sleep(25)
        await resting(30)
        await anyio.sleep_forever()

    seen: list[tuple[list[str], str | None]] = []

    async def watch(service: Guarded) -> None:
        for moment in (24, 29, 54, 80):
            await anyio.sleep(moment - anyio.current_time())
            seen.append((service.stalled(), service.status.not_ready()))

    with capture_logs() as lines:
        ear = guarded(81, comes_and_goes, watch=watch).ear

    forgiven: tuple[list[str], str | None] = ([], None)
    accused = (["poller"], "no progress in: poller")
    assert seen == [accused, forgiven, forgiven, accused]
    assert [line["event"] for line in lines] == ["actor_stalled"] * 2
    fed, triggered = ear.moments(FED), ear.moments(TRIGGER)
    assert not [moment for moment in triggered if 25 < moment < 54]
    assert not [moment for moment in fed if triggered[0] <= moment < 25]
    assert len([moment for moment in fed if 25 < moment < 54]) in (14, 15)
    assert ear.moments("READY=1") == [CHECK_EVERY_S]


def _freeze(seconds: float) -> None:
    """Nothing of this process runs for so long, and the clock goes on."""
    cast("virtual_time.VirtualLoop", asyncio.get_running_loop()).stand_still(seconds)


def test_a_process_that_was_stopped_as_a_whole_accuses_nobody() -> None:
    """A suspended laptop, a paused container, SIGSTOP: everybody is late, nobody is stuck."""

    async def asks() -> None:
        with spending(State.BUSY, 20):
            await anyio.sleep(68)
        await idle()

    async def watch(service: Guarded) -> None:
        await anyio.sleep(5)
        _freeze(60)

    with capture_logs() as lines:
        service = guarded(120, asks, watch=watch)

    assert service.ear.moments(TRIGGER) == []
    assert lines == []
    assert max(service.ear.moments(FED)) > 110


def test_a_late_check_acquits_nobody() -> None:
    """On a machine under load the watchdog would be fed whenever the check itself is late."""
    seen: list[list[str]] = []

    async def watch(service: Guarded) -> None:
        await anyio.sleep(FOUND_WITHIN_S)
        _freeze(10)
        await anyio.sleep(0.1)
        seen.append(service.stalled())

    with capture_logs() as lines:
        ear = guarded(FOUND_WITHIN_S + 20, anyio.sleep_forever, watch=watch).ear

    assert seen == [["poller"]]
    assert [line["event"] for line in lines] == ["actor_stalled"]
    assert not [moment for moment in ear.moments(FED) if moment > FOUND_WITHIN_S]


def test_one_late_sign_is_not_yet_a_stall() -> None:
    """Seen twice in a row, or it was a moment's trouble."""

    async def nearly() -> None:
        await anyio.sleep(STALL_S + 1.5)
        await idle()

    assert guarded(60, nearly).ear.moments(TRIGGER) == []


def test_the_loops_own_lag_is_measured() -> None:
    """A loop that is held up makes everything late, and no worker can tell."""

    async def watch(service: Guarded) -> None:
        await anyio.sleep(1.05)
        _freeze(0.3)

    value = guarded(2, idle, watch=watch).watched.metrics.registry.get_sample_value
    below = partial(value, "wosync_event_loop_lag_seconds_bucket")

    assert below({"le": "1.0"}) == value("wosync_event_loop_lag_seconds_count")
    assert below({"le": "0.1"}) == (value("wosync_event_loop_lag_seconds_count") or 0) - 1


@pytest.mark.parametrize("watchdog_s", [1.0, 3.0, 45.0])
def test_the_watchdog_is_fed_three_times_in_its_period(watchdog_s: float) -> None:
    """Whatever period the operator chose."""
    fed = guarded(60.0, watchdog_s=watchdog_s).ear.moments(FED)

    gaps = [later - earlier for earlier, later in pairwise(fed)]
    assert max(gaps) < min(CHECK_EVERY_S, watchdog_s / 3) + 0.01
