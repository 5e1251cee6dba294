"""What stands in front of a port and passes on what it does not have itself.

The type checker is told that they are ports, so it sees neither an operation that they let through
nor one that takes other arguments.
"""

from __future__ import annotations

import inspect

import pytest

from engine.actors import gate
from engine.ports import Source, Target
from engine.service.planning.source import RehearsedSource
from engine.service.planning.target import RehearsedTarget
from engine.service.shadow.source import ShadowSource
from engine.service.shadow.target import ShadowTarget

GATED = type(gate.gated(None))  # pyright: ignore[reportArgumentType] # of nothing, for its type
STAND_INS = [
    (GATED, Target),
    (RehearsedTarget, Target),
    (ShadowTarget, Target),
    (RehearsedSource, Source),
    (ShadowSource, Source),
]
# What changes nothing in either system. An operation that is new to a port belongs here, or into
# everything that stands in front of it.
READINGS = {
    Target: frozenset(
        {
            "accounts",
            "authority",
            "encode",
            "fields",
            "find",
            "find_prospects",
            "get",
            "listed",
            "prospect_exists",
            "role",
            "roles",
            "shown",
            "stages",
            "steps",
            "url",
            "user_exists",
            "users",
        }
    ),
    Source: frozenset(
        {
            "account_ids",
            "accounts_changed",
            "apart",
            "changes",
            "columns",
            "deleted",
            "eligible",
            "fetch",
            "identity",
            "mapping_rows",
            "newest_person_change",
            "newest_tab_change",
            "parse",
            "people",
            "people_changes",
            "pointed_at",
            "read",
            "select",
            "sends",
            "steps",
            "tab_changes",
            "tab_changes_listed",
            "unlinked",
        }
    ),
}


def operations(port: type) -> set[str]:
    """What the port asks for."""
    return {name for name in vars(port) if not name.startswith("_")}


def own(stand_in: type) -> set[str]:
    """What it does itself."""
    return {name for kind in stand_in.__mro__ for name in vars(kind)}


def taken(operation: object) -> list[tuple[str, object, object]]:
    """The arguments of an operation: names, kinds and defaults."""
    assert callable(operation)
    given = inspect.signature(operation).parameters.values()
    return [(one.name, one.kind, one.default) for one in given]


@pytest.mark.parametrize(("stand_in", "port"), STAND_INS)
def test_nothing_that_writes_is_passed_on(stand_in: type, port: type) -> None:
    """It would be sent by a plan, by a shadow, or past the fuse."""
    passed_on = operations(port) - own(stand_in)

    assert passed_on
    assert passed_on - READINGS[port] == set()


@pytest.mark.parametrize(("stand_in", "port"), STAND_INS)
def test_what_it_does_itself_takes_what_the_port_takes(stand_in: type, port: type) -> None:
    """An argument that only the real one knows fails on the day of the first plan."""
    both = operations(port) & own(stand_in)

    assert both
    for name in both:
        asked = getattr(port, name)
        if callable(asked):
            assert taken(getattr(stand_in, name)) == taken(asked), name


@pytest.mark.parametrize("port", [Target, Source])
def test_no_reading_is_named_that_the_port_does_not_have(port: type) -> None:
    """A name that is left over would let its next bearer through."""
    assert READINGS[port] - operations(port) == set()
