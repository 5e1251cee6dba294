"""Planning: how much memory a plan over many linked records takes, and how long.

The state is empty: all of them are captured, compared and told, as the first run would find them.
"""

from __future__ import annotations

import subprocess
import sys
import time

from tests.benchmarks.report import Figure
from tests.benchmarks.stage import BenchmarkFailed, Scene, proc_status_mb, stage

PEAK_MB_MAX = 150.0
LOOK_S = 0.2
# Far below what a plan needs on any machine: 20 records a second.
RECORDS_PER_S_MIN = 20
START_S = 120.0
# A plan that something in it needs somebody for.
ATTENTION = 3


def measure(linked: int) -> list[Figure]:
    """Plan a first run over so many linked records."""
    with stage(Scene(rows=linked, linked=True)) as set_up:
        plan = set_up.directory / "first.plan"
        words = ["-m", "engine", "plan", "--json", "--out", str(plan), "--config"]
        began, peak = time.monotonic(), 0.0
        with subprocess.Popen(
            [sys.executable, *words, str(set_up.config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            while process.poll() is None:
                peak = max(peak, _peak_mb(process.pid))
                if time.monotonic() - began > START_S + linked / RECORDS_PER_S_MIN:
                    process.kill()
                    raise BenchmarkFailed("the plan takes too long")
                time.sleep(LOOK_S)
        if process.returncode not in (0, ATTENTION):
            raise BenchmarkFailed(f"the plan ended with {process.returncode}")
        size_mb = plan.stat().st_size / 1e6
    return [
        Figure("peak", f"peak of a plan over {linked:,} linked", peak, "MB", at_most=PEAK_MB_MAX),
        Figure("rate", "records planned per second", linked / (time.monotonic() - began), "1/s"),
        Figure("file", "the plan itself", size_mb, "MB"),
    ]


def _peak_mb(process_id: int) -> float:
    try:
        return proc_status_mb(process_id, "VmHWM")
    except (BenchmarkFailed, OSError):
        # It is just ending.
        return 0.0
