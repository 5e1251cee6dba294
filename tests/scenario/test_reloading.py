"""Reloading: settings change while the service works, at once, and nothing is lost."""

from __future__ import annotations

import io
import os
import signal

import pytest

from tests.scenario.bench import OPPORTUNITIES, Bench, until
from tests.scenario.reload_hands import (
    Tables,
    applied,
    lines,
    linked,
    number,
    pools_are,
    posts,
    shows,
    syncs,
    writes,
)
from tests.scenario.service_port import eventually, served, total

pytestmark = pytest.mark.anyio


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
            values = await port.values("config_setting")
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
            await eventually(lambda: pools_are(port, size))  # noqa: B023 # awaited here
            world.outreach_traffic.reset()
            await until(lambda: posts(world) >= 4)
            # Each asks for one thing at a time, and prepares the next.
            assert world.outreach_traffic.peak_in_flight <= 2 * size
        world.outreach_traffic.latency_s = 0
        await until(lambda: linked(world, *records))

    assert len({world.twin(record).id for record in records}) == 200
    assert len(world.outreach.opportunities) == 201


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
        await eventually(lambda: shows(port, "budget_remaining_requests", 0, window="hour"))
        held = world.outreach_traffic.total
        assert held <= spent + 6
        assert not linked(world, *records)

        await applied(world, port, {"outreach.budget": {"per_hour": 0, "reserve": 0}})
        await until(lambda: linked(world, *records))


async def test_a_limit_that_was_raised_in_its_window_is_asked_for_at_a_reload(world: Bench) -> None:
    """Outreach raises the contract, the operator says so: nobody waits for the window to end."""
    world.settings["service"]["shutdown_s"] = 0.2
    world.settings["outreach.budget"] = {"reserve": 0, "fresh_share": 0.0}
    world.outreach.knobs.rate_limit = 30
    records = [world.has(f"Row {one}") for one in range(60)]
    async with served(world) as port:
        await eventually(lambda: shows(port, "budget_remaining_requests", 0, window="hour"))
        await world.all_carried_out()
        assert posts(world) <= len(records) // 2

        world.outreach.knobs.rate_limit = 10_000
        await applied(world, port, {"outreach.budget": {"per_hour": 2000}})
        # Who was just being held back may need a minute.
        await until(lambda: sum(linked(world, record) for record in records) > len(records) // 2)


@pytest.mark.parametrize("way", ["http", "signal"])
async def test_a_shorter_poll_interval_is_felt_at_once(world: Bench, way: str) -> None:
    """Nobody waits out an old hour to see whether the new second works."""
    async with served(world, interval_s=3600) as port:
        await eventually(lambda: shows(port, "ready", 1))
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
