"""The clock: the machine's time at the start, and what really passed since."""

from __future__ import annotations

import time

import pytest

from engine.clock import SystemClock


def test_setting_the_machines_clock_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step forward would cut the wait short that keeps a lost create from being sent twice."""
    clock = SystemClock()
    before = clock.now()
    real = time.time()
    monkeypatch.setattr(time, "time", lambda: real + 86_400)

    assert before <= clock.now() < before + 3600
    assert SystemClock().now() > before + 80_000
