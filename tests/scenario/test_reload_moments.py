"""A reload at the wrong moment: while starting, while stopping, twice at once, unobserved."""

from __future__ import annotations

import io
import os
import signal
from contextlib import closing
from typing import Any
from uuid import uuid4

import anyio
import pytest

from connectors.sandbox.faults import Fault
from engine.service import supervision
from tests.scenario.bench import Bench, running, until
from tests.scenario.reload_hands import (
    applied,
    lines,
    linked,
    number,
    pools_are,
    posts,
    refused,
    shows,
    spoils,
    syncs,
    writes,
)
from tests.scenario.service_port import ServicePort, drained, eventually, served
from tests.unit.engine.service.test_notify import Ear

pytestmark = pytest.mark.anyio


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
        await eventually(lambda: pools_are(port, 7))
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
        await eventually(lambda: shows(port, "config_reloads_total", 6, outcome="applied"))
        await eventually(lambda: pools_are(port, 8))
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
