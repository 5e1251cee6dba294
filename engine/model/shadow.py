"""What a service that only looks would have sent, and what has become of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.model.fields import Scalar
from engine.model.plan import Change


class Outcome(StrEnum):
    """What has become of it, done by somebody else or not at all."""

    NOT_DONE = "not done"
    DONE = "done by another"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class There:
    """What a field holds now, whoever wrote it."""

    field: str
    now: Scalar


@dataclass(frozen=True, slots=True)
class Unsent:
    """One thing that would have been sent.

    Args:
        seq: tells it from the others.
        since: when it would have been sent first, unix seconds.
        seen_at: when it was last compared; None as long as it was not.
        there: of a change that differs, the fields that do.
        remark: what could not be compared, and why.
    """

    seq: int
    since: float
    change: Change
    outcome: Outcome = Outcome.NOT_DONE
    seen_at: float | None = None
    there: tuple[There, ...] = ()
    remark: str | None = None
