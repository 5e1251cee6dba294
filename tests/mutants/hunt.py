"""The hunt: every mutant in a copy of its own, several copies at work."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from queue import SimpleQueue

from tests.mutants.mutant import Mutant, Stale
from tests.mutants.trees import ALL_WITHIN_S, FAILED, HUNG, PASSED, Run, Tree

# Test processes for each worker while all is well, and what is no more than a few tests.
PROCESSES = 2
FEW = 20

_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    STALE = "STALE"
    BROKEN = "BROKEN"


@dataclass(frozen=True, slots=True)
class Trophy:
    """A mutant, its fate, what decided it, and seconds."""

    mutant: Mutant
    fate: Fate
    by: str
    seconds: float


def hunt(mutants: Sequence[Mutant], healthy: Tree, workers: int) -> Iterator[Trophy]:
    """The fate of each mutant, in the order of the list, in copies beside the healthy one."""
    trees: SimpleQueue[Tree] = SimpleQueue()
    for number in range(workers):
        # Not of the project itself, which somebody may be editing meanwhile.
        trees.put(Tree.copied(healthy.root.with_name(f"copy{number}"), healthy.root))

    def one(mutant: Mutant) -> Trophy:
        tree = trees.get()
        try:
            return faced(tree, mutant)
        finally:
            trees.put(tree)

    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(one, mutants)


def without_mutants(mutants: Sequence[Mutant], healthy: Tree, workers: int) -> Run:
    """The tests of all these mutants without any mistake: only then does a failure say anything."""
    tests = dict.fromkeys(test for mutant in mutants for test in mutant.tests)
    # Most of them wait, for sockets and processes; for a few, it takes too long to start others.
    processes = PROCESSES * workers if len(tests) > FEW else 0
    return healthy.tested(list(tests), ALL_WITHIN_S, processes=processes)


def faced(tree: Tree, mutant: Mutant) -> Trophy:
    """One mutant against its tests."""
    try:
        with tree.mistaken(mutant):
            run = tree.tested(mutant.tests)
    except Stale as stale:
        return Trophy(mutant, Fate.STALE, str(stale), 0.0)
    named = _FAILED.search(run.output)
    match run.code:
        case code if code == PASSED:
            fate, by = Fate.SURVIVED, "no test noticed"
        case code if code == HUNG:
            fate, by = Fate.KILLED, f"{mutant.tests[0]} (never ended)"
        case code if code == FAILED and named is not None:
            fate, by = Fate.KILLED, named[1]
        case code:
            # A mutant that cannot even be imported proves nothing about the tests.
            fate, by = Fate.BROKEN, f"pytest ended with {code}: {run.output[-300:]}"
    return Trophy(mutant, fate, by, run.seconds)
