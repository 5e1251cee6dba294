"""Verdicts: what is said of scopes and clocks, and a remedy for whatever failed."""

from __future__ import annotations

import pytest

from engine.cli.exits import Exit
from engine.cli.verdicts import clock, customers, failed, granted
from engine.errors import (
    EngineError,
    HeldBack,
    Misconfigured,
    OurFault,
    TheirFault,
    Throttled,
    Unauthorized,
    Unreachable,
)
from engine.model.permissions import Authorisation, Permission, Standing, Use

NEEDED = [Permission("a.read", Use.OWNERS), Permission("b.write", Use.PEOPLE)]


@pytest.mark.parametrize(
    "error",
    [
        EngineError("x"),
        HeldBack("x"),
        Misconfigured("x"),
        OurFault("x"),
        TheirFault("x"),
        Throttled("x"),
        Unauthorized("x", remedy="its own"),
        Unreachable("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_failure_has_a_remedy(error: EngineError) -> None:
    """Its own where it has one."""
    verdict = failed("system", "step", error)

    assert verdict.ok is False
    assert verdict.remedy
    assert error.remedy is None or verdict.remedy == "its own"


def test_what_is_missing_is_named_and_has_a_remedy() -> None:
    """With what does not work without it."""
    standing = Standing(True, frozenset({"a.read"}), None)

    verdict = granted("system", Authorisation(standing, NEEDED, NEEDED[1:]), None)

    assert (verdict.ok, verdict.code) == (False, Exit.ATTENTION)
    assert verdict.detail == f"b.write was not granted: {Use.PEOPLE.value}"
    assert "wosync auth" in (verdict.remedy or "")


@pytest.mark.parametrize(
    ("scopes", "detail"),
    [
        (frozenset({"a.read", "b.write"}), "all 2 that are needed were granted; it ends on then"),
        (None, "which were granted is not known before the next access token; it ends on then"),
    ],
)
def test_what_is_there_is_well(scopes: frozenset[str] | None, detail: str) -> None:
    """What was not told is not called missing."""
    verdict = granted("system", Authorisation(Standing(True, scopes, 1.0), NEEDED, []), "then")

    assert verdict.ok is True
    assert verdict.detail.startswith(detail)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"one": 1000.0}, "100 seconds ahead of that of one"),
        ({"one": 1100.0 + 3 * 3600}, "3 hours behind that of one"),
        ({"one": 1100.0 + 5 * 86_400, "other": 1100.0 + 6 * 86_400}, "5 days behind that of one"),
    ],
)
def test_a_clock_that_is_off_is_named_with_how_far(told: dict[str, float], words: str) -> None:
    """By the system that is nearest: the other one may be wrong itself."""
    verdict = clock(1100.0, told)

    assert verdict is not None
    assert (verdict.ok, verdict.code) == (False, Exit.ATTENTION)
    assert words in verdict.detail


@pytest.mark.parametrize("told", [{"one": 1100.0}, {"one": 1129.0}, {"one": 1.0, "other": 1101.0}])
def test_a_clock_that_agrees_with_one_system_is_right(told: dict[str, float]) -> None:
    """A second more or less is how dates are told."""
    verdict = clock(1100.0, told)

    assert verdict is not None
    assert verdict.ok is True


def test_without_any_date_nothing_is_said_of_the_clock() -> None:
    """No system may have been reached."""
    assert clock(1100.0, {}) is None


def test_customers_that_cannot_be_read_are_told_with_what_does_not_work() -> None:
    """Opportunities without an account go on, so it needs attention and is no wrong setting."""
    verdict = customers("a", Misconfigured("no such resource, or no access to it"))

    assert (verdict.ok, verdict.code) == (False, Exit.ATTENTION)
    assert "opportunities with an account wait" in verdict.detail
    assert verdict.remedy
    assert customers("a", Unreachable("no answer")).code == Exit.UNREACHABLE
    assert customers("a", Unauthorized("no")).code == Exit.CREDENTIALS
    assert customers("a", None).ok is True
