"""Memory: the service's peak with a small and a large backlog captured, each in a fresh process.

Creates are slow, so that the backlog stays; syncers and write-backs work on it all the while. And
its peak with a page of rows as long as Workbooks lets somebody write them.
"""

from __future__ import annotations

import time

from tests.benchmarks.report import Figure
from tests.benchmarks.stage import Scene, Stage, proc_status_mb, stage

GROWTH_MB_MAX = 30.0
PAGE_ROWS = 100
PAGE_ROW_CHARS = 1_500_000
PAGE_MB_MAX = 200.0
WORKERS = 16
CREATE_DELAY_S = 5.0
# Work goes on for so long with the whole backlog on disk.
LINGER_S = 2.0
START_S = 60.0
# Far below what capture needs on any machine: 100 rows a second.
ROWS_PER_S_MIN = 100


def measure(small: int, large: int) -> list[Figure]:
    """Peak resident memory with each backlog, and the difference."""
    few, _ = _peak_mb(Scene(small, workers=WORKERS))
    many, captured_per_s = _peak_mb(Scene(large, workers=WORKERS))
    page, _ = _peak_mb(Scene(PAGE_ROWS, workers=WORKERS, comment_chars=PAGE_ROW_CHARS))
    return [
        Figure("small", f"peak with a backlog of {small:,}", few, "MB"),
        Figure("large", f"peak with a backlog of {large:,}", many, "MB"),
        Figure("growth", "difference", many - few, "MB", at_most=GROWTH_MB_MAX),
        Figure("capture", "rows captured per second", captured_per_s, "1/s"),
        Figure(
            "page",
            f"peak with a page of {PAGE_ROWS} rows of 1.5 MB each",
            page,
            "MB",
            at_most=PAGE_MB_MAX,
        ),
    ]


def _peak_mb(scene: Scene) -> tuple[float, float]:
    rows = scene.rows
    with stage(scene) as set_up:
        set_up.slow_creates(CREATE_DELAY_S)
        with set_up.running() as process:
            set_up.wait_until(lambda: set_up.status() is not None, "the service answers", START_S)
            before, started = _held(set_up), time.monotonic()
            set_up.wait_until(
                lambda: _held(set_up) >= rows,
                f"{rows} rows are captured",
                START_S + rows / ROWS_PER_S_MIN,
            )
            took_s = time.monotonic() - started
            time.sleep(LINGER_S)
            return proc_status_mb(process.pid, "VmHWM"), (rows - before) / took_s


def _held(set_up: Stage) -> int:
    """Rows in the state file: counted by the store, not by the poller that put them there."""
    records = (set_up.status() or {}).get("records", {})
    return sum(records.get(state, 0) for state in ("pending", "linked", "refused"))
