"""Backoff: chance draws the moment of the next try, within the bounds that were decided."""

from __future__ import annotations

from random import Random

from engine.decide.retry import backoff
from engine.model.wait import BackoffLimits, Wait


def drawn_s(wait: Wait, rng: Random) -> float:
    """A moment of the wait, in seconds; all are alike, so that many do not come at one."""
    return wait.least_s if wait.least_s == wait.most_s else rng.uniform(wait.least_s, wait.most_s)


def delay_s(attempt: int, rng: Random, limits: BackoffLimits) -> float:
    """Seconds before the next try, drawn; see `retry.backoff`."""
    return drawn_s(backoff(attempt, limits), rng)
