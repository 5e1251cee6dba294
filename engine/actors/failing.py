"""Failing: what the syncers do about an attempt at a record that failed (rules 6 and 7).

`decide.failure` says who is at fault; here the moment is drawn, and the target is paused.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import structlog

from engine.decide.failure import Circumstances, Decision, Verdict, decide, error_class
from engine.errors import EngineError
from engine.flow.backoff import drawn_s
from engine.flow.governor import Governor
from engine.metrics import Metrics
from engine.model.wait import BackoffLimits, Pace, Wait
from engine.model.work import Failure


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """`attempts_max`: so many failures that count, and the record itself is at fault."""

    attempts_max: int
    backoff: BackoffLimits


@dataclass(slots=True)
class Failing:
    """Weighs the failures of one syncer.

    Args:
        apart: the rest of the work goes on without what this one does.
    """

    component: str
    governor: Governor
    rng: Random
    metrics: Metrics
    apart: bool = False
    _log: Any = field(init=False)

    def __post_init__(self) -> None:
        self._log = structlog.get_logger(component=self.component)

    def others_succeed(self, error: Exception, record_id: int, failed_at: float | None) -> bool:
        """Whether the target did for another record, since that time, what failed for this one."""
        kind = error.operation if isinstance(error, EngineError) else None
        if kind is None or failed_at is None:
            return False
        return self.governor.ledger.others_since(kind, record_id, failed_at)

    def weigh(
        self,
        error: Exception,
        limits: RetryLimits,
        *,
        record_id: int,
        attempts: int,
        failures: int,
        failed_at: float | None,
        forbidden_alike: int = 0,
    ) -> Decision:
        """Count the error, pause the target where everybody is concerned, and say what follows.

        Args:
            attempts: failures of this record that counted so far.
            failures: all of the present series so far.
            failed_at: when it last failed, unix seconds.
            forbidden_alike: see `decide.failure.Circumstances`.
        """
        self.metrics.errors.labels(self.component, error_class(error)).inc()
        around = Circumstances(
            attempts=attempts,
            attempts_max=limits.attempts_max,
            others_succeed=self.others_succeed(error, record_id, failed_at),
            forbidden_alike=forbidden_alike,
            pace=Pace(limits.backoff, self.governor.down),
            failures=failures,
            apart=self.apart,
        )
        decision = decide(error, around)
        if decision.verdict is Verdict.PAUSE:
            self.governor.pause(decision.wait_s, decision.pause, cause=error)
        return replace(decision, wait=Wait.exactly(drawn_s(decision.wait, self.rng)))

    def deferred(self, ref: str, error: Exception, reason: Failure, wait_s: float) -> None:
        """Tell that the record waits for so many seconds now."""
        self.metrics.retries.labels(self.component, reason.reason_class).inc()
        self.metrics.retry_backoff.labels(self.component).inc(wait_s)
        remedy = error.remedy if isinstance(error, EngineError) else None
        self._log.warning(
            "deferred", record=ref, wait_s=round(wait_s, 1), reason=reason.reason, remedy=remedy
        )
