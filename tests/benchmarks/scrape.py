"""Scrape: what a look at the metrics costs the event loop, and what it holds, in both formats.

The service runs as ever, with a stopwatch on its loop; what it does between scrapes is taken off.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from dataclasses import dataclass
from statistics import median

from engine.model.measure import SOON_S
from engine.store.sqlite import measure as store_measure
from engine.store.sqlite import statefile
from tests.benchmarks.planted import plant_linked
from tests.benchmarks.report import Figure
from tests.benchmarks.stage import BenchmarkFailed, Scene, Stage, pipe, stage

LOOP_MS_MAX = 10.0
SERIES_MAX = 1600
SYNCED = 20
START_S = 60.0
ACCEPT = {
    "text": "text/plain",
    "openmetrics": "application/openmetrics-text;version=1.0.0",
}
WATCHED = ("-m", "tests.benchmarks.watched", "run")


@dataclass(slots=True)
class Watch:
    """The stopwatch in the service's process; see `tests.benchmarks.watched`."""

    process: subprocess.Popen[bytes]

    def look(self) -> dict[str, float]:
        """Seconds since the last look, CPU since the start."""
        pipe(self.process.stdin).write(b"\n")
        pipe(self.process.stdin).flush()
        return json.loads(pipe(self.process.stdout).readline())


@dataclass(frozen=True, slots=True)
class Cost:
    """One scrape, times in milliseconds.

    `away_ms` the loop was away in total, `longest_ms` at most at once; CPU on the loop's thread
    and on all others; `answer_ms` until answered; `body` is what was read.
    """

    away_ms: float
    longest_ms: float
    loop_cpu_ms: float
    other_cpu_ms: float
    answer_ms: float
    body: str


def measure(linked: int, scrapes: int) -> list[Figure]:
    """Scrape a service with so many linked records; figures are medians of single scrapes."""
    with stage(Scene(rows=SYNCED)) as set_up:
        set_up.measured("once", str(set_up.config))
        plant_linked(set_up.state_dir, linked)
        with set_up.running(WATCHED, talks=True) as process:
            set_up.wait_until(lambda: _ready(set_up), "ready", START_S)
            costs = {name: _costs(set_up, Watch(process), name, scrapes) for name in ACCEPT}
            reader_ms = _reader_ms(set_up, scrapes)
    figures = [_figures(name, costs[name], linked) for name in ACCEPT]
    series = {line.rsplit(" ", 1)[0] for line in _samples(costs["text"][-1].body)}
    return [
        *figures[0],
        *figures[1],
        Figure("reader", "counting the state, on the reader's thread", reader_ms, "ms"),
        Figure("series", "series", len(series), "series", at_most=SERIES_MAX - 1),
    ]


def _ready(set_up: Stage) -> bool:
    return bool((set_up.status() or {}).get("ready"))


def _figures(name: str, costs: list[Cost], linked: int) -> list[Figure]:
    title = f"{name}, {linked:,} linked"
    away_ms = median(cost.away_ms for cost in costs)
    return [
        Figure(f"{name}_loop", f"loop away, {title}", away_ms, "ms", at_most=LOOP_MS_MAX),
        Figure(f"{name}_longest", "… longest at once", median(c.longest_ms for c in costs), "ms"),
        Figure(f"{name}_cpu", "… CPU of the loop", median(c.loop_cpu_ms for c in costs), "ms"),
        Figure(
            f"{name}_cpu_worst",
            "… of the worst scrape",
            max(cost.loop_cpu_ms for cost in costs),
            "ms",
            at_most=LOOP_MS_MAX,
        ),
        Figure(f"{name}_others", "… CPU elsewhere", median(c.other_cpu_ms for c in costs), "ms"),
        Figure(f"{name}_answer", "… until answered", median(c.answer_ms for c in costs), "ms"),
    ]


def _costs(set_up: Stage, watch: Watch, name: str, scrapes: int) -> list[Cost]:
    _scrape(set_up, watch, name)
    return [_scrape(set_up, watch, name) for _ in range(scrapes)]


def _scrape(set_up: Stage, watch: Watch, name: str) -> Cost:
    before, began = watch.look(), time.monotonic()
    answer = set_up.http.get(f"{set_up.service_url}/metrics", headers={"Accept": ACCEPT[name]})
    answer_s = time.monotonic() - began
    after = watch.look()
    if answer.status_code != 200:
        raise BenchmarkFailed(f"a scrape was answered with {answer.status_code}")
    loop_cpu_s = after["loop_cpu_s"] - before["loop_cpu_s"]
    return Cost(
        after["away_s"] * 1000,
        after["longest_s"] * 1000,
        loop_cpu_s * 1000,
        (after["cpu_s"] - before["cpu_s"] - loop_cpu_s) * 1000,
        answer_s * 1000,
        answer.text,
    )


def _samples(body: str) -> list[str]:
    return [line for line in body.splitlines() if line and not line.startswith("#")]


def _reader_ms(set_up: Stage, times: int) -> float:
    """What the metrics ask of the state, alone, on a connection like the reader's."""
    path = set_up.state_dir / statefile.FILE_NAME
    with contextlib.closing(statefile.connect(path, query_only=True)) as reader:
        took: list[float] = []
        for _ in range(times):
            began = time.monotonic()
            store_measure.measured(reader, time.time() - 2 * 86_400, time.time() + SOON_S)
            took.append((time.monotonic() - began) * 1000)
    return median(took)
