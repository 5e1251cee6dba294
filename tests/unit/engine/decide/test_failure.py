"""Triage: an outage flags no record, a record at fault is flagged, a permission pauses all."""

from __future__ import annotations

import pytest

from engine import errors
from engine.decide.failure import Circumstances, Flag, Pause, Retry, Verdict, error_class, judge
from engine.errors import Rejected
from engine.metrics.labels import ERROR_CLASSES

FORBIDDEN = Rejected("you may not", status=403)


def around(
    attempts: int = 0, *, others_succeed: bool = False, forbidden_alike: int = 0
) -> Circumstances:
    """Circumstances with three attempts allowed."""
    return Circumstances(attempts, 3, others_succeed, forbidden_alike)


@pytest.mark.parametrize(
    ("error", "circumstances", "verdict"),
    [
        (Rejected("too long", field="name"), around(), Flag("too long", "name")),
        (errors.Gone("no such record"), around(), Flag("no such record")),
        (errors.Throttled("wait"), around(99, others_succeed=True), Retry(counts=False)),
        (errors.Unreachable("down"), around(99), Retry(counts=False)),
        (errors.Unreachable("down"), around(others_succeed=True), Retry(counts=True)),
        (errors.TheirFault("what?"), around(99), Retry(counts=False)),
        (errors.Conflict("moved on"), around(1, others_succeed=True), Retry(counts=True)),
        (errors.Conflict("moved on"), around(1), Retry(counts=True)),
        (errors.Conflict("moved on"), around(2), Flag("kept failing: moved on")),
        (errors.Misconfigured("no field"), around(99), Pause("configuration: no field")),
        (errors.Unauthorized("bad key"), around(99), Pause("credentials: bad key")),
        (errors.Misconfigured("moved"), around(1, others_succeed=True), Retry(counts=True)),
        (errors.Unauthorized("bad key"), around(1, others_succeed=True), Retry(counts=True)),
        (KeyError("x"), around(), Retry(counts=True)),
        (FORBIDDEN, around(), Retry(counts=True)),
        (FORBIDDEN, around(1), Flag("you may not")),
        (FORBIDDEN, around(1, forbidden_alike=2), Pause("permission: you may not")),
    ],
)
def test_the_verdict_follows_from_the_error_and_its_circumstances(
    error: Exception, circumstances: Circumstances, verdict: Verdict
) -> None:
    """The only place that tells an outage from a record's own failure."""
    assert judge(error, circumstances) == verdict


@pytest.mark.parametrize(
    "error", [errors.Unreachable("cut"), errors.Unauthorized("no"), KeyError("a name of ours")]
)
def test_a_record_that_keeps_failing_while_others_succeed_is_flagged(error: Exception) -> None:
    """Retrying for ever would hide it."""
    verdict = judge(error, around(2, others_succeed=True))

    assert isinstance(verdict, Flag)
    assert verdict.reason.startswith("kept failing while others succeeded: ")
    assert "a name of ours" not in verdict.reason


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
