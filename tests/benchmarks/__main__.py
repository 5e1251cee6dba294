"""`make bench`: the benchmarks, one after the other, and a table of what they found.

Rates and memory depend on the machine; ratios within one run and request counts do not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from tests.benchmarks import (
    asking,
    databases,
    drain,
    edit,
    farming,
    idle,
    lost,
    memory,
    planning,
    projections,
    reload,
    report,
    requests,
    rivals,
    scrape,
    speed,
    start_up,
    store,
    watchdog,
)
from tests.benchmarks.report import Figure
from tests.benchmarks.stage import BenchmarkFailed
from tests.benchmarks.unit_costs import Effort


class Benchmark(StrEnum):
    """What can be run by itself."""

    REQUESTS = "requests"
    LOST = "lost"
    SPEED = "speed"
    DRAIN = "drain"
    EDIT = "edit"
    MEMORY = "memory"
    STORE = "store"
    SCRAPE = "scrape"
    IDLE = "idle"
    WATCHDOG = "watchdog"
    RELOAD = "reload"
    START_UP = "start_up"
    ASKING = "asking"
    RIVALS = "rivals"
    PLANNING = "planning"
    DATABASES = "databases"
    PROJECTIONS = "projections"
    FARM = "farm"


# Rounds of many pairs, or of what somebody has to install, which take long by themselves.
BY_NAME = {Benchmark.RIVALS, Benchmark.PROJECTIONS, Benchmark.FARM}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much each benchmark does; `latency_s` and `idle_window_s` in seconds."""

    requests: int
    creates: int
    workers: int
    latency_s: float
    backlog_small: int
    backlog: int
    store_rows: int
    repeat: int
    linked: int
    scrapes: int
    idle_window_s: float
    starts: int
    rivalled: int
    lost: int
    drained_s: float
    edits: int
    imported: int
    bulk: int
    planned: int
    projected: Effort
    farm: farming.Size


FULL = Sizes(
    *(1000, 800, 16, 0.1, 1000, 50_000, 300, 3, 100_000, 30, 60.0, 5, 300, 500, 1.5, 40, 300),
    *(1000, 10_000),
    Effort(500, 100, 5, (8, 24), (60.0, 15.0), 120.0, 65.0),
    farming.Size(30, 100, 65.0, 120.0, 20_000, 90),
)
QUICK = Sizes(
    *(60, 60, 16, 0.02, 40, 160, 100, 1, 200, 3, 1.0, 1, 40, 30, 0.1, 5, 60),
    *(60, 200),
    Effort(20, 5, 1, (1, 2), (2.0, 1.0), 2.0, 2.0),
    farming.Size(2, 10, 2.0, 2.0, 40, 9),
)


def main(
    only: Annotated[
        list[Benchmark] | None,
        typer.Argument(help="Which ones; by default all but those of many pairs."),
    ] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes, a few seconds.")] = False,
    creates: Annotated[int, typer.Option(help="Records of the speed benchmark.")] = 0,
    backlog: Annotated[int, typer.Option(help="Records of the large backlog.")] = 0,
    linked: Annotated[int, typer.Option(help="Linked records of scrape and idle.")] = 0,
    repeat: Annotated[int, typer.Option(help="Rounds of what is timed.")] = 0,
    pairs: Annotated[int, typer.Option(help="Pairs of the farm.")] = 0,
    records: Annotated[int, typer.Option(help="Records of each of them.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One document, for programs.")] = False,
) -> None:
    """Measure what is promised of the service; medians where there are several rounds."""
    base = QUICK if quick else FULL
    sizes = Sizes(
        base.requests,
        creates or base.creates,
        base.workers,
        base.latency_s,
        base.backlog_small,
        backlog or base.backlog,
        base.store_rows,
        repeat or base.repeat,
        linked or base.linked,
        base.scrapes,
        base.idle_window_s,
        base.starts,
        base.rivalled,
        base.lost,
        base.drained_s,
        base.edits,
        base.imported,
        base.bulk,
        linked or base.planned,
        base.projected,
        replace(base.farm, pairs=pairs or base.farm.pairs, records=records or base.farm.records),
    )
    errors = Console(stderr=True, highlight=False)
    findings: dict[str, list[Figure]] = {}
    try:
        for benchmark in only or _runnable():
            errors.print(f"measuring {benchmark.value} …", style="dim")
            findings[benchmark.value] = measure(benchmark, sizes)
    except BenchmarkFailed as error:
        errors.print(str(error), soft_wrap=True, markup=False)
        raise typer.Exit(1) from error
    if as_json:
        sys.stdout.write(report.as_json(findings) + "\n")
    else:
        report.show(Console(highlight=False), findings)


def _runnable() -> list[Benchmark]:
    """What `make bench` measures: what is to be had in ten minutes on two cores."""
    return [one for one in Benchmark if one not in BY_NAME]


def measure(benchmark: Benchmark, sizes: Sizes) -> list[Figure]:
    """Run one benchmark.

    Raises:
        BenchmarkFailed: it could not be carried out.
    """
    run: dict[Benchmark, Callable[[], list[Figure]]] = {
        Benchmark.REQUESTS: lambda: requests.measure(sizes.requests),
        Benchmark.LOST: lambda: lost.measure(sizes.lost),
        Benchmark.SPEED: lambda: speed.measure(
            sizes.creates, workers=sizes.workers, latency_s=sizes.latency_s, repeat=sizes.repeat
        ),
        Benchmark.DRAIN: lambda: drain.measure(sizes.drained_s),
        Benchmark.EDIT: lambda: edit.measure(sizes.edits),
        Benchmark.MEMORY: lambda: memory.measure(sizes.backlog_small, sizes.backlog),
        Benchmark.STORE: lambda: store.measure(sizes.store_rows, repeat=sizes.repeat),
        Benchmark.SCRAPE: lambda: scrape.measure(sizes.linked, sizes.scrapes),
        Benchmark.IDLE: lambda: idle.measure(sizes.linked, sizes.idle_window_s),
        Benchmark.WATCHDOG: lambda: watchdog.measure(sizes.creates),
        Benchmark.RELOAD: lambda: reload.measure(
            sizes.creates, workers=sizes.workers, latency_s=sizes.latency_s
        ),
        Benchmark.START_UP: lambda: start_up.measure(sizes.starts),
        Benchmark.ASKING: lambda: asking.measure(sizes.linked, sizes.bulk, repeat=sizes.repeat),
        Benchmark.RIVALS: lambda: rivals.measure(sizes.rivalled, repeat=sizes.repeat),
        Benchmark.PLANNING: lambda: planning.measure(sizes.planned),
        Benchmark.DATABASES: lambda: databases.measure(
            sizes.imported, workers=sizes.workers, latency_s=drain.SHORT_S, repeat=sizes.repeat
        ),
        Benchmark.PROJECTIONS: lambda: projections.measure(sizes.projected),
        Benchmark.FARM: lambda: farming.measure(sizes.farm),
    }
    return run[benchmark]()


if __name__ == "__main__":
    typer.run(main)
