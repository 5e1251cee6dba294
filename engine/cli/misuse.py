"""What is said of a command line that cannot be understood."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from engine.about import PROGRAM


def explained(error: click.ClickException, words: Sequence[str]) -> str:
    """The mistake, and where to look or what to type instead; the help itself without any word.

    Args:
        words: the command line without the program.
    """
    said = _said(error)
    if said.startswith("Usage"):
        return f"{said}\n"
    return f"{PROGRAM}: {_early(error, words) or said}\n  See: {PROGRAM} --help\n"


def _said(error: click.ClickException) -> str:
    """The mistake in one sentence, with the names that are nearest."""
    if isinstance(error, click.NoSuchOption):
        near = ", ".join(sorted(error.possibilities or ()))
        return f"No such option: {error.option_name}" + (
            f" (Possible options: {near})" if near else ""
        )
    if isinstance(error, click.NoSuchCommand):
        near = ", ".join(map(repr, error.possibilities or ()))
        return f"No such command {error.command_name!r}." + (
            f" Did you mean {near}?" if near else ""
        )
    return error.format_message()


def _early(error: click.ClickException, words: Sequence[str]) -> str | None:
    """For an option that stands before the command it belongs to."""
    name: str | None = getattr(error, "option_name", None)
    # Only what has commands of its own is asked for options before one of them.
    group: Any = getattr(getattr(error, "ctx", None), "command", None)
    commands: Mapping[str, Any] = getattr(group, "commands", {})
    owners = [one for one, command in commands.items() if name and name in _options(command)]
    if name is None or not owners:
        return None
    place = next((at for at, word in enumerate(words) if word.split("=")[0] == name), 0)
    before, rest = words[:place], words[place:]
    command = next((word for word in rest if word in commands), None)
    if command is None:
        line = shlex.join([PROGRAM, *before, owners[0], name])
        return f"give {name} after a command, as in: {line}"
    if command not in owners:
        return None
    at = rest.index(command)
    # What follows may be a secret, typed where none belongs.
    others = " …" if rest[at + 1 :] else ""
    line = f"{shlex.join([PROGRAM, *before, command])}{others} {shlex.join(rest[:at])}"
    return f"give {name} after the command: {line}"


def _options(command: Any) -> Iterator[str]:
    """Those of a command, or of every command below it."""
    for parameter in command.params:
        yield from parameter.opts
    for below in getattr(command, "commands", {}).values():
        yield from _options(below)
