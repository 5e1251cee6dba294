"""The gauges of a whole assembly, set from what is so: nothing is sent to either system."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import anyio
import pytest
from anyio.lowlevel import checkpoint

from engine.assembly.assembly import Assembly
from engine.assembly.environment import Environment
from engine.assembly.opening import opened
from engine.config import loading as configuration
from engine.decide.reasons import foreign
from engine.errors import StateAway, StateUnusable, Throttled, Unauthorized
from engine.flow.allowance import Grant
from engine.flow.forecast import Left, Pieces, Tally
from engine.flow.worktime import State, WorkTime, pausing, resting, spending
from engine.metrics import labels
from engine.model.capture import Watermark
from engine.model.condition import Condition
from engine.model.lane import Lane
from engine.model.mass_change import Limits
from engine.model.outbox import Owed
from engine.model.reason import Code
from engine.model.records import Position
from engine.model.work import Failure
from engine.service import gauges
from engine.service.gauges import Gauges
from engine.store.sqlite import capture, fuse, intents, settle
from tests.adapter import sqlite
from tests.unit.engine.stand_ins import NOW, FakeClock, announce, link, pending, row, take
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

CONFIG = """
[workbooks]
base_url = "https://crm.example"
api_key = {{ file = "{directory}/secret" }}
[outreach]
base_url = "https://target.example"
client_id = "one"
client_secret = {{ file = "{directory}/secret" }}
refresh_token = {{ file = "{directory}/secret" }}
record_url = "https://target.example/opportunities/{{id}}"
prospect_url = "https://target.example/prospects/{{id}}"
"""
BUDGETED = """
[outreach.budget]
per_hour = 100
reserve = 10
per_year = 1000
fresh_share = 0.5
"""


@dataclass(slots=True)
class Looked:
    """An assembly, and what its metrics say of it."""

    assembly: Assembly
    clock: FakeClock
    gauges: Gauges

    async def look(self, *, ready: bool = True) -> None:
        """What a scrape does first."""
        await self.gauges.set(ready=ready, leads=True)

    def value(self, name: str, **told: str) -> float | None:
        """One series; `class_` is the label class."""
        sample = {key.rstrip("_"): text for key, text in told.items()}
        registry = self.assembly.metrics.registry
        return registry.get_sample_value(f"wosync_{name}", sample)

    def series(self) -> set[tuple[str, str]]:
        """Every series, without its value."""
        return {
            (sample.name, str(sorted(sample.labels.items())))
            for family in self.assembly.metrics.registry.collect()
            for sample in family.samples
        }


@asynccontextmanager
async def looking(directory: Path, settings: str = "") -> AsyncGenerator[Looked]:
    """An assembly of a new state."""
    (directory / "secret").write_text("not-so-secret", encoding="utf-8")
    path = directory / "config.toml"
    path.write_text(CONFIG.format(directory=directory) + settings, encoding="utf-8")
    clock = FakeClock()
    environment = Environment(clock, "gauges", {})
    async with opened(configuration.load(path), environment) as assembly:
        yield Looked(assembly, clock, Gauges(assembly))


@pytest.fixture
async def looked(anyio_backend: str, tmp_path: Path) -> AsyncGenerator[Looked]:
    """An assembly without limits."""
    async with looking(tmp_path) as opened_one:
        yield opened_one


async def test_nothing_has_an_age_in_a_new_state(looked: Looked) -> None:
    """An age of a billion seconds would wake somebody on the first day."""
    await looked.look(ready=False)

    for kind in labels.KINDS:
        assert looked.value("pending_records", kind=kind, lane="fresh") == 0
        assert looked.value("pending_oldest_age_seconds", kind=kind, lane="fresh") == 0
    assert looked.value("in_doubt_oldest_age_seconds") == 0
    assert looked.value("records_unproven_age_seconds") == 0
    assert looked.value("ready") == 0
    for feed in ("changes", "tab_changes", "people"):
        assert looked.value("watermark_timestamp_seconds", feed=feed) == 0
    for kind in labels.REFERENCE_KINDS:
        assert looked.value("reference_cache_refresh_timestamp_seconds", kind=kind) == 0


async def test_ages_grow_by_themselves_and_a_clock_that_stepped_back_gives_none(
    looked: Looked,
) -> None:
    """From the state on disk: a service that stands still ages all the same."""
    store = sqlite(looked.assembly.store)
    await store.write(take, row(1, updated_at=int(NOW) - 40), row(2, updated_at=int(NOW) - 10))
    await looked.look()
    assert looked.value("pending_records", kind="opportunity", lane="fresh") == 2
    assert looked.value("pending_oldest_age_seconds", kind="opportunity", lane="fresh") == 40

    looked.clock.time += 60
    await looked.look()
    assert looked.value("pending_oldest_age_seconds", kind="opportunity", lane="fresh") == 100
    looked.clock.time -= 3600
    await looked.look()
    assert looked.value("pending_oldest_age_seconds", kind="opportunity", lane="fresh") == 0


async def test_each_stage_shows_what_it_has_still_to_do(looked: Looked) -> None:
    """Where a change is stuck."""
    store = sqlite(looked.assembly.store)
    await store.write(take, row(1, updated_at=int(NOW) - 40))
    await store.write(lambda db: link(db, owed=Owed(target_id="7")))
    await looked.look()

    assert looked.value("records_linked") == 1
    assert looked.value("pending_records", kind="opportunity", lane="fresh") == 0
    assert looked.value("pending_records", kind="write_back", lane="fresh") == 1
    assert looked.value("pending_oldest_age_seconds", kind="write_back", lane="fresh") == 40


@pytest.mark.parametrize(("stored", "shown"), [("validation", "validation"), ("novel", "other")])
async def test_errors_are_counted_by_a_closed_set_of_reasons_and_go_when_they_are_mended(
    looked: Looked, stored: str, shown: str
) -> None:
    """A gauge that nobody takes back shows the error of last week."""
    store = sqlite(looked.assembly.store)
    before = looked.series()
    await store.write(take, row(1))
    failure = Failure(stored, None, foreign(Code.REFUSED, "no"))
    await store.write(lambda db: settle.settle_refused(db, pending(db, 1), failure, NOW))
    await looked.look()
    assert looked.value("records_in_error", kind="opportunity", class_=shown) == 1

    await store.write(take, row(1, 2))
    await looked.look()
    assert looked.value("records_in_error", kind="opportunity", class_=shown) == 0
    assert looked.series() == before


async def test_doubts_proofs_and_the_fuse_show(looked: Looked) -> None:
    """What an operator has to decide about."""
    store = sqlite(looked.assembly.store)
    await store.write(take, row(1), row(2))
    await store.write(link, 2)
    await store.write(announce, 1)
    await store.write(intents.doubt_unfinished, NOW - 30)
    await store.write(lambda db: capture.capture_page(db, [row(2, 2)], now=NOW, fresh_max=0))
    revision = await store.read(lambda db: pending(db, 2).revision)
    await store.write(fuse.hold_record, 2, revision, {}, "would send name")
    await store.write(fuse.decide, Limits(0.0, 0, 0), NOW)
    mark = Watermark(Position(int(NOW) - 3, 2), None, None)
    await store.write(capture.set_watermark, "changes", mark)
    looked.clock.time += 3 * looked.assembly.config.engine.poller.audit_interval_s
    await looked.look()

    passed = looked.clock.time - NOW
    assert looked.value("in_doubt_intents", kind="opportunity") == 1
    assert looked.value("in_doubt_oldest_age_seconds") == passed + 30
    assert looked.value("records_unproven") == 2
    assert looked.value("records_unproven_age_seconds") == passed
    assert (looked.value("fuse_held_records"), looked.value("fuse_tripped")) == (1, 1)
    assert looked.value("watermark_timestamp_seconds", feed="changes") == NOW - 3


async def test_mailboxes_show_what_waits_in_them(looked: Looked) -> None:
    """The first sign of a worker too few."""
    await looked.assembly.changes.send(1, Lane.FRESH)
    await looked.assembly.changes.send(2, Lane.BACKLOG)
    await anyio.sleep(0.01)
    await looked.look()

    assert looked.value("mailbox_depth", mailbox="changes") == 2
    assert looked.value("mailbox_depth", mailbox="contacts") == 0
    assert looked.value("mailbox_capacity", mailbox="changes") == 256
    assert (looked.value("mailbox_oldest_age_seconds", mailbox="changes") or 0) >= 0.009
    assert looked.value("mailbox_blocked_senders", mailbox="changes") == 0


async def test_worker_time_is_counted_once_however_often_somebody_looks(looked: Looked) -> None:
    """Two scrapers must not make the workers look twice as busy."""
    times = looked.assembly.worktime

    def counted() -> dict[str, float]:
        name = "actor_time_seconds_total"
        return {
            state.value: looked.value(name, actor="poller", state=state.value) or 0.0
            for state in State
        }

    looked_enough = anyio.Event()

    async def rests() -> None:
        await resting(0.02)
        await pausing(0.02)
        with spending(State.IDLE):
            await looked_enough.wait()

    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(times.timed, "poller", rests)
        tasks.start_soon(times.timed, "poller", rests)
        await checkpoint()
        for _ in range(5):
            await looked.look()
            assert looked.value("actor_workers", actor="poller") == 2
            await anyio.sleep(0.002)
        looked_enough.set()
    most = 2 * (anyio.current_time() - began)
    await looked.look()
    once = counted()
    await looked.look()

    assert counted() == once
    assert once == pytest.approx(dict(times.seconds("poller", anyio.current_time())))
    assert 0.08 <= sum(once.values()) <= most
    assert once["busy"] < once["idle"]
    assert looked.value("actor_workers", actor="poller") == 0


async def test_rounding_never_makes_a_counter_go_back(
    looked: Looked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A counter that falls looks like a restart of the process."""
    times = looked.assembly.worktime
    spent = dict.fromkeys(State, 1.0)

    def told(_times: WorkTime, _actor: str, _now: float) -> dict[State, float]:
        return dict(spent)

    monkeypatch.setattr(type(times), "seconds", told)
    await looked.look()
    spent[State.BUSY] -= 1e-12
    await looked.look()
    spent[State.BUSY] += 1.0
    await looked.look()

    busy = looked.value("actor_time_seconds_total", actor="poller", state="busy")
    assert busy == pytest.approx(2.0)


async def test_a_system_that_is_paused_or_down_shows(looked: Looked) -> None:
    """Before anybody asks why nothing moves."""
    await looked.look()
    for name in ("workbooks", "outreach"):
        assert looked.value("connector_paused_seconds", connector=name) == 0
        assert looked.value("connector_down", connector=name) == 0
    governor = looked.assembly.systems.target_governor
    governor.pause(30, "told to wait")
    for _ in range(3):
        looked.assembly.systems.source_governor.failed("no answer")
    await looked.look()

    assert 29 < (looked.value("connector_paused_seconds", connector="outreach") or 0) <= 30
    assert looked.value("connector_down", connector="outreach") == 0
    assert looked.value("connector_down", connector="workbooks") == 1
    assert (looked.value("budget_held_seconds", connector="outreach", lane="fresh") or 0) > 29


async def test_requests_under_way_and_waiting_show(looked: Looked) -> None:
    """In use and wanted, side by side."""
    governor = looked.assembly.systems.target_governor
    governor.retune(1, governor.limits, governor.backoff)

    async def ask() -> None:
        async with governor.admitted():
            await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(ask)
        await anyio.sleep(0.01)
        await looked.look()
        tasks.cancel_scope.cancel()

    assert looked.value("api_in_flight", connector="outreach") == 1
    assert looked.value("admission_waiting", connector="outreach") == 2
    await looked.look()
    assert looked.value("api_in_flight", connector="outreach") == 0
    assert looked.value("admission_waiting", connector="outreach") == 0


async def test_without_a_limit_what_is_left_is_without_one(tmp_path: Path) -> None:
    """0 means no limit in the settings; 0 requests left would be an alarm."""
    async with looking(tmp_path, "[outreach.budget]\nper_hour = 0\nper_year = 0\n") as looked:
        await looked.look()
        for window in labels.WINDOWS:
            told = {"connector": "outreach", "window": window}
            assert looked.value("budget_limit_requests", **told) == math.inf
            assert looked.value("budget_remaining_requests", **told) == math.inf


async def test_the_budget_shows_what_we_may_use_and_what_is_left_of_it(tmp_path: Path) -> None:
    """The reserve belongs to others."""

    def hour(looked: Looked, name: str) -> float | None:
        return looked.value(f"budget_{name}_requests", connector="outreach", window="hour")

    async with looking(tmp_path, BUDGETED) as looked:
        await looked.look()
        assert (hour(looked, "limit"), hour(looked, "remaining")) == (90, 90)
        budget = looked.assembly.systems.target_governor.budget
        for _ in range(50):
            budget.count(NOW)
        await looked.look()

        assert (hour(looked, "limit"), hour(looked, "remaining")) == (90, 40)
        held = {
            lane: looked.value("budget_held_seconds", connector="outreach", lane=lane) or 0.0
            for lane in labels.LANES
        }
        assert held["fresh"] == 0 < held["backlog"]
        assert looked.value("budget_year_used_requests", connector="outreach") == 50
        year = looked.value("budget_remaining_requests", connector="outreach", window="year")
        assert year is not None
        assert year <= 950


async def test_the_files_have_their_sizes(looked: Looked) -> None:
    """A log that is never checkpointed grows until the disk is full."""
    await looked.look()

    assert (looked.value("sqlite_file_bytes", file="main") or 0) > 0
    assert (looked.value("sqlite_file_bytes", file="wal") or -1) >= 0
    assert looked.value("sqlite_writer_queue_depth") == 0


async def test_a_file_that_is_not_there_has_no_size_and_harms_nobody(looked: Looked) -> None:
    """A scrape must not fail because a file was moved away."""
    [file] = looked.assembly.config.engine.service.state_dir.glob("*-wal")
    aside = file.rename(file.with_name("aside"))
    await looked.look()
    aside.rename(file)

    assert math.isnan(looked.value("sqlite_file_bytes", file="wal") or 0)


async def test_what_waits_is_told_apart_by_lane(looked: Looked) -> None:
    """Old edits of a bulk say nothing about whether a fresh one arrives."""
    store = sqlite(looked.assembly.store)
    await store.write(take, row(1, updated_at=int(NOW) - 40))
    old = [row(number, updated_at=int(NOW) - 9000) for number in range(2, 40)]
    await store.write(take, *old)
    await store.write(lambda db: link(db, owed=Owed(target_id="7")))
    await looked.look()

    assert looked.value("pending_records", kind="opportunity", lane="fresh") == 0
    assert looked.value("pending_records", kind="write_back", lane="fresh") == 1
    assert looked.value("pending_oldest_age_seconds", kind="write_back", lane="fresh") == 40
    assert looked.value("pending_records", kind="opportunity", lane="backlog") == 38
    assert looked.value("pending_oldest_age_seconds", kind="opportunity", lane="backlog") == 9000
    assert looked.value("pending_oldest_age_seconds", kind="opportunity", lane="fresh") == 0


async def test_each_system_shows_what_keeps_requests_from_it(looked: Looked) -> None:
    """Which of the two it is, and why, in one look."""

    async def shown(connector: str) -> set[str]:
        await looked.look()
        return {
            condition.value
            for condition in Condition
            if looked.value("connector_condition", connector=connector, condition=condition.value)
        }

    assert await shown("outreach") == await shown("workbooks") == {"up"}
    systems = looked.assembly.systems
    systems.source_governor.refused(Unauthorized("the key is refused"))
    systems.target_governor.pause(30, "slow down", cause=Throttled("slow down"))
    assert await shown("workbooks") == {"credentials_refused"}
    assert await shown("outreach") == {"throttled"}


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_state_that_cannot_be_read_shows_and_hides_nothing_else(
    looked: Looked, monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    """A dead disk must not look like a dead service, let alone like a healthy one."""
    await looked.look()
    assert looked.value("state_readable") == 1

    async def read(*_: object) -> object:
        if hangs:
            await anyio.sleep_forever()
        raise StateUnusable("the state file cannot be read")

    monkeypatch.setattr(gauges, "LOOK_S", 0.01)
    monkeypatch.setattr(type(looked.assembly.store), "read", read)
    looked.assembly.systems.target_governor.pause(3600, "told to wait")
    with anyio.fail_after(DEADLINE_S):
        await looked.look()

    assert looked.value("state_readable") == 0
    assert looked.value("errors_total", component="store", class_="storage") == 1
    assert (looked.value("connector_paused_seconds", connector="outreach") or 0) > 29


async def test_a_database_that_is_away_for_a_moment_is_no_disk_that_failed(
    looked: Looked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a disk loses once is paged for a quarter of an hour; a database comes back whole."""
    await looked.look()

    async def read(*_: object) -> object:
        raise StateAway("the database does not answer")

    monkeypatch.setattr(type(looked.assembly.store), "read", read)
    config = looked.assembly.config
    service = config.engine.service.model_copy(
        update={"state": "postgresql://wosync@127.0.0.1:1/wosync"}
    )
    engine = config.engine.model_copy(update={"service": service})
    looked.assembly.config = replace(config, engine=engine)
    await looked.look()

    assert looked.value("state_readable") == 0
    assert looked.value("errors_total", component="store", class_="storage") == 0


async def test_the_disk_of_the_state_shows(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full, it ends the service."""
    await looked.look()
    free, size = (looked.value(f"state_disk_{name}_bytes") for name in ("free", "size"))
    assert free is not None and size is not None
    assert 0 < free <= size

    def gone(_: Path) -> None:
        raise OSError

    monkeypatch.setattr("engine.service.gauges.shutil.disk_usage", gone)
    await looked.look()
    assert math.isnan(looked.value("state_disk_free_bytes") or 0)


async def test_the_end_of_the_backlog_is_unknown_while_the_target_stands_still(
    looked: Looked,
) -> None:
    """An outage has no end that anybody could tell, whatever the pace was before."""
    await looked.look()
    assert looked.value("backlog_done_seconds") == 0
    await sqlite(looked.assembly.store).write(take, row(1))
    await looked.look()
    assert math.isnan(looked.value("backlog_done_seconds") or 0)

    for _ in range(3):
        looked.assembly.systems.target_governor.failed("no answer")
    await looked.look()
    assert looked.value("backlog_done_seconds") == math.inf


async def test_edits_that_go_on_coming_move_the_end_of_the_backlog(
    looked: Looked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They go first, and take what a squeezed budget allows."""
    assembly, outlook = looked.assembly, looked.gauges.outlook
    budget, now = assembly.systems.target_governor.budget, looked.clock.now()
    times = iter([0.0, 5.0, 65.0, 365.0])
    monkeypatch.setattr(
        "engine.service.outlook.anyio", SimpleNamespace(current_time=lambda: next(times))
    )
    await sqlite(assembly.store).write(take, row(1))
    outlook.note()
    assembly.metrics.reconciles.labels("opportunity", "created").inc(20)
    for _ in range(20):
        budget.count(now)
    budget.learn(100, 0, now + 3600, now)
    outlook.note()
    await looked.look()
    assert 0 < (looked.value("backlog_done_seconds") or 0) <= 3601

    outlook.note()
    assembly.metrics.requests_spent.labels("outreach", "fresh").inc(20)
    for _ in range(20):
        assembly.systems.target_governor.succeeded("edit")
    outlook.note()
    await looked.look()

    assert looked.value("backlog_done_seconds") == math.inf


async def test_a_backlog_that_is_done_says_nothing_of_the_next(looked: Looked) -> None:
    """A mass edit has no people that follow, and an import after it has."""
    forecast = looked.gauges.outlook.forecast
    forecast.note(Tally(0.0, 0, 0, 0), working=True)
    forecast.note(Tally(5.0, 100, 0, 100), working=True)
    left = Left(Pieces(), Pieces(100, 0))
    asked: list[float] = []

    def grant(requests: float, _: Lane) -> Grant:
        asked.append(requests)
        return Grant(0.0, requests)

    forecast.done_in_s(left, grant)
    await looked.look()
    forecast.done_in_s(left, grant)

    assert asked[0] < 110
    assert asked[-1] >= 200
