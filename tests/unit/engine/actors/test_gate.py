"""The gate: while work is only evaluated, no write of the target passes, whoever sends it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, cast, get_args

import pytest

from engine.actors.gate import gated, weighing
from engine.decide.person import foreseen
from engine.errors import WouldChange, surely_not_executed
from engine.model.outbox import Owed
from engine.model.person import Candidate, Person
from engine.model.verdict import (
    Adopt,
    Create,
    Created,
    Decision,
    Forbid,
    HoldBack,
    Keep,
    Linked,
    Lose,
    LostLink,
    NotExecuted,
    Refuse,
    Tell,
    Unseen,
    Wait,
)
from engine.model.work import Failure
from engine.ports import Target
from engine.resolvers.person_outcomes import PersonOutcomes
from engine.resolvers.standings import Standings
from tests.unit.engine.stand_ins import NOW, person, said

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


class Nothing:
    """A store, a target or metrics that must not be used."""


DECISIONS: tuple[type, ...] = get_args(Decision)
KNOWN = Person(31, "P-31", 1, NOW, None, None, None, None, None, None, None)
MADE: dict[type, Decision] = {
    Adopt: Adopt(7, "a@b.example", executed=True),
    Create: Create(Candidate(person(31, 1), {}, "a@b.example", None, NOW)),
    Created: Created(7, "a@b.example"),
    Forbid: Forbid(said("no")),
    HoldBack: HoldBack(said("no address"), Keep.REASON),
    Linked: Linked(7, Owed(target_url="there"), blamed=False),
    Lose: Lose(said("no answer"), 5.0),
    LostLink: LostLink(7),
    NotExecuted: NotExecuted(KNOWN),
    Refuse: Refuse(Failure("validation", None, said("too long"))),
    Tell: Tell(7),
    Unseen: Unseen(said("taken")),
    Wait: Wait(said("later"), 5.0),
}


@pytest.mark.parametrize("kind", DECISIONS)
async def test_nothing_is_done_about_a_person_who_is_only_evaluated(kind: type) -> None:
    """Whatever is decided: what would be done is noted, and nobody is told."""
    nothing, standings = cast("Any", Nothing()), Standings(3600)
    outcomes = PersonOutcomes(
        nothing,
        nothing,
        nothing,
        nothing,
        standings,
        nothing,
        lambda: None,
        weighs=True,
        dependence=nothing,
    )

    await outcomes.execute(person(31, 1), MADE[kind])

    assert standings.last(31) == foreseen(MADE[kind])
