"""The two statuses there are: what the service says of its state, and what is read without it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from engine.store.sqlite import statefile
from engine.store.sqlite.summary import summary
from tests.scenario.bench import bench
from tests.scenario.service_port import eventually, served

pytestmark = pytest.mark.anyio

TOO_LONG = "x" * 256


async def test_a_running_and_a_stopped_service_tell_the_same_of_their_state(
    tmp_path: Path,
) -> None:
    """Whoever compares the two in the night must not find a difference of our making."""
    async with bench(tmp_path, sockets=True) as world:
        for name in (TOO_LONG, TOO_LONG, "", "Harbour crane"):
            world.has(name)
        async with served(world) as port:

            async def settled() -> bool:
                told = await port.status()
                records = told["records"]
                return records["refused"] == 3 and records["linked"] == 1 and not told["outbox"]

            await eventually(settled)
            running = await port.status()
        path = world.state / statefile.FILE_NAME
        with contextlib.closing(statefile.connect(path, query_only=True)) as connection:
            stopped = summary(connection)

    assert {name: running[name] for name in stopped} == stopped
    assert running["refused_total"] == 3
    assert [one["records"] for one in running["refused_by_reason"]] == [2, 1]
