"""Tolerating: a round of an actor that fails is counted and told, and the next one goes on."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from engine.decide.failure import error_class
from engine.errors import EngineError, StateUnusable
from engine.metrics import Metrics


@dataclass(slots=True)
class Round:
    """How it went; `error` is what ended it."""

    error: Exception | None = None


@contextmanager
def tolerated(component: str, event: str, metrics: Metrics, **facts: str) -> Generator[Round]:
    """Run one round; whatever ends it does not end the actor.

    Args:
        event: what the log calls the failure.
        facts: what else the log says of it.

    Raises:
        StateUnusable: nothing can be kept any more, so nothing may go on.
    """
    log = structlog.get_logger(component=component)
    turn = Round()
    try:
        yield turn
    except StateUnusable:
        raise
    except EngineError as error:
        turn.error = error
        log.warning(event, reason=str(error), remedy=error.remedy, **facts)
    except Exception as error:  # a defect of ours, met at one record, must not stop all others
        turn.error = error
        log.error("unexpected", during=event, exc_info=error, **facts)
    if turn.error is not None:
        metrics.errors.labels(component, error_class(turn.error)).inc()
