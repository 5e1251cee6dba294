"""The whole engine between both systems on virtual time: whatever a seed brings, it ends well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.searching import examples
from tests.simulation import seeds
from tests.simulation.history import simulate
from tests.simulation.pool import outcomes

ROOT = Path(__file__).resolve().parents[2]
SEEDS = 6
# A seed with faults, kills, and people at work in both systems.
LIVELY = 36


@pytest.mark.slow
def test_every_history_ends_as_the_design_says() -> None:
    """No duplicate, no miss, no flag without a cause, no write without an edit, whatever dies."""
    played = dict.fromkeys([*seeds.known(), *range(examples(SEEDS))])

    failed = [outcome.report() for outcome in outcomes(played) if outcome.complaints]

    assert not failed, "\n\n".join(failed)


def test_the_same_seed_gives_the_same_history_twice() -> None:
    """Otherwise a failing seed could not be looked at again."""
    assert simulate(LIVELY).digest == simulate(LIVELY).digest


def test_the_same_seed_gives_the_same_history_in_another_interpreter() -> None:
    """Neither hash randomisation nor addresses in memory may decide anything."""
    code = f"from tests.simulation.history import simulate; print(simulate({LIVELY}).digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert digests == {simulate(LIVELY).digest}
