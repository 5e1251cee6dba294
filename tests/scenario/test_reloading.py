"""Reloading: settings change while the service works, whole or not at all, and nothing is lost."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import pytest
import structlog

from connectors.sandbox.faults import Fault
from engine import logs
from engine.errors import Misconfigured
from engine.service import supervision
from tests.scenario.bench import CREATE, OPPORTUNITIES, Bench, running, until
from tests.scenario.service_port import ServicePort, drained, eventually, served, total
from tests.unit.engine.service.test_notify import Ear

pytestmark = pytest.mark.anyio

Tables = Mapping[str, Mapping[str, Any]]


@pytest.fixture
def said() -> Generator[io.StringIO]:
    """The service's log, for the time of one test."""
    root = logging.getLogger()
    before = root.level, root.handlers[:], sys.excepthook, threading.excepthook
    out = io.StringIO()
    logs.configure("info", "json", out)
    yield out
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.level, root.handlers[:], sys.excepthook, threading.excepthook = before


def lines(out: io.StringIO, event: str) -> list[dict[str, Any]]:
    """The log lines of one event."""
    every: list[dict[str, Any]] = [json.loads(line) for line in out.getvalue().splitlines()]
    return [line for line in every if line["event"] == event]


def linked(world: Bench, *records: int) -> bool:
    """Whether the records carry their ids."""
    return all(world.record(record)["outreach_id"] is not None for record in records)


def posts(world: Bench) -> int:
    """Creates that reached Outreach."""
    return world.outreach_traffic.counts[CREATE]


def writes(world: Bench, tables: Tables) -> None:
    """Somebody edits these keys of the configuration file."""
    for table, keys in tables.items():
        world.settings[table] = world.settings.get(table, {}) | dict(keys)
    world.config()


def spoils(world: Bench, text: str) -> None:
    """Somebody leaves this in the configuration file."""
    (world.directory / "config.toml").write_text(text, encoding="utf-8")


async def applied(world: Bench, port: ServicePort, tables: Tables) -> list[str]:
    """Edit and reload; what was changed, as told."""
    writes(world, tables)
    outcome = await port.reload()
    assert outcome["applied"], outcome
    assert outcome["reason"] is None
    changes: list[str] = outcome["changes"]
    return changes


async def refused(port: ServicePort) -> str:
    """Reload what cannot be applied; the reason."""
    outcome = await port.reload()
    assert not outcome["applied"]
    assert outcome["changes"] == []
    assert outcome["remedy"]
    reason: str = outcome["reason"]
    return reason


async def syncs(world: Bench, name: str) -> None:
    """The service does its work."""
    record = world.has(name)
    await until(lambda: linked(world, record))
    assert len(world.twins(record)) == 1


def number(value: float) -> dict[str, float]:
    """All three pools of this size."""
    return {"opportunity_syncers": value, "relationship_syncers": value, "write_backs": value}


async def workers(port: ServicePort) -> tuple[float, ...]:
    """How many work in each pool."""
    values = await port.values()
    actors = ("opportunity_syncer", "relationship_syncer", "write_back")
    return tuple(total(values, "actor_workers", actor=actor) for actor in actors)


# One after the other under load; each says which metric shows it.
COURSE: tuple[Tables, ...] = (
    {"concurrency": number(12), "outreach": {"requests_in_flight_max": 12}},
    {"concurrency": number(1)},
    {"concurrency": number(5), "workbooks": {"page_size": 11}},
    {"write_back": {"batch_max": 3, "linger_ms": 5}},
    {"retry": {"attempts_max": 3, "base_s": 0.02, "cap_s": 0.1}},
    {"outreach.budget": {"per_hour": 100_000, "reserve": 10, "fresh_share": 0.2}},
    {"poller": {"interval_s": 0.02, "overlap_s": 5, "sweep_interval_s": 0.2}},
    {"service": {"log_level": "debug"}, "owners": {"ttl_s": 100}},
    {"concurrency": number(2), "outreach": {"requests_in_flight_max": 2}},
    {"concurrency": number(9), "outreach": {"requests_in_flight_max": 20}},
)


async def test_every_live_setting_changes_under_load_and_nothing_is_lost_or_repeated(
    world: Bench, said: io.StringIO
) -> None:
    """Whoever tunes does so in the middle of the import that is too slow."""
    world.outreach_traffic.latency_s = 0.03
    ada = world.knows()
    records = [world.has(f"Row {one}") for one in range(220)]
    for record in records[:40]:
        world.puts(record, (ada, "Partner"))
    async with served(world) as port:
        for place, tables in enumerate(COURSE):
            await until(lambda: posts(world) >= 20 * (place + 1))  # noqa: B023 # awaited here
            told = await applied(world, port, tables)
            names = {f"{table}.{key}" for table, keys in tables.items() for key in keys}
            assert {change.partition(":")[0] for change in told} <= names
            values = await port.values()
            for table, keys in tables.items():
                for key, value in keys.items():
                    if not isinstance(value, str):
                        assert total(values, "config_setting", setting=f"{table}.{key}") == value
        world.outreach_traffic.latency_s = 0
        await until(lambda: linked(world, *records))
        await eventually(lambda: _related(world, records[:40]))
        values = await port.values()

    assert posts(world) == len(world.outreach.opportunities) == len(records)
    assert len({world.twin(record).id for record in records}) == len(records)
    assert total(values, "config_reloads_total", outcome="applied") == len(COURSE)
    assert total(values, "config_last_reload_successful") == 1
    assert total(values, "errors_total") == total(values, "in_doubt_intents") == 0
    assert len(lines(said, "reloaded")) == len(COURSE)


async def _related(world: Bench, records: list[int]) -> bool:
    return all(len(world.role_rows(record)) == 1 for record in records)


async def test_workers_come_at_once_and_leave_when_they_have_finished(world: Bench) -> None:
    """Up, down to one, and up again; who leaves gives up nothing it holds."""
    world.settings["concurrency"] = number(4)
    world.settings["outreach"]["requests_in_flight_max"] = 50
    async with served(world) as port:
        await syncs(world, "First")
        world.outreach_traffic.latency_s = 0.1
        records = [world.has(f"Row {one}") for one in range(200)]
        for size in (16, 1, 3):
            before = posts(world)
            await until(lambda: posts(world) > before)  # noqa: B023 # awaited here
            await applied(world, port, {"concurrency": number(size)})
            await eventually(lambda: _are(port, size))  # noqa: B023 # awaited here
            world.outreach_traffic.reset()
            await until(lambda: posts(world) >= 4)
            # Each asks for one thing at a time, and prepares the next.
            assert world.outreach_traffic.peak_in_flight <= 2 * size
        world.outreach_traffic.latency_s = 0
        await until(lambda: linked(world, *records))

    assert len({world.twin(record).id for record in records}) == 200
    assert len(world.outreach.opportunities) == 201


async def _are(port: ServicePort, size: int) -> bool:
    return await workers(port) == (size, size, size)


async def test_page_and_batch_sizes_are_those_of_the_requests_that_follow(world: Bench) -> None:
    """A setting in force that no request shows is not in force."""
    async with served(world) as port:
        await syncs(world, "First")
        await applied(world, port, {"workbooks": {"page_size": 7}, "write_back": {"batch_max": 2}})
        await syncs(world, "Second")
        world.workbooks_seen.clear()
        records = [world.has(f"Row {one}") for one in range(9)]
        await until(lambda: linked(world, *records))

    # What is read in order is read page by page.
    pages = [
        seen.form["_limit"]
        for seen in world.workbooks_seen
        if seen.path == OPPORTUNITIES and "_sort[]" in seen.form
    ]
    batches = [
        len(seen.form["id[]"])
        for seen in world.workbooks_seen
        if seen.path == OPPORTUNITIES and seen.method == "PUT"
    ]
    assert pages
    assert {limit for limits in pages for limit in limits} == {"7"}
    assert sum(batches) == 9
    assert max(batches) <= 2


async def test_a_budget_is_held_to_and_let_go_of(world: Bench) -> None:
    """The month's end: somebody needs the allowance for something else, and gives it back."""
    world.settings["service"]["shutdown_s"] = 0.2
    async with served(world) as port:
        await syncs(world, "First")
        spent = world.outreach_traffic.total
        await applied(world, port, {"outreach.budget": {"per_hour": spent + 5, "reserve": 0}})
        records = [world.has(f"Row {one}") for one in range(20)]
        await until(lambda: any(linked(world, record) for record in records))
        await eventually(lambda: _is(port, "budget_remaining_requests", 0, window="hour"))
        held = world.outreach_traffic.total
        assert held <= spent + 6
        assert not linked(world, *records)

        await applied(world, port, {"outreach.budget": {"per_hour": 0, "reserve": 0}})
        await until(lambda: linked(world, *records))


async def _is(port: ServicePort, name: str, value: float, **told: str) -> bool:
    return await port.value(name, **told) == value


@pytest.mark.parametrize("way", ["http", "signal"])
async def test_a_shorter_poll_interval_is_felt_at_once(world: Bench, way: str) -> None:
    """Nobody waits out an old hour to see whether the new second works."""
    async with served(world, interval_s=3600) as port:
        await eventually(lambda: _is(port, "ready", 1))
        record = world.has("Harbour crane")
        writes(world, {"poller": {"interval_s": 0.05}})
        if way == "http":
            await port.reload()
        else:
            os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: linked(world, record))


async def test_a_log_level_changes_for_loggers_that_are_there(
    world: Bench, said: io.StringIO
) -> None:
    """Debug for the minute in which it happens, and quiet again."""
    async with served(world) as port:
        await syncs(world, "First")
        assert lines(said, "poll_done") == []
        await applied(world, port, {"service": {"log_level": "debug"}})
        await until(lambda: bool(lines(said, "poll_done")))
        await applied(world, port, {"service": {"log_level": "warning"}})
        before = len(said.getvalue().splitlines())
        await syncs(world, "Second")

        assert len(said.getvalue().splitlines()) == before


async def test_nothing_changed_is_applied_too(world: Bench) -> None:
    """A reload by a deployment that changed nothing must not alarm anybody."""
    async with served(world) as port:
        await syncs(world, "First")
        assert await applied(world, port, {}) == []
        assert (await port.status())["reload_refused"] is None


# Each beside a live change, which must then not be applied either.
FIXED: tuple[tuple[str, Tables], ...] = (
    ("service.shutdown_s", {"service": {"shutdown_s": 7}}),
    ("service.http", {"service": {"http": "127.0.0.1:9"}}),
    ("service.state_dir", {"service": {"state_dir": "/elsewhere"}}),
    ("mailboxes.changes", {"mailboxes": {"changes": 9}}),
    ("fuse.share", {"fuse": {"share": 0.9}}),
    ("contacts.remove", {"contacts": {"remove": False}}),
    ("owners.match", {"owners": {"match": "email"}}),
    ("mapping.opportunity.name", {"mapping.opportunity": {"name": "comment"}}),
    ("workbooks.base_url", {"workbooks": {"base_url": "http://127.0.0.1:9"}}),
    ("outreach.client_id", {"outreach": {"client_id": "somebody"}}),
    ("outreach.visibility_s", {"outreach": {"visibility_s": 9}}),
)


async def test_what_needs_a_restart_is_refused_with_everything_beside_it(
    world: Bench, said: io.StringIO
) -> None:
    """Half a file in force is a service nobody configured."""
    async with served(world) as port:
        await syncs(world, "First")
        before, config = await workers(port), dict(world.settings)
        for key, tables in FIXED:
            world.settings = {name: dict(keys) for name, keys in config.items()}
            writes(world, {"concurrency": number(9), "service": {"log_level": "error"}})
            writes(world, tables)
            said.truncate(0)
            said.seek(0)
            reason = await refused(port)

            assert key in reason, key
            [line] = lines(said, "reload_refused")
            assert (line["level"], line["reason"]) == ("error", reason)
            assert line["remedy"]
            status = await port.status()
            assert (status["reload_refused"], status["ready"]) == (reason, True)
        values = await port.values()
        assert await workers(port) == before
        assert total(values, "config_last_reload_successful") == 0
        assert total(values, "config_reloads_total", outcome="refused") == len(FIXED)
        assert total(values, "config_setting", setting="concurrency.opportunity_syncers") == 4
        await syncs(world, "Second")
        # The level of the refused file is not in force.
        await until(lambda: bool(lines(said, "written_back")))

        world.settings = config
        at = await port.value("config_last_reload_success_timestamp_seconds")
        world.clock.advance(60)
        await applied(world, port, {"concurrency": number(2)})
        values = await port.values()
        assert (await port.status())["reload_refused"] is None
        assert total(values, "config_last_reload_successful") == 1
        assert total(values, "config_last_reload_success_timestamp_seconds") >= at + 60
        await eventually(lambda: _are(port, 2))
        await syncs(world, "Third")


def break_toml(world: Bench) -> str:
    """A bracket is missing."""
    spoils(world, "[service\n")
    return "is not valid TOML"


def unknown_key(world: Bench) -> str:
    """A slip of the pen."""
    writes_unchecked(world, {"poller": {"intervall_s": 5}})
    return "did you mean 'interval_s'?"


def wrong_value(world: Bench) -> str:
    """A text where a number belongs, and a number that is none."""
    writes_unchecked(world, {"concurrency": {"write_backs": 0}, "retry": {"base_s": "soon"}})
    return "has 2 mistakes"


def no_secret(world: Bench) -> str:
    """The secret's file was moved away."""
    writes_unchecked(world, {"workbooks": {"api_key": {"file": str(world.directory / "gone")}}})
    return "gone cannot be read: No such file"


def no_file(world: Bench) -> str:
    """The file itself was moved away."""
    (world.directory / "config.toml").unlink()
    return "there is no configuration file at"


def no_text(world: Bench) -> str:
    """Somebody copied the wrong file."""
    (world.directory / "config.toml").write_bytes(b"\xff\xfe\x00\x00" * 1000)
    return "is not valid TOML"


def a_directory(world: Bench) -> str:
    """A mount that went wrong."""
    (world.directory / "config.toml").unlink()
    (world.directory / "config.toml").mkdir()
    return "there is no configuration file at"


def unreadable(world: Bench) -> str:
    """A disk that gives errors; it does so to anybody."""
    path = world.directory / "config.toml"
    path.unlink()
    # Reading a process's memory from its beginning is an I/O error for everybody.
    path.symlink_to("/proc/self/mem")
    return "cannot be read: Input/output error"


def writes_unchecked(world: Bench, tables: Tables) -> None:
    """As `writes`, whatever it is; what the world will use next stays."""
    kept = {name: dict(keys) for name, keys in world.settings.items()}
    # The file is written before it is checked.
    with contextlib.suppress(Misconfigured):
        writes(world, tables)
    world.settings = kept


BROKEN = (
    break_toml,
    unknown_key,
    wrong_value,
    no_secret,
    no_file,
    no_text,
    a_directory,
    unreadable,
)


async def test_a_file_with_mistakes_is_refused_in_one_line_and_the_service_goes_on(
    world: Bench, said: io.StringIO
) -> None:
    """The old settings are good ones; nobody is paged by a missing bracket."""
    async with served(world) as port:
        await syncs(world, "First")
        for spoil in BROKEN:
            said.truncate(0)
            said.seek(0)
            words = spoil(world)
            reason = await refused(port)

            assert words in reason, spoil.__name__
            assert [line["reason"] for line in lines(said, "reload_refused")] == [reason]
            assert (await port.status())["reload_refused"] == reason
            await syncs(world, spoil.__name__)

            path = world.directory / "config.toml"
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
            await applied(world, port, {})
            assert (await port.status())["reload_refused"] is None
        assert await port.value("config_reloads_total", outcome="refused") == len(BROKEN)
        assert lines(said, "unexpected") == []


async def test_a_place_that_may_not_be_looked_at_is_refused_like_any_other(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions of a directory above the file, changed by a deployment."""

    def denied(self: Path) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    async with served(world) as port:
        await syncs(world, "First")
        with monkeypatch.context() as patched:
            patched.setattr(Path, "is_file", denied)
            os.kill(os.getpid(), signal.SIGHUP)
            await eventually(lambda: _is(port, "config_reloads_total", 1, outcome="refused"))
        assert "Permission denied" in str((await port.status())["reload_refused"])
        await syncs(world, "Second")


async def test_a_secret_that_changed_in_its_file_is_no_change_of_the_settings(
    world: Bench,
) -> None:
    """Rotated by somebody else, and read anew anyway."""
    async with served(world) as port:
        await syncs(world, "First")
        (world.directory / "client_secret").write_text("another secret", encoding="utf-8")

        assert await applied(world, port, {}) == []
        document = json.dumps(await port.status())
        assert "another secret" not in document


async def test_a_reload_while_a_system_is_waited_for_is_in_force_when_it_comes(
    world: Bench,
) -> None:
    """After a power cut somebody tunes before everything is up."""
    world.workbooks_fault(Fault(action="drop", times=None))
    async with served(world, interval_s=3600) as port:
        await eventually(lambda: _waits(port))
        told = await applied(
            world, port, {"concurrency": number(7), "poller": {"interval_s": 0.05}}
        )
        assert len(told) == 4
        os.kill(os.getpid(), signal.SIGHUP)
        spoils(world, "[")
        await refused(port)
        world.config()
        world.workbooks_traffic.plan.clear()
        await eventually(lambda: _are(port, 7))
        await syncs(world, "First")
        await syncs(world, "Second")


TURNS = ("READY=1", "RELOADING=1", "STOPPING=1")


async def _waits(port: ServicePort) -> bool:
    return "workbooks" in (await port.ready())[1]


async def test_a_reload_in_the_middle_of_a_drain_neither_holds_it_up_nor_loses_anything(
    world: Bench,
) -> None:
    """A deployment that reloads and restarts in one go."""
    world.settings["service"]["shutdown_s"] = 10
    world.outreach_traffic.latency_s = 0.25
    records = [world.has(f"Row {one}") for one in range(30)]
    async with drained(world) as port:
        await until(lambda: posts(world) >= 2)
        os.kill(os.getpid(), signal.SIGTERM)
        await eventually(lambda: _stops(port))
        for size in (16, 1):
            await applied(world, port, {"concurrency": number(size)})
        spoils(world, "[")
        os.kill(os.getpid(), signal.SIGHUP)
        await refused(port)
        assert (await port.ready()) == (503, "stopping")
        assert posts(world) < 30
    assert all(linked(world, record) for record in records if world.twins(record))
    world.outreach_traffic.latency_s = 0

    await world.once()

    assert len({world.twin(record).id for record in records}) == 30
    assert len(world.outreach.opportunities) == 30


async def _stops(port: ServicePort) -> bool:
    return (await port.ready())[1] == "stopping"


async def test_the_supervisor_hears_of_a_reload_only_while_there_is_a_service_to_come_back_to(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload before the service is ready must not end the start that others wait for."""
    monkeypatch.setattr(supervision, "CHECK_EVERY_S", 0.1)
    address = f"@wosync-{uuid4()}"
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    turns: list[str] = []
    with closing(Ear(address)) as ear:

        def told(word: str) -> bool:
            words = (said.partition("\n")[0] for said in ear.heard())
            turns.extend(said for said in words if said in TURNS)
            return turns[-1:] == [word]

        world.workbooks_fault(Fault(action="drop", times=None))
        async with served(world) as port:
            await eventually(lambda: _waits(port))
            assert not told("READY=1")
            await port.reload()
            assert not told("READY=1")
            assert turns == []

            world.workbooks_traffic.plan.clear()
            await until(lambda: told("READY=1"))
            await port.reload()
            await until(lambda: told("READY=1"))
        assert told("STOPPING=1")

    assert turns == ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]


async def test_two_reloads_at_once_follow_each_other(world: Bench) -> None:
    """A person and a deployment, in the same second."""
    async with served(world) as port:
        await syncs(world, "First")
        writes(world, {"concurrency": number(8)})
        outcomes: list[dict[str, Any]] = []

        async def reload() -> None:
            outcomes.append(await port.reload())

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(reload)
            os.kill(os.getpid(), signal.SIGHUP)
        await eventually(lambda: _is(port, "config_reloads_total", 6, outcome="applied"))
        await eventually(lambda: _are(port, 8))
        await syncs(world, "Second")

    assert all(outcome["applied"] for outcome in outcomes)
    # The signal may have come first; whoever did, the others found nothing changed.
    assert sum(bool(outcome["changes"]) for outcome in outcomes) <= 1


async def test_without_anybody_to_tell_a_signal_reloads_all_the_same(
    world: Bench, said: io.StringIO
) -> None:
    """`kill -HUP`, as for any other daemon."""
    async with running(world, interval_s=0.05):
        record = world.has("Harbour crane")
        await until(lambda: linked(world, record))
        spoils(world, "[")
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: bool(lines(said, "reload_refused")))
        second = world.has("Second")
        await until(lambda: linked(world, second))

    assert len(lines(said, "reload_refused")) == 1
