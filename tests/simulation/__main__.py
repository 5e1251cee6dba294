"""Runs seeds: `python -m tests.simulation --seeds 1000`, or one again: `--seed 7 --verbose`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

from tests import postgres
from tests.simulation.history import FILE, STATES, Outcome, simulate
from tests.simulation.pool import Tally, outcomes


def main() -> int:
    """Returns the exit code: 1 when a history did not end well."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0 takes every core")
    parser.add_argument("--seed", type=int, help="run this one seed only")
    parser.add_argument("--verbose", action="store_true", help="print everything that happens")
    parser.add_argument("--state", choices=STATES, default=FILE, help="what keeps the state")
    parser.add_argument(
        "--turns", action="store_true", help="several engines take turns on a state in PostgreSQL"
    )
    asked = parser.parse_args()
    with postgres.for_all() if asked.turns or asked.state != FILE else nullcontext():
        tally = _played(asked)
    for outcome in tally.failed:
        _show(outcome)
    sys.stdout.write(f"{tally.summary()}\n")
    return 1 if tally.failed else 0


def _played(asked: argparse.Namespace) -> Tally:
    tally, play = Tally(), _playing(asked)
    if asked.seed is not None:
        tally.add(play(asked.seed, verbose=asked.verbose))
        return tally
    seeds = range(asked.first, asked.first + asked.seeds)
    for outcome in outcomes(seeds, asked.workers, play):
        tally.add(outcome)
        if outcome.complaints:
            _show(outcome)
    return tally


def _playing(asked: argparse.Namespace) -> Callable[..., Outcome]:
    if not asked.turns:
        return partial(simulate, state=asked.state)
    # Whoever plays with files needs no driver.
    from tests.simulation.turns import take_turns

    return take_turns


def _show(outcome: Outcome) -> None:
    sys.stdout.write(f"{outcome.report()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
