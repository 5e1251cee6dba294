"""Every command there is: what its options are called is what its function takes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click
import pytest

from engine.cli.commands import application


def commands(group: click.Group) -> Iterator[click.Command]:
    """Those of the group, and of the groups in it."""
    for one in group.commands.values():
        yield from commands(one) if isinstance(one, click.Group) else [one]


@pytest.mark.parametrize("command", [*commands(application())], ids=lambda one: one.name)
def test_a_command_takes_what_its_options_give(command: click.Command) -> None:
    """They are brought together by name, when somebody calls it."""
    assert command.callback is not None
    given = {str(one.name): None for one in command.params if one.expose_value}

    inspect.signature(command.callback).bind(**given)
