"""The signal: no notification is lost, and many are one."""

from __future__ import annotations

import anyio
import pytest

from engine.flow.signal import Signal
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

FOREVER_S = 30.0


async def test_a_ring_while_nobody_waits_is_remembered() -> None:
    """Work that came between a look and the wait must not lie until the next time-out."""
    signal = Signal()
    signal.notify()

    with anyio.fail_after(DEADLINE_S):
        await signal.wait(FOREVER_S)


async def test_a_ring_wakes_who_waits() -> None:
    """A captured change is to be worked on at once."""
    signal = Signal()

    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(signal.wait, FOREVER_S)
            await anyio.wait_all_tasks_blocked()
            signal.notify()


async def test_many_rings_end_one_wait() -> None:
    """A thousand captured records are one reason to look, not a thousand."""
    signal = Signal()
    for _ in range(3):
        signal.notify()
    await signal.wait(FOREVER_S)

    with anyio.move_on_after(0.005) as second:
        await signal.wait(FOREVER_S)

    assert second.cancelled_caught


async def test_a_wait_ends_at_its_time_without_a_ring() -> None:
    """A retry becomes due without anybody ringing."""
    with anyio.fail_after(DEADLINE_S):
        await Signal().wait(0.001)
