"""What follows from an error: the only place that tells an outage from a record's own failure.

Pure. An outage, a throttle or refused credentials flag no record, however long they last; a
record is flagged when it is refused, or when it keeps failing while others succeed.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import (
    Conflict,
    EngineError,
    Gone,
    HeldBack,
    Misconfigured,
    NotGranted,
    ProtocolError,
    Rejected,
    StateUnusable,
    Throttled,
    Unauthorized,
    Unavailable,
    Unreachable,
)

FORBIDDEN = "forbidden"
FORBIDDEN_STATUS = 403
# So many other records refused with "forbidden" as well mean a missing permission.
FORBIDDEN_ALIKE = 2
# A single forbidden record is tried this often before it is believed.
FORBIDDEN_ATTEMPTS = 2

# A create that is lost for so long, while nothing else fails, is at fault itself.
LONELY_S = 3600.0
# How a create fails that is lost: without a usable answer, or with one that nobody understands.
LOST_CLASSES = ("unreachable", "protocol")

_CLASSES: tuple[tuple[type[EngineError], str], ...] = (
    (Unauthorized, "auth"),
    (Misconfigured, "configuration"),
    (Throttled, "rate_limited"),
    (HeldBack, "held_back"),
    (Unreachable, "unreachable"),
    (Conflict, "conflict"),
    (Gone, "not_found"),
    (Rejected, "validation"),
    (ProtocolError, "protocol"),
    (StateUnusable, "storage"),
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known besides the error itself.

    Args:
        attempts: failures of this record that counted so far.
        others_succeed: the target did the same for another record since this one last failed.
        forbidden_alike: other waiting records last refused with "forbidden".
        apart: the rest of the work goes on without what failed.
    """

    attempts: int
    attempts_max: int
    others_succeed: bool
    forbidden_alike: int
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """The record is at fault: flag it, with this reason."""

    reason: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Nobody is known to be at fault: try again; `counts` towards the record's attempts."""

    counts: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Every record is concerned and an operator must act: stop asking for a while."""

    reason: str


Verdict = Flag | Retry | Pause


def error_class(error: Exception) -> str:
    """One of `engine.metrics.labels.ERROR_CLASSES`."""
    if isinstance(error, Unavailable):
        return error_class(error.cause)
    if isinstance(error, Rejected) and error.status == FORBIDDEN_STATUS:
        return FORBIDDEN
    for kind, name in _CLASSES:
        if isinstance(error, kind):
            return name
    return "unexpected"


def plain_reason(error: Exception) -> str:
    """The reason as a person should read it, without a stack and without the call's context."""
    if isinstance(error, Unreachable | ProtocolError) and error.status is not None:
        # What such an answer says is seldom of any help, if it says anything.
        return f"answered HTTP {error.status}: {error.message}"
    if isinstance(error, EngineError):
        return error.message
    return f"internal error: {type(error).__name__}"


def judge(error: Exception, around: Circumstances) -> Verdict:
    """What to do with the record whose reconcile ended in this error."""
    reason = plain_reason(error)
    if isinstance(error, NotGranted) and around.apart:
        # Opportunities must not wait for what only people need.
        return Retry(counts=False)
    if isinstance(error, Misconfigured) and not around.others_succeed:
        kind = "credentials" if isinstance(error, Unauthorized) else "configuration"
        return Pause(f"{kind}: {error}")
    if isinstance(error, Throttled | HeldBack | Unavailable):
        return Retry(counts=False)
    if error_class(error) == FORBIDDEN:
        if around.forbidden_alike >= FORBIDDEN_ALIKE:
            return Pause(f"permission: {reason}")
        if around.attempts + 1 < FORBIDDEN_ATTEMPTS:
            return Retry(counts=True)
    if isinstance(error, Rejected | Gone):
        return Flag(reason, error.field if isinstance(error, Rejected) else None)
    # A surprise in our own code is always this record's, or it would be everybody's; a conflict is
    # this record's by the target's own word, and mostly passes.
    counts = around.others_succeed or _is_its_own(error)
    if counts and around.attempts + 1 >= around.attempts_max:
        alike = " while others succeeded" if around.others_succeed else ""
        return Flag(f"kept failing{alike}: {reason}")
    return Retry(counts=counts)


def not_sent_again(
    *, blamed: int, sent: int, attempts_max: int, failing_s: float, alike: int
) -> str | None:
    """Why a lost create is not sent again although nothing came of it; None where it is.

    Args:
        blamed: losses while creates of others succeeded.
        sent: how often it was sent in all.
        failing_s: seconds since the first loss.
        alike: other records that wait because they failed likewise.
    """
    if blamed >= attempts_max:
        return "creates of it kept getting lost, and not others"
    if sent >= attempts_max and failing_s >= LONELY_S and not alike:
        return "creates of it kept getting lost for over an hour, and nothing else failed"
    return None


def _is_its_own(error: Exception) -> bool:
    return isinstance(error, Conflict) or not isinstance(error, EngineError)
