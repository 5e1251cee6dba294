"""Runs, and the present one."""

from __future__ import annotations

from engine.model.run import Run, RunKind
from engine.store.rows.history import DAY_S

# The present run, for whoever is in none of its own.
PRESENT = "run"


def same_day(began_at: float, now: float) -> bool:
    """Whether a run that began then is one of today."""
    return began_at // DAY_S == now // DAY_S


def applies_a_plan(run: Run | None) -> bool:
    """Whether a plan is, or was, applied in it."""
    return run is not None and run.kind == RunKind.APPLIED
