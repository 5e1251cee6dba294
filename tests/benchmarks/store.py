"""Store: durable writes per second, one caller alone against twenty who share commits."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

import anyio

from engine.model.records import Captured
from engine.store.sqlite import capture
from engine.store.sqlite.threaded import ThreadedStore, open_store
from tests.benchmarks.report import Figure

WAITERS = 20


def measure(rows: int, *, repeat: int) -> list[Figure]:
    """Capture `rows` rows, one write each; figures are medians of `repeat` rounds."""
    rates = [anyio.run(_round, rows) for _ in range(repeat)]
    alone = median(rate for rate, _ in rates)
    together = median(rate for _, rate in rates)
    return [
        Figure("alone", "rows per second, one caller", alone, "1/s"),
        Figure("together", f"rows per second, {WAITERS} callers", together, "1/s"),
        Figure("gain", "gain of sharing commits", together / alone, ""),
    ]


async def _round(rows: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="wosync-bench-") as name:
        async with open_store(Path(name) / "state.db") as store:
            alone = await _rate(store, 0, rows, 1)
            together = await _rate(store, rows, rows * WAITERS, WAITERS)
    return alone, together


async def _rate(store: ThreadedStore, first: int, rows: int, callers: int) -> float:
    ids = iter(range(first + 1, first + rows + 1))

    async def write_on() -> None:
        for record_id in ids:
            await store.write(capture.capture_page, [_row(record_id)], now=0.0, fresh_max=1)

    started = time.monotonic()
    async with anyio.create_task_group() as group:
        for _ in range(callers):
            group.start_soon(write_on)
    return rows / (time.monotonic() - started)


def _row(record_id: int) -> Captured:
    return Captured(
        id=record_id,
        ref=f"OPP-{record_id}",
        version=1,
        updated_at=record_id,
        eligible=True,
        linked=False,
        payload='{"description": "a row of a usual size", "comment": "' + 400 * "." + '"}',
    )
