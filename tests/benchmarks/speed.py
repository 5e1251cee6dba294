"""Speed: how near creates come to the bound of W workers at a fixed latency, and what they cost.

The bound is W creates per latency. CPU is compared with a bare loop that sends the same bodies
through the same HTTP client to the same emulator, one run after the other, several times.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from tests.benchmarks.report import Figure
from tests.benchmarks.stage import Scene, Stage, stage

RATIO_MIN = 0.9


@dataclass(frozen=True, slots=True)
class Run:
    """One pair of runs; times in seconds."""

    span_s: float
    wall_s: float
    cpu_s: float
    bare_span_s: float
    bare_cpu_s: float


def measure(rows: int, *, workers: int, latency_s: float, repeat: int) -> list[Figure]:
    """Create `rows` opportunities `repeat` times from nothing; figures are medians."""
    runs = [_pair(Scene(rows, latency_s, workers)) for _ in range(repeat)]
    bound_s = rows * latency_s / workers
    span_s = median(run.span_s for run in runs)
    ours = median(run.cpu_s for run in runs) / rows * 1000
    bare = median(run.bare_cpu_s for run in runs) / rows * 1000
    return [
        Figure("rate", f"creates per second, {workers} workers", rows / span_s, "1/s"),
        Figure("bound", f"bound at {latency_s * 1000:g} ms latency", rows / bound_s, "1/s"),
        Figure("ratio", "rate to bound", bound_s / span_s, "", at_least=RATIO_MIN),
        Figure(
            "bare_ratio",
            "bare loop's rate to bound",
            bound_s / median(run.bare_span_s for run in runs),
            "",
        ),
        Figure("wall", "once, from start to end", median(run.wall_s for run in runs), "s"),
        Figure("cpu", "CPU per record", ours, "ms"),
        Figure("bare_cpu", "CPU per record, bare loop", bare, "ms"),
        Figure("cpu_ratio", "CPU to bare loop", median(r.cpu_s / r.bare_cpu_s for r in runs), ""),
    ]


def _pair(scene: Scene) -> Run:
    with stage(scene) as set_up:
        service = set_up.measured("once", str(set_up.config))
        span_s = _span_s(set_up)
        set_up.forget_creates()
        bare = _bare(set_up, scene.workers)
        return Run(span_s, service["wall_s"], service["cpu_s"], _span_s(set_up), bare["cpu_s"])


def _bare(set_up: Stage, tasks: int) -> dict[str, float]:
    # In the environment rather than the arguments, which everybody on the machine may read.
    return set_up.measured(
        "bare",
        set_up.url("outreach"),
        set_up.url("ledger"),
        str(tasks),
        BENCH_TOKEN=set_up.told["access_token"],
    )


def _span_s(set_up: Stage) -> float:
    return set_up.ledger()["span_s"]
