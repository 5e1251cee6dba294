"""Every mutant, by the promise it breaks."""

from __future__ import annotations

from tests.mutants import (
    flow,
    guards,
    nothing_lost,
    nothing_twice,
    operations,
    people,
    right_values,
    service,
    state,
    tuning,
    wire,
)

MUTANTS = (
    *nothing_twice.MUTANTS,
    *nothing_lost.MUTANTS,
    *people.MUTANTS,
    *flow.MUTANTS,
    *right_values.MUTANTS,
    *guards.MUTANTS,
    *operations.MUTANTS,
    *service.MUTANTS,
    *state.MUTANTS,
    *tuning.MUTANTS,
    *wire.MUTANTS,
)
