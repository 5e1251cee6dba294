"""The gate: while work is only evaluated, no write of the target passes, whoever sends it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, cast

import pytest

from engine.actors.foreseen_outcomes import ForeseenOutcomes
from engine.actors.gate import gated, weighing
from engine.actors.person_outcomes import PersonOutcomes
from engine.errors import WouldChange, surely_not_executed
from engine.ports import Target

pytestmark = pytest.mark.anyio

WRITES = ("create", "update", "delete")
ARGUMENTS: dict[str, Any] = {"fields": {"name": "A"}, "changes": {"name": "A"}, "role": "Buyer"}


def methods(kind: type) -> dict[str, inspect.Signature]:
    """Everything a port or a class offers."""
    return {
        name: inspect.signature(member)
        for name, member in vars(kind).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }


WRITING = [name for name in methods(Target) if name.startswith(WRITES)]


class Door:
    """A target that counts what reaches it."""

    def __init__(self) -> None:
        self.passed: list[str] = []

    def __getattr__(self, name: str) -> Any:
        async def passes(*_given: Any) -> int:
            self.passed.append(name)
            return 7

        return passes


@pytest.fixture
def weighed() -> Iterator[None]:
    """Work that is only evaluated."""
    token = weighing.set(True)
    yield
    weighing.reset(token)


async def call(target: Target, name: str) -> None:
    """Call it with arguments that fit."""
    given = [
        ARGUMENTS.get(parameter, 1)
        for parameter in methods(Target)[name].parameters
        if parameter != "self"
    ]
    await getattr(target, name)(*given)


def test_the_port_has_writes() -> None:
    """The next tests would else test nothing."""
    assert {"create", "update", "create_prospect", "create_role", "delete_role"} <= set(WRITING)


@pytest.mark.parametrize("name", WRITING)
async def test_no_write_passes_while_work_is_only_evaluated(name: str) -> None:
    """Not even one whose caller forgot to look."""
    door = Door()
    target = gated(cast("Target", door))
    token = weighing.set(True)
    with pytest.raises(WouldChange) as raised:
        await call(target, name)
    weighing.reset(token)
    assert door.passed == []
    assert surely_not_executed(raised.value)

    await call(target, name)
    assert door.passed == [name]


async def test_readings_pass(weighed: None) -> None:  # a fixture
    """Evaluating is reading."""
    door = Door()
    target = gated(cast("Target", door))

    await target.users()
    await target.get(7, ["name"])

    assert door.passed == ["users", "get"]


def test_every_outcome_of_a_person_is_foreseen_in_its_own_way() -> None:
    """One that is not would tell the person."""
    # What only follows a create, and what only takes a note or another of these outcomes.
    kept = {"url_owed", "forbidden", "failed", "lost", "in_doubt", "waits", "invisible"}

    assert set(methods(PersonOutcomes)) - kept <= set(methods(ForeseenOutcomes))
