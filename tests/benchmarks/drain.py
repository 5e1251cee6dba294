"""Drain: how near creates come to what W workers can do at a fixed latency (Little's law).

W requests under way, each answered after the latency, are W creates per latency at most. Where the
latency is so short that the machine itself is the limit, the measure is a bare loop of the same.
"""

from __future__ import annotations

import math

from tests.benchmarks.report import Figure
from tests.benchmarks.stage import Scene, Stage, stage

RATIO_MIN = 0.95
# At a short latency, of what the bare loop reaches.
OF_BARE_MIN = 0.9
SHORT_S = 0.02
# So long does the bound take, in seconds: a shorter run is mostly start and end.
SPAN_S = 4.0
CROWDS = ((0.4, (1, 4, 16, 64)), (0.1, (1, 4, 16, 64)), (SHORT_S, (1, 4, 16)))


def measure(span_s: float = SPAN_S) -> list[Figure]:
    """Drain a backlog for each latency and number of workers."""
    return [
        figure
        for latency_s, crowds in CROWDS
        for workers in crowds
        for figure in _figures(latency_s, workers, span_s)
    ]


def _figures(latency_s: float, workers: int, span_s: float) -> list[Figure]:
    rounds = max(3, math.ceil(span_s / latency_s))
    bound_s = rounds * latency_s
    with stage(Scene(rounds * workers, latency_s, workers)) as set_up:
        set_up.measured("once", str(set_up.config))
        ratio = bound_s / set_up.ledger()["span_s"]
        bare = _bare(set_up, workers, bound_s) if latency_s <= SHORT_S else None
    key = f"{latency_s * 1000:g}ms_{workers}"
    title = f"drain to bound, {workers} workers at {latency_s * 1000:g} ms"
    if bare is None:
        return [Figure(key, title, ratio, "", at_least=RATIO_MIN)]
    of_bare = f"bare loop {bare:.2f}"
    return [Figure(key, title, ratio, "", at_least=OF_BARE_MIN * bare, beside=of_bare)]


def _bare(set_up: Stage, workers: int, bound_s: float) -> float:
    set_up.forget_creates()
    set_up.measured(
        "bare",
        set_up.url("outreach"),
        set_up.url("ledger"),
        str(workers),
        BENCH_TOKEN=set_up.told["access_token"],
    )
    return bound_s / set_up.ledger()["span_s"]
