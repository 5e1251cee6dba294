"""A single run: what it takes for progress."""

from __future__ import annotations

import pytest

from engine.metrics import Metrics
from engine.model.outcome import Outcome
from engine.model.tab import TabOutcome
from engine.service.once import at_rest


@pytest.mark.parametrize("outcome", [Outcome.CREATED, Outcome.LEFT, Outcome.HELD_BY_FUSE])
def test_what_the_fuse_holds_is_progress_as_well(outcome: Outcome) -> None:
    """Of a mass change everything is held: a run that took that for a stall would never end it."""
    metrics = Metrics()

    metrics.reconciles.labels("opportunity", outcome).inc()
    metrics.reconciles.labels("contacts", TabOutcome.HELD_BY_FUSE).inc()

    assert at_rest(metrics) == 2


@pytest.mark.parametrize("outcome", [Outcome.HELD, Outcome.DEFERRED, Outcome.AGAIN])
def test_what_waits_is_none(outcome: Outcome) -> None:
    """A system that takes nothing keeps no run waiting for ever."""
    metrics = Metrics()

    metrics.reconciles.labels("opportunity", outcome).inc()

    assert at_rest(metrics) == 0
