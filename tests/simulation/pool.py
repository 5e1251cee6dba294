"""Many seeds: in as many processes as there are cores, and what they add up to."""

from __future__ import annotations

import gc
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from typing import TypeVar

from tests.simulation.history import Outcome, simulate

T = TypeVar("T")
R = TypeVar("R")

GARBAGE_THRESHOLD = 20_000

# Kinds of the trace that the summary shows, with what they are called there.
SHOWN = (
    ("request", "requests"),
    ("fault", "faults"),
    ("death", "kills"),
    ("stop", "orderly stops"),
    ("state lost", "states lost"),
    ("state put back", "states put back"),
    ("commit", "commits"),
    ("action", "edits by people"),
)


def spread(work: Callable[[T], R], items: Iterable[T], workers: int = 0) -> Iterator[R]:
    """Do the work for each item; results come in the order of the items.

    Args:
        work: a function of a module.
        workers: processes; 0 takes every core, 1 works in this process.
    """
    workers = workers or os.cpu_count() or 1
    if workers == 1:
        yield from map(work, items)
        return
    with ProcessPoolExecutor(
        workers, _importing_once(), initializer=_begin, initargs=(dict(os.environ),)
    ) as pool:
        yield from pool.map(work, items)


@cache
def _importing_once() -> ForkServerContext:
    """Processes forked from one that has imported what they need, and has nothing running."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.simulation.history", "tests.simulation.sweep"])
    return context


def _begin(environment: Mapping[str, str]) -> None:
    """In the environment of the caller, which may have changed since the first call."""
    os.environ.clear()
    os.environ.update(environment)
    # What is there now stays, and a history makes few cycles.
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


def outcomes(
    seeds: Iterable[int], workers: int = 0, play: Callable[[int], Outcome] = simulate
) -> Iterator[Outcome]:
    """Run the seeds; see `spread`."""
    return spread(play, seeds, workers)


@dataclass(slots=True)
class Tally:
    """What was run."""

    seeds: int = 0
    virtual_s: float = 0.0
    counts: Counter[str] = field(default_factory=Counter[str])
    failed: list[Outcome] = field(default_factory=list[Outcome])
    _started: float = field(default_factory=time.perf_counter, init=False)

    def add(self, outcome: Outcome) -> None:
        """Count one history."""
        self.seeds += 1
        self.virtual_s += outcome.virtual_s
        self.counts += outcome.counts
        if outcome.complaints:
            self.failed.append(outcome)

    def summary(self) -> str:
        """One line for a person."""
        minutes = (time.perf_counter() - self._started) / 60
        hours = self.virtual_s / 3600
        counted = ", ".join(f"{self.counts[kind]:,} {name}" for kind, name in SHOWN)
        return (
            f"{self.seeds} seeds, {hours:,.0f} virtual hours ({hours / minutes:,.0f} a minute),"
            f" {counted}; {len(self.failed)} failed"
        )
