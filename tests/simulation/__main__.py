"""Runs seeds: `python -m tests.simulation --seeds 1000`, or one again: `--seed 7 --verbose`."""

from __future__ import annotations

import argparse
import sys

from tests.simulation.history import Outcome, simulate
from tests.simulation.pool import Tally, outcomes


def main() -> int:
    """Returns the exit code: 1 when a history did not end well."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0 takes every core")
    parser.add_argument("--seed", type=int, help="run this one seed only")
    parser.add_argument("--verbose", action="store_true", help="print everything that happens")
    asked = parser.parse_args()
    tally = Tally()
    if asked.seed is not None:
        tally.add(simulate(asked.seed, verbose=asked.verbose))
    else:
        for outcome in outcomes(range(asked.first, asked.first + asked.seeds), asked.workers):
            tally.add(outcome)
            if outcome.complaints:
                _show(outcome)
    for outcome in tally.failed:
        _show(outcome)
    sys.stdout.write(f"{tally.summary()}\n")
    return 1 if tally.failed else 0


def _show(outcome: Outcome) -> None:
    sys.stdout.write(f"{outcome.report()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
