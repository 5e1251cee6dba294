"""Many seeds: in as many processes as there are cores, and what they add up to."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TypeVar

from tests.simulation.history import Outcome, simulate

T = TypeVar("T")
R = TypeVar("R")

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
    # Fresh interpreters: a fork would inherit whatever the caller has running.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, items, chunksize=4)


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
