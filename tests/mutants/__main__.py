"""`python -m tests.mutants [WORDS]`: hunt the mutants whose name holds the words, by default all.

Exit code 1 when one survives, or does not fit the source any more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests import postgres
from tests.mutants.catalogue import MUTANTS
from tests.mutants.hunt import Fate, Trophy, hunt, without_mutants
from tests.mutants.trees import PASSED, Tree

WORKERS = 2


def say(text: str) -> None:
    """One line."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def row(number: int, trophy: Trophy) -> str:
    """One line of the table."""
    by = trophy.by.removeprefix("tests/")
    return f"{number:3} {trophy.fate:8} {trophy.seconds:5.1f} s  {trophy.mutant.name}\n{'':23}{by}"


def main() -> int:
    """Hunt, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="part of a mutant's name")
    parser.add_argument("--workers", type=int, default=WORKERS)
    given = parser.parse_args()
    words = " ".join(given.words)
    mutants = [mutant for mutant in MUTANTS if words in mutant.name]
    if not mutants:
        parser.error(f"no mutant is named like {words!r}")
    started = time.monotonic()
    # A server for each run of pytest would take longer than what most of them test.
    with tempfile.TemporaryDirectory(prefix="wosync-mutants-") as name, postgres.for_all():
        healthy = Tree.copied(Path(name) / "healthy")
        run = without_mutants(mutants, healthy, given.workers)
        if run.code != PASSED:
            say(f"without any mutant the tests fail already:\n{run.output}")
            return 1
        say(f"without any mutant all these tests pass ({run.seconds:.1f} s)")
        trophies: list[Trophy] = []
        for trophy in hunt(mutants, healthy, given.workers):
            trophies.append(trophy)
            say(row(len(trophies), trophy))
    killed = sum(trophy.fate is Fate.KILLED for trophy in trophies)
    say(f"{killed} of {len(trophies)} mutants killed, {time.monotonic() - started:.0f} s")
    return 0 if killed == len(trophies) else 1


if __name__ == "__main__":
    sys.exit(main())
