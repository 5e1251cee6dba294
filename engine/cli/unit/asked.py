"""What the options of `wosync unit install` ask for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path

from engine.cli.exits import Misused


class Task(Enum):
    """What is to be done with the service."""

    INSTALL = auto()
    UPGRADE = auto()
    UNINSTALL = auto()


def chosen(*, upgrade: bool, uninstall: bool, purge: bool) -> Task:
    """Which task the flags mean.

    Raises:
        Misused: they contradict each other.
    """
    if upgrade and uninstall:
        raise Misused("--upgrade and --uninstall exclude each other", remedy="give one of them")
    if purge and not uninstall:
        raise Misused(
            "--purge goes with --uninstall alone",
            remedy="give both, to remove configuration, secrets and state as well",
        )
    if uninstall:
        return Task.UNINSTALL
    return Task.UPGRADE if upgrade else Task.INSTALL


def files_of(given: Sequence[str]) -> dict[str, Path]:
    """The files with secrets, by credential.

    Raises:
        Misused: one of them is not NAME=FILE.
    """
    found: dict[str, Path] = {}
    for one in given:
        name, equals, file = one.partition("=")
        if not equals or not file:
            # What was given may be a secret.
            raise Misused(
                "--credential wants NAME=FILE", remedy="put the secret in a file, and name that"
            )
        found[name] = Path(file)
    return found
