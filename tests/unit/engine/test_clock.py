"""The clock: the machine's time at the start, and what really passed since."""

from __future__ import annotations

import time
from itertools import product

import anyio
import pytest

from engine.clock import SystemClock
from engine.loop import keep_apart, loop_time, to_next

EVERY_S, PAIRS = 10.0, 4


def test_setting_the_machines_clock_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step forward would cut the wait short that keeps a lost create from being sent twice."""
    clock = SystemClock()
    before = clock.now()
    real = time.time()
    monkeypatch.setattr(time, "time", lambda: real + 86_400)

    assert before <= clock.now() < before + 3600
    assert SystemClock().now() > before + 80_000


@pytest.mark.anyio
async def test_who_belongs_together_looks_at_the_same_moments_and_who_does_not_at_others() -> None:
    """What one task starts belongs to it."""
    moments: list[tuple[int, float]] = []

    async def look(number: int) -> None:
        moments.append((number, (loop_time() + to_next(EVERY_S)) % EVERY_S))

    async def begin(number: int) -> None:
        keep_apart(number * EVERY_S / PAIRS)
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(look, number)

    async with anyio.create_task_group() as tasks:
        for number in range(PAIRS):
            tasks.start_soon(begin, number)

    # Of a circle, where the end is the begin.
    for (one, at), (other, then) in product(moments, repeat=2):
        far = abs(at - then)
        assert (min(far, EVERY_S - far) < EVERY_S / PAIRS / 2) == (one == other)
