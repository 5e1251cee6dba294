"""Failing: what the syncers do about an attempt at a record that failed (rules 6 and 7).

`triage.judge` says who is at fault; here that becomes a wait, a pause of the target, or a flag.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import structlog

from engine.decide.failure import Circumstances, Flag, Pause, error_class, judge, plain_reason
from engine.decide.retry import OPERATOR_PAUSE_S, retry
from engine.errors import EngineError, NotGranted
from engine.flow.backoff import drawn_s
from engine.flow.governor import Governor
from engine.metrics import Metrics
from engine.model.wait import BackoffLimits, Pace
from engine.model.work import Failure

# A record waits so long for what was not granted, while the rest of the work goes on: many of them,
# each with a look before what is refused, must not use up the budget.
NOT_GRANTED_RETRY_S = 900.0


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """`attempts_max`: so many failures that count, and the record itself is at fault."""

    attempts_max: int
    backoff: BackoffLimits


@dataclass(frozen=True, slots=True)
class Setback:
    """What follows for the record.

    Args:
        failure: what to keep as the reason.
        wait_s: seconds until it may be tried again.
        counts: towards the record's attempts.
        fails: it belongs to the series of the record's failures; what was only put off does not.
        flagged: the record itself is at fault, and trying again alone does not help.
    """

    failure: Failure
    wait_s: float
    counts: bool
    flagged: bool
    fails: bool = False


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
    ) -> Setback:
        """Count the error, pause the target where everybody is concerned, and say what follows.

        Args:
            attempts: failures of this record that counted so far.
            failures: all of the present series so far.
            failed_at: when it last failed, unix seconds.
            forbidden_alike: see `triage.Circumstances`.
        """
        reason_class = error_class(error)
        self.metrics.errors.labels(self.component, reason_class).inc()
        around = Circumstances(
            attempts=attempts,
            attempts_max=limits.attempts_max,
            others_succeed=self.others_succeed(error, record_id, failed_at),
            forbidden_alike=forbidden_alike,
            apart=self.apart,
        )
        verdict = judge(error, around)
        if isinstance(verdict, Flag):
            failure = Failure(reason_class, verdict.field, verdict.reason)
            return Setback(failure, wait_s=0.0, counts=True, flagged=True)
        failure = Failure(reason_class, None, plain_reason(error))
        if isinstance(verdict, Pause):
            self.governor.pause(OPERATOR_PAUSE_S, verdict.reason, cause=error)
            return Setback(failure, OPERATOR_PAUSE_S, counts=False, flagged=False)
        if isinstance(error, NotGranted):
            return Setback(failure, NOT_GRANTED_RETRY_S, counts=False, flagged=False)
        told_s = error.retry_after_s if isinstance(error, EngineError) else None
        if told_s is not None:
            return Setback(failure, told_s, counts=verdict.counts, flagged=False)
        pace = Pace(limits.backoff, self.governor.down)
        wait = retry(failures + 1, pace, others_succeed=around.others_succeed)
        wait_s = drawn_s(wait, self.rng)
        return Setback(failure, wait_s, counts=verdict.counts, flagged=False, fails=True)

    def deferred(self, ref: str, error: Exception, reason: Failure, wait_s: float) -> None:
        """Tell that the record waits for so many seconds now."""
        self.metrics.retries.labels(self.component, reason.reason_class).inc()
        self.metrics.retry_backoff.labels(self.component).inc(wait_s)
        remedy = error.remedy if isinstance(error, EngineError) else None
        self._log.warning(
            "deferred", record=ref, wait_s=round(wait_s, 1), reason=reason.reason, remedy=remedy
        )
