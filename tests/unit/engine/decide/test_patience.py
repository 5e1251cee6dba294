"""Whether a start that was refused waits or gives up."""

from __future__ import annotations

import pytest

from engine.decide.patience import GiveUp, Patience, Refusals, Wait, judged
from engine.errors import (
    EngineError,
    Gone,
    Misconfigured,
    OurFault,
    Rejected,
    TheirFault,
    Throttled,
    Unauthorized,
    Unreachable,
)

PATIENCE = Patience(confirmations=3, over_s=60.0, first_s=5.0, cap_s=60.0)
BACKOFF_S = 7.0


def after(
    error: EngineError, former: Refusals | None = None, *, worked: bool = False, now: float = 0.0
) -> Wait | GiveUp:
    """The verdict on one more failure."""
    return judged(error, former, worked=worked, backoff_s=BACKOFF_S, now=now, patience=PATIENCE)


def ends_at(error: EngineError, *, worked: bool = False, attempts: int = 50) -> float | None:
    """When a start that always ends in this error gives up, seconds; None for never."""
    now, former = 0.0, None
    for _ in range(attempts):
        verdict = after(error, former, worked=worked, now=now)
        if isinstance(verdict, GiveUp):
            return now
        former = verdict.refusals
        now += verdict.seconds
    return None


@pytest.mark.parametrize("kind", [Unauthorized, Misconfigured])
def test_a_new_pair_is_given_up_after_several_refusals_over_a_minute(
    kind: type[Misconfigured],
) -> None:
    """A restart would only lock an account, but one answer proves nothing."""
    at = ends_at(kind("refused"))

    assert at is not None
    assert 60 <= at <= 150


@pytest.mark.parametrize("kind", [Unauthorized, Misconfigured])
def test_a_pair_that_has_worked_is_never_given_up(kind: type[Misconfigured]) -> None:
    """At night nobody would start it again."""
    assert ends_at(kind("refused"), worked=True, attempts=1000) is None


@pytest.mark.parametrize(
    "error",
    [
        Gone("no such record"),
        Rejected("refused", status=422),
        OurFault("malformed", status=405),
        TheirFault("an HTML page"),
        Throttled("wait"),
        Unreachable("no answer"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_no_person_can_change_is_waited_for(error: EngineError) -> None:
    """Whoever restarts it gets the same answer."""
    assert ends_at(error, attempts=1000) is None


def test_refusals_count_only_in_a_row_and_only_of_one_class() -> None:
    """A system in trouble refuses for this reason and for that one."""
    many = Refusals("auth", 10, since=0.0)

    other = after(Misconfigured("no such column"), many, now=1000.0)
    between = after(Unreachable("no answer"), many, now=1000.0)

    assert isinstance(other, Wait)
    assert isinstance(between, Wait)
    assert other.refusals == Refusals("configuration", 1, 1000.0)
    assert between.refusals is None
    assert between.seconds == BACKOFF_S


def test_many_refusals_within_seconds_prove_nothing_and_two_in_an_hour_neither() -> None:
    """Both the number and the time are needed."""
    refused = Unauthorized("refused")

    assert isinstance(after(refused, Refusals("auth", 99, 0.0), now=59.0), Wait)
    assert isinstance(after(refused, Refusals("auth", 1, 0.0), now=3600.0), Wait)
    assert isinstance(after(refused, Refusals("auth", 2, 0.0), now=60.0), GiveUp)


def test_waits_grow_to_a_minute_and_are_never_shorter_than_asked_for() -> None:
    """Nobody is hammered; of tokens one a minute may be asked for."""
    refused, former = Misconfigured("refused"), None
    waits: list[float] = []
    for _ in range(7):
        verdict = after(refused, former, worked=True)
        assert isinstance(verdict, Wait)
        waits.append(verdict.seconds)
        former = verdict.refusals
    told = after(Unauthorized("refused", retry_after_s=61.0))

    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0]
    assert isinstance(told, Wait)
    assert told.seconds == 61.0


def test_it_is_said_what_is_waited_for_and_why_it_does_not_end() -> None:
    """Whoever looks at the status must not wonder why it hangs."""
    refused = Unauthorized("the key is refused", system="workbooks")

    new, known = after(refused), after(refused, worked=True)

    assert isinstance(new, Wait)
    assert isinstance(known, Wait)
    assert (
        new.reason == "workbooks: the key is refused; asked again, since one refusal proves nothing"
    )
    assert known.reason.endswith("since this pair has worked before")
