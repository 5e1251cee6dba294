"""Every mutant, by the promise it breaks."""

from __future__ import annotations

from tests.mutants import (
    decided,
    decided_opportunities,
    first_hour,
    flow,
    freshness,
    guards,
    mass,
    nothing_lost,
    nothing_twice,
    odd_listings,
    one_owner,
    operations,
    outlook,
    people,
    recovery,
    right_values,
    service,
    state,
    tuning,
    wire,
)

MUTANTS = (
    *nothing_twice.MUTANTS,
    *one_owner.MUTANTS,
    *nothing_lost.MUTANTS,
    *people.MUTANTS,
    *recovery.MUTANTS,
    *decided_opportunities.MUTANTS,
    *first_hour.MUTANTS,
    *decided.MUTANTS,
    *flow.MUTANTS,
    *right_values.MUTANTS,
    *freshness.MUTANTS,
    *guards.MUTANTS,
    *mass.MUTANTS,
    *odd_listings.MUTANTS,
    *operations.MUTANTS,
    *outlook.MUTANTS,
    *service.MUTANTS,
    *state.MUTANTS,
    *tuning.MUTANTS,
    *wire.MUTANTS,
)
