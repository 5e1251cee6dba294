"""Rate headers that cannot be true: bounded, asked about again, and told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from connectors.sandbox.faults import Fault
from engine.flow.window import UNSURE_S
from tests.scenario.bench import CREATE, Bench, until
from tests.scenario.service_port import eventually, served

pytestmark = pytest.mark.anyio

FAR: dict[str, Callable[[float], str]] = {
    "a clock hours ahead": lambda now: str(int(now) + 5 * 3600),
    "another century": lambda now: str(int(now) + 3_000_000_000),
    "seconds by the thousand": lambda _: "3600000",
    "a date": lambda now: datetime.fromtimestamp(now + 90_000, UTC).isoformat(),
}


def little_left(reset: str, **headers: str) -> Fault:
    """Every answer of Outreach says that nothing remains until then."""
    told = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset} | headers
    return Fault(path="/api/", when="after", action="edit", headers=told, times=None)


@pytest.mark.parametrize("far", FAR.values(), ids=FAR.keys())
async def test_a_far_reset_is_told_and_asked_about_again(
    world: Bench, far: Callable[[float], str]
) -> None:
    """It silenced Outreach until a restart, and the service called itself ready."""
    async with served(world) as port:

        async def ready() -> bool:
            return (await port.ready())[0] == 200

        await eventually(ready)
        world.outreach_fault(little_left(far(world.clock.now())))
        first = world.has("The one that learns of it")
        await until(lambda: bool(world.twins(first)))

        async def told() -> bool:
            status, reason = await port.ready()
            return status == 503 and "cannot be true" in reason

        await eventually(told)
        [*held] = (await port.status())["held_back"]
        assert any("cannot be true" in line for line in held)
        assert world.outreach_traffic.counts[CREATE] == 1

        world.outreach_traffic.plan.clear()
        second = world.has("The one that has to wait")
        world.clock.advance(UNSURE_S + 1)
        await until(lambda: bool(world.twins(second)))
        await eventually(ready)


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000])
@pytest.mark.parametrize("ahead_s", [0, -7200, 7200])
async def test_a_near_reset_is_waited_for_in_any_unit_and_by_any_clock(
    world: Bench, unit: int, ahead_s: int
) -> None:
    """On a machine whose clock was ahead the window was always over, and the reserve spent."""
    async with served(world) as port:

        async def ready() -> bool:
            return (await port.ready())[0] == 200

        async def told() -> bool:
            status, reason = await port.ready()
            return status == 503 and "until its window ends" in reason

        await eventually(ready)
        there = int(world.clock.now()) + ahead_s
        date = format_datetime(datetime.fromtimestamp(there, UTC), usegmt=True)
        world.outreach_fault(little_left(str((there + 240) * unit), Date=date))
        first = world.has("The one that learns of it")
        await until(lambda: bool(world.twins(first)))

        await eventually(told)
        world.outreach_traffic.plan.clear()
        second = world.has("The one that has to wait")
        world.clock.advance(240)
        await until(lambda: bool(world.twins(second)))
        await eventually(ready)
