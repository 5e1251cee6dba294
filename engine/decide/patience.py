"""Patience: whether a start that was refused waits or gives up. Pure.

One answer proves nothing: it may come from whatever stands between us and a system for a minute.
A pair of systems that has worked before is waited for, however long that takes. A new one is given
up once a refusal that only a person can end was confirmed, several times and over some time.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.decide.failure import error_class
from engine.errors import EngineError, Misconfigured


@dataclass(frozen=True, slots=True)
class Patience:
    """How sure a start must be before it gives up, and how often it asks meanwhile; seconds.

    `confirmations` and `over_s` must both be reached. The wait between two attempts doubles from
    `first_s` up to `cap_s`.
    """

    confirmations: int = 3
    over_s: float = 60.0
    first_s: float = 5.0
    cap_s: float = 60.0


# What a service has.
USUAL = Patience()


@dataclass(frozen=True, slots=True)
class Refusals:
    """Refusals of one class in a row; `since` on a clock that is never set."""

    error_class: str
    times: int
    since: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again after so many seconds, and say why."""

    seconds: float
    reason: str
    refusals: Refusals | None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """A person must change something: end, and do not come back."""


def judged(
    error: EngineError,
    former: Refusals | None,
    *,
    worked: bool,
    backoff_s: float,
    now: float,
    patience: Patience,
) -> Wait | GiveUp:
    """What follows from an attempt to start that ended in this error.

    Args:
        former: the refusals before it, when nothing else came in between.
        worked: this pair of systems has been started on before.
        backoff_s: how long to wait where nobody is at fault.
        now: seconds on the clock of `Refusals.since`.
    """
    if not isinstance(error, Misconfigured):
        return Wait(error.retry_after_s or backoff_s, str(error), None)
    kind = error_class(error)
    if former is None or former.error_class != kind:
        former = Refusals(kind, 0, now)
    refusals = Refusals(kind, former.times + 1, former.since)
    confirmed = refusals.times >= patience.confirmations
    if confirmed and now - refusals.since >= patience.over_s and not worked:
        return GiveUp()
    doubled = patience.first_s * 2.0 ** min(refusals.times - 1, 60)
    wait_s = max(min(patience.cap_s, doubled), error.retry_after_s or 0.0)
    return Wait(wait_s, _said(error, worked=worked), refusals)


def _said(error: EngineError, *, worked: bool) -> str:
    # Why it does not end, as it would for a mistake that is certain.
    why = "this pair has worked before" if worked else "one refusal proves nothing"
    return f"{error}; asked again, since {why}"
