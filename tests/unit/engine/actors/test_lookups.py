"""A lookup that fails: whose failure it is, and how often it is asked for."""

from __future__ import annotations

import asyncio

import pytest

from engine.decide.retry import QUICK_TRIES
from engine.errors import (
    EngineError,
    Gone,
    HeldBack,
    Misconfigured,
    Rejected,
    TheirFault,
    Throttled,
    Unavailable,
    Unreachable,
)
from engine.resolvers.lookups import RETRY_S, TRANSIENT_RETRY_S, Lookup
from tests.simulation import virtual_time


class Asked:
    """Something that is looked up; fails with what it is given."""

    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup
        self.error: EngineError | None = None
        self.count = 0

    def ask(self) -> str:
        """Once more."""
        with self.lookup.reading():
            self.count += 1
            if self.error is not None:
                raise self.error
            return "found"


@pytest.mark.parametrize(
    ("error", "retry_s"),
    [
        (Rejected("no"), RETRY_S),
        (Gone("no"), RETRY_S),
        (TheirFault("no"), RETRY_S),
        (Unreachable("no"), TRANSIENT_RETRY_S),
        (Unreachable("no", retry_after_s=9.0), 9.0),
    ],
)
def test_whatever_fails_at_a_lookup_is_no_records_failure(
    error: EngineError, retry_s: float
) -> None:
    """Otherwise every record that needs it would be flagged."""

    async def asking() -> None:
        asked = Asked(Lookup("users"))
        asked.error = error
        with pytest.raises(Unavailable, match="the users cannot be read: no") as raised:
            asked.ask()
        assert raised.value.retry_after_s == retry_s

    virtual_time.run(asking)


@pytest.mark.parametrize("error", [Throttled("wait"), HeldBack("wait")])
def test_a_wait_stays_a_wait(error: EngineError) -> None:
    """It is known already how long, and why."""

    async def asking() -> None:
        asked = Asked(Lookup("users"))
        asked.error = error
        with pytest.raises(type(error)):
            asked.ask()

    virtual_time.run(asking)


@pytest.mark.parametrize(("at_source", "kind"), [(True, Unavailable), (False, Misconfigured)])
def test_only_the_target_pauses_for_an_operator(at_source: bool, kind: type[EngineError]) -> None:
    """Syncing pauses the target; a trouble of the source must not be told in its name."""

    async def asking() -> None:
        asked = Asked(Lookup("customers", at_source=at_source))
        asked.error = Misconfigured("no such resource")
        with pytest.raises(kind):
            asked.ask()

    virtual_time.run(asking)


def test_many_who_need_it_do_not_each_fail_by_themselves() -> None:
    """Thousands may wait, and every request counts against the budget."""

    async def asking() -> None:
        asked = Asked(Lookup("users"))
        asked.error = Rejected("no")
        for _ in range(100):
            with pytest.raises(Unavailable):
                asked.ask()
        assert asked.count == 1

        await asyncio.sleep(RETRY_S)
        asked.error = None
        assert (asked.ask(), asked.ask(), asked.count) == ("found", "found", 3)

    virtual_time.run(asking)


def test_a_lookup_that_keeps_failing_is_not_asked_for_more_than_once_a_minute() -> None:
    """Those who need it go on waiting, and each of their requests counts."""

    async def asking() -> None:
        asked = Asked(Lookup("users"))
        asked.error = Unreachable("no")
        for _ in range(600):
            with pytest.raises(Unavailable):
                asked.ask()
            await asyncio.sleep(1)
        assert QUICK_TRIES + 5 <= asked.count <= QUICK_TRIES + 11

        asked.error = None
        await asyncio.sleep(RETRY_S)
        assert asked.ask() == "found"
        asked.error = Unreachable("no")
        with pytest.raises(Unavailable) as raised:
            asked.ask()
        assert raised.value.retry_after_s == TRANSIENT_RETRY_S

    virtual_time.run(asking)
