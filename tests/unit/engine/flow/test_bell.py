"""The bell: who waits is woken, and nobody else."""

from __future__ import annotations

import anyio
import pytest

from engine.flow.bell import Bell

pytestmark = pytest.mark.anyio


async def test_a_ring_wakes_everybody_who_waits_then_and_nobody_who_comes_later() -> None:
    """What it tells is over: somebody who comes later looks for himself."""
    bell, woken = Bell(), list[str]()

    async def wait(name: str) -> None:
        await bell.wait()
        woken.append(name)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait, "first")
        tasks.start_soon(wait, "second")
        await anyio.wait_all_tasks_blocked()
        bell.ring()
        tasks.start_soon(wait, "late")
        await anyio.wait_all_tasks_blocked()
        assert sorted(woken) == ["first", "second"]
        bell.ring()

    assert woken[-1] == "late"


async def test_a_ring_that_nobody_hears_is_over() -> None:
    """A place that was free once is no reason to believe that it still is."""
    bell = Bell()
    bell.ring()

    with anyio.move_on_after(0) as waiting:
        await bell.wait()

    assert waiting.cancelled_caught
