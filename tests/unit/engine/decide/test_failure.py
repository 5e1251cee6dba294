"""Failures: an outage refuses no record, who is at fault is refused, a permission pauses all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import errors
from engine.decide.failure import (
    NOT_GRANTED_RETRY_S,
    Circumstances,
    Decision,
    Verdict,
    decide,
    error_class,
    held_back,
    not_sent_again,
    plain_reason,
)
from engine.decide.reasons import ENTRIES, foreign
from engine.decide.retry import OPERATOR_PAUSE_S, SPACING_S, SPACING_SPREAD
from engine.errors import Rejected
from engine.metrics.labels import ERROR_CLASSES
from engine.model.reason import Code, code_of
from engine.model.wait import BackoffLimits, Pace, Wait
from engine.model.work import Failure

FORBIDDEN = Rejected("you may not", status=403)
PACE = Pace(BackoffLimits(1.0, 300.0), down=False)


def around(
    attempts: int = 0,
    *,
    others_succeed: bool = False,
    forbidden_alike: int = 0,
    failures: int = 0,
    down: bool = False,
    apart: bool = False,
) -> Circumstances:
    """Circumstances with three attempts allowed."""
    return Circumstances(
        attempts,
        3,
        others_succeed,
        forbidden_alike,
        replace(PACE, down=down),
        failures=failures,
        apart=apart,
    )


@pytest.mark.parametrize(
    ("error", "circumstances", "reason", "field"),
    [
        (Rejected("too long", field="name"), around(), "too long", "name"),
        (errors.Gone("no such record"), around(), "no such record", None),
        (errors.Conflict("moved on"), around(2), "kept failing: moved on", None),
        (FORBIDDEN, around(1), "you may not", None),
    ],
)
def test_a_record_at_fault_is_refused_with_its_reason(
    error: Exception, circumstances: Circumstances, reason: str, field: str | None
) -> None:
    """Trying again alone does not help it."""
    decision = decide(error, circumstances)

    assert decision == Decision(
        Verdict.REFUSE,
        Failure(error_class(error), field, foreign(decision.failure.reason.code, reason)),
        Wait.exactly(0.0),
        counts=True,
    )
    assert decision.refused


@pytest.mark.parametrize(
    ("error", "circumstances", "counts"),
    [
        (errors.Throttled("wait"), around(99, others_succeed=True), False),
        (errors.HeldBack("paused"), around(99, others_succeed=True), False),
        (errors.Unreachable("down"), around(99), False),
        (errors.Unreachable("down"), around(others_succeed=True), True),
        (errors.TheirFault("what?"), around(99), False),
        (errors.Conflict("moved on"), around(1, others_succeed=True), True),
        (errors.Conflict("moved on"), around(1), True),
        (errors.Misconfigured("moved"), around(1, others_succeed=True), True),
        (errors.Unauthorized("bad key"), around(1, others_succeed=True), True),
        (KeyError("x"), around(), True),
        # Once may be an accident.
        (FORBIDDEN, around(), True),
        # What is read for many at once fails for all of them alike.
        (
            errors.Unavailable("users", FORBIDDEN, retry_after_s=5.0),
            around(99, others_succeed=True),
            False,
        ),
        # Opportunities must not wait for what only people need.
        (errors.NotGranted("no scope"), around(99, apart=True), False),
    ],
)
def test_while_nobody_is_at_fault_it_is_tried_again(
    error: Exception, circumstances: Circumstances, counts: bool
) -> None:
    """Only what others do not meet counts towards a refusal."""
    decision = decide(error, circumstances)

    assert (decision.verdict, decision.counts) == (Verdict.RETRY, counts)
    assert decision.failure.reason_class == error_class(error)


@pytest.mark.parametrize(
    ("error", "circumstances", "why"),
    [
        (errors.Misconfigured("no field"), around(99), "configuration: no field"),
        (errors.Unauthorized("bad key"), around(99), "credentials: bad key"),
        (errors.NotGranted("no scope"), around(99), "configuration: no scope"),
        (FORBIDDEN, around(1, forbidden_alike=2), "permission: you may not"),
    ],
)
def test_what_concerns_every_record_pauses_the_target(
    error: Exception, circumstances: Circumstances, why: str
) -> None:
    """An operator must act, and no record is refused for it."""
    decision = decide(error, circumstances)

    assert (decision.verdict, decision.pause, decision.counts) == (Verdict.PAUSE, why, False)
    assert (decision.wait, decision.fails) == (Wait.exactly(OPERATOR_PAUSE_S), False)


@pytest.mark.parametrize(
    ("error", "circumstances", "wait", "fails"),
    [
        (errors.Unreachable("down"), around(), Wait(0.0, 1.0), True),
        (errors.Unreachable("down"), around(failures=3), Wait(0.0, 8.0), True),
        (
            errors.Unreachable("down"),
            around(failures=9),
            Wait(SPACING_S, SPACING_S * SPACING_SPREAD),
            True,
        ),
        (errors.Unreachable("down"), around(failures=9, down=True), Wait(0.0, 1.0), True),
        # It is refused before long, if it keeps failing.
        (
            errors.Unreachable("down"),
            around(failures=5, others_succeed=True),
            Wait(0.0, 32.0),
            True,
        ),
        # As told; what was only put off is no failure of the record.
        (
            errors.Throttled("wait", retry_after_s=17.0),
            around(failures=9),
            Wait.exactly(17.0),
            False,
        ),
        # The whole system pauses for as long, unless somebody has its limit raised.
        (
            errors.Throttled("wait", retry_after_s=3000.0),
            around(failures=9),
            Wait.exactly(60.0),
            False,
        ),
        (
            errors.NotGranted("no scope"),
            around(failures=9, apart=True),
            Wait.exactly(NOT_GRANTED_RETRY_S),
            False,
        ),
    ],
)
def test_how_long_it_waits_follows_from_its_series_and_from_what_was_told(
    error: Exception, circumstances: Circumstances, wait: Wait, fails: bool
) -> None:
    """Past a few quick tries nothing is tried more than once a minute."""
    decision = decide(error, circumstances)

    assert (decision.wait, decision.fails) == (wait, fails)


@pytest.mark.parametrize(
    ("error", "closed", "wait"),
    [
        (errors.HeldBack("paused", retry_after_s=7.0), False, Wait.exactly(7.0)),
        (errors.HeldBack("paused", retry_after_s=3000.0), False, Wait.exactly(60.0)),
        (errors.HeldBack("paused"), False, Wait.exactly(20.0)),
        (errors.HeldBack("paused", retry_after_s=7.0), True, None),
    ],
)
def test_what_was_not_sent_waits_for_whoever_watches_the_target(
    error: errors.HeldBack, closed: bool, wait: Wait | None
) -> None:
    """Otherwise for as long as it was told, and never for long."""
    assert held_back(error, closed=closed, longest_s=20.0) == wait


@pytest.mark.parametrize(
    ("blamed", "sent", "failing_s", "alike", "words"),
    [
        (3, 3, 10.0, 5, "kept getting lost, and not others"),
        (0, 3, 3600.0, 0, "for over an hour, and nothing else failed"),
        (0, 3, 3600.0, 1, None),
        (0, 3, 3599.0, 0, None),
        (0, 2, 3600.0, 0, None),
        (2, 2, 10.0, 0, None),
    ],
)
def test_a_create_that_gets_lost_alone_is_not_sent_for_ever(
    blamed: int, sent: int, failing_s: float, alike: int, words: str | None
) -> None:
    """An outage loses those of others as well."""
    fault = not_sent_again(
        blamed=blamed, sent=sent, attempts_max=3, failing_s=failing_s, alike=alike, last=None
    )

    assert (fault is None) is (words is None)
    assert words is None or words in str(fault)


@pytest.mark.parametrize(
    "error", [errors.Unreachable("cut"), errors.Unauthorized("no"), KeyError("a name of ours")]
)
def test_a_record_that_keeps_failing_while_others_succeed_is_refused(error: Exception) -> None:
    """Retrying for ever would hide it."""
    decision = decide(error, around(2, others_succeed=True))

    assert decision.refused
    assert decision.failure.reason.startswith("kept failing while others succeeded: ")
    assert "a name of ours" not in decision.failure.reason


@pytest.mark.parametrize(
    "kind",
    [
        errors.Unauthorized,
        errors.Misconfigured,
        errors.Throttled,
        errors.Unreachable,
        errors.Conflict,
        errors.Gone,
        errors.Rejected,
        errors.OurFault,
        errors.TheirFault,
        errors.StateUnusable,
        KeyError,
    ],
)
def test_every_error_has_a_class_the_metrics_know(kind: type[Exception]) -> None:
    """A label outside the closed set would start from nothing and raise no alert."""
    assert error_class(kind("reason")) in ERROR_CLASSES
    assert error_class(FORBIDDEN) == "forbidden"


EVERY_ERROR = [
    errors.Unauthorized("no"),
    errors.Misconfigured("no"),
    errors.NotGranted("no"),
    errors.Throttled("no"),
    errors.HeldBack("no"),
    errors.Rationed("no"),
    errors.Unreachable("no"),
    errors.TooLarge("no"),
    errors.Unavailable("users", errors.Unreachable("no"), retry_after_s=1),
    errors.Conflict("no"),
    errors.Gone("no"),
    errors.Rejected("no"),
    errors.Taken("no"),
    FORBIDDEN,
    errors.OurFault("no"),
    errors.TheirFault("no"),
    errors.StateUnusable("no"),
    KeyError("no"),
]


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("others_succeed", [True, False])
@pytest.mark.parametrize("attempts", [0, 2])
def test_the_code_of_a_reason_is_of_the_class_that_is_counted(
    error: Exception, others_succeed: bool, attempts: int
) -> None:
    """An alert leads from the one to the other."""
    decision = decide(error, around(attempts, others_succeed=others_succeed))

    assert ENTRIES[decision.failure.reason.code].kind == error_class(error)


def test_what_was_said_where_an_error_arose_is_what_is_kept() -> None:
    """Whoever raises it knows best; its class is the last resort."""
    said = foreign(Code.SOURCE_LAGS, "an older state")

    assert plain_reason(errors.TheirFault(said)).code is Code.SOURCE_LAGS
    assert plain_reason(errors.TheirFault(said, status=502)) == "answered HTTP 502: an older state"
    assert plain_reason(errors.TheirFault("what?")).code is Code.ANSWER_NOT_UNDERSTOOD


def test_a_permission_that_is_missing_has_a_code_of_its_own() -> None:
    """Nobody should look for the fault at the record."""
    decision = decide(FORBIDDEN, around(forbidden_alike=2))

    assert decision.verdict is Verdict.PAUSE
    assert code_of(decision.pause) is Code.PERMISSION_MISSING
