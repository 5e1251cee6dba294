"""What follows from an error: the only place that tells an outage from a record's own failure.

Pure. An outage, a throttle or refused credentials refuse no record, however long they last; a
record is refused when the target refuses it, or when it keeps failing while others succeed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.decide.reasons import because, foreign
from engine.decide.retry import OPERATOR_PAUSE_S, SPACING_S, retry
from engine.errors import (
    Conflict,
    EngineError,
    Gone,
    HeldBack,
    Misconfigured,
    NotGranted,
    OurFault,
    ProtocolError,
    Rationed,
    Rejected,
    StateUnusable,
    Taken,
    Throttled,
    TooLarge,
    Unauthorized,
    Unavailable,
    Unreachable,
    WouldChange,
)
from engine.model.reason import Code, Reason, code_of
from engine.model.wait import Pace, Wait
from engine.model.work import Failure

FORBIDDEN = "forbidden"
FORBIDDEN_STATUS = 403
# So many other records refused with "forbidden" as well mean a missing permission.
FORBIDDEN_ALIKE = 2
# A single forbidden record is tried this often before it is believed.
FORBIDDEN_ATTEMPTS = 2

# A record waits so long for what was not granted, while the rest of the work goes on: many of them,
# each with a look before what is refused, must not use up the budget.
NOT_GRANTED_RETRY_S = 900.0

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

# What is said where nobody has said anything better: the first that fits.
_CODES: tuple[tuple[type[EngineError], Code], ...] = (
    (Unauthorized, Code.CREDENTIALS_REFUSED),
    (NotGranted, Code.NOT_GRANTED),
    (Misconfigured, Code.CONFIGURATION_WRONG),
    (Throttled, Code.THROTTLED),
    (Rationed, Code.RETRIES_RATIONED),
    (HeldBack, Code.SYSTEM_PAUSED),
    (TooLarge, Code.ANSWER_TOO_LARGE),
    (Unreachable, Code.UNANSWERED),
    (Conflict, Code.EDIT_CONFLICT),
    (Gone, Code.NOT_FOUND),
    (Taken, Code.ALREADY_THERE),
    (Rejected, Code.REFUSED),
    (OurFault, Code.REQUEST_MALFORMED),
    (ProtocolError, Code.ANSWER_NOT_UNDERSTOOD),
    (StateUnusable, Code.STATE_UNUSABLE),
    (WouldChange, Code.MASS_CHANGE_HELD),
)
# The same, once it has happened as often as a record is tried.
_KEPT = {
    "unreachable": Code.KEPT_UNANSWERED,
    "protocol": Code.KEPT_NOT_UNDERSTOOD,
    "conflict": Code.KEPT_CONFLICTING,
    "configuration": Code.KEPT_MISCONFIGURED,
    "auth": Code.KEPT_UNAUTHORISED,
    "unexpected": Code.KEPT_BREAKING,
}


class Verdict(StrEnum):
    """Who is at fault, and so what follows."""

    # The record: it is left out, with the reason, until somebody has mended it.
    REFUSE = "refuse"
    # Nobody is known to be: it is tried again.
    RETRY = "retry"
    # Every record is concerned and an operator must act: nothing is asked for a while.
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known besides the error itself.

    Args:
        attempts: failures of this record that counted so far.
        others_succeed: the target did the same for another record since this one last failed.
        forbidden_alike: other waiting records last refused with "forbidden".
        pace: of the target.
        failures: all of the present series of this record so far, whoever was at fault.
        apart: the rest of the work goes on without what failed.
    """

    attempts: int
    attempts_max: int
    others_succeed: bool
    forbidden_alike: int
    pace: Pace
    failures: int = 0
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows for a record that failed.

    Args:
        failure: what to keep as the reason.
        wait: until it may be tried again.
        counts: towards the record's attempts.
        fails: it belongs to the series of the record's failures; what was only put off does not.
        pause: why nothing is asked for a while.
    """

    verdict: Verdict
    failure: Failure
    wait: Wait
    counts: bool
    fails: bool = False
    pause: str = ""

    @property
    def refused(self) -> bool:
        """The record itself is at fault, and trying again alone does not help."""
        return self.verdict is Verdict.REFUSE

    @property
    def wait_s(self) -> float:
        """Seconds of the wait, once its moment is drawn."""
        return self.wait.least_s


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


def plain_reason(error: Exception) -> Reason:
    """The reason as a person should read it, without a stack and without the call's context."""
    if not isinstance(error, EngineError):
        return because(Code.INTERNAL_ERROR, kind=type(error).__name__)
    reason = foreign(_code(error), error.message)
    if isinstance(error, Unreachable | ProtocolError) and error.status is not None:
        # What such an answer says is seldom of any help, if it says anything.
        return reason.within(f"answered HTTP {error.status}: {{}}")
    return reason


def _code(error: EngineError) -> Code:
    """What whoever raised it has said, or what its class says."""
    said = code_of(error.message)
    if said is not None:
        return said
    if isinstance(error, Unavailable):
        return _code(error.cause)
    if error_class(error) == FORBIDDEN:
        return Code.FORBIDDEN
    return next((code for kind, code in _CODES if isinstance(error, kind)), Code.INTERNAL_ERROR)


def decide(error: Exception, around: Circumstances) -> Decision:
    """What to do with the record whose reconcile ended in this error."""
    reason = plain_reason(error)
    if isinstance(error, NotGranted) and around.apart:
        # Opportunities must not wait for what only people need.
        return _retry(error, around, counts=False)
    if isinstance(error, Misconfigured) and not around.others_succeed:
        kind = "credentials" if isinstance(error, Unauthorized) else "configuration"
        return _pause(error, foreign(reason.code, f"{kind}: {error}"))
    if isinstance(error, Throttled | HeldBack | Unavailable):
        return _retry(error, around, counts=False)
    if error_class(error) == FORBIDDEN:
        if around.forbidden_alike >= FORBIDDEN_ALIKE:
            return _pause(error, foreign(Code.PERMISSION_MISSING, f"permission: {reason}"))
        if around.attempts + 1 < FORBIDDEN_ATTEMPTS:
            return _retry(error, around, counts=True)
    if isinstance(error, Rejected | Gone):
        return _refuse(error, reason, error.field if isinstance(error, Rejected) else None)
    # A surprise in our own code is always this record's, or it would be everybody's; a conflict is
    # this record's by the target's own word, and mostly passes.
    counts = around.others_succeed or _is_its_own(error)
    if counts and around.attempts + 1 >= around.attempts_max:
        alike = " while others succeeded" if around.others_succeed else ""
        kept = _KEPT.get(error_class(error), reason.code)
        return _refuse(error, because(kept, alike=alike, detail=reason))
    return _retry(error, around, counts=counts)


def _refuse(error: Exception, reason: Reason, field: str | None = None) -> Decision:
    failure = Failure(error_class(error), field, reason)
    return Decision(Verdict.REFUSE, failure, Wait.exactly(0.0), counts=True)


def _pause(error: Exception, reason: Reason) -> Decision:
    failure = Failure(error_class(error), None, plain_reason(error))
    wait = Wait.exactly(OPERATOR_PAUSE_S)
    return Decision(Verdict.PAUSE, failure, wait, counts=False, pause=reason)


def _retry(error: Exception, around: Circumstances, *, counts: bool) -> Decision:
    failure = Failure(error_class(error), None, plain_reason(error))
    if isinstance(error, NotGranted):
        wait = Wait.exactly(NOT_GRANTED_RETRY_S)
        return Decision(Verdict.RETRY, failure, wait, counts=False)
    told_s = error.retry_after_s if isinstance(error, EngineError) else None
    if told_s is not None:
        if isinstance(error, Throttled):
            # The pause of the whole system lasts as long as told, or until somebody ends it.
            told_s = min(told_s, SPACING_S)
        return Decision(Verdict.RETRY, failure, Wait.exactly(told_s), counts)
    wait = retry(around.failures + 1, around.pace, others_succeed=around.others_succeed)
    return Decision(Verdict.RETRY, failure, wait, counts, fails=True)


def held_back(error: HeldBack, *, closed: bool, longest_s: float) -> Wait | None:
    """How long a record waits of which nothing was sent; None where time alone tells nothing.

    Args:
        closed: whoever watches the target has it tried again.
        longest_s: so long at most, where nothing was told.
    """
    # What held it back may be over before it was said to be: somebody has ended it meanwhile.
    told_s = min(error.retry_after_s or longest_s, SPACING_S)
    return None if closed else Wait.exactly(told_s)


def not_sent_again(
    *, blamed: int, sent: int, attempts_max: int, failing_s: float, alike: int, last: str | None
) -> Reason | None:
    """Why a lost create is not sent again although nothing came of it; None where it is.

    Args:
        blamed: losses while creates of others succeeded.
        sent: how often it was sent in all.
        failing_s: seconds since the first loss.
        alike: other records that wait because they failed likewise.
        last: why it was lost the last time.
    """
    if blamed >= attempts_max:
        return because(Code.CREATE_KEPT_LOST, detail=last)
    if sent >= attempts_max and failing_s >= LONELY_S and not alike:
        return because(Code.CREATE_LOST_ALONE, detail=last)
    return None


def _is_its_own(error: Exception) -> bool:
    return isinstance(error, Conflict) or not isinstance(error, EngineError)
