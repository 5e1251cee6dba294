"""The service a configuration belongs to: what it is called, and how a command finds it again."""

from __future__ import annotations

import contextlib
import os
import shlex
from pathlib import Path

import click

from engine.about import PROGRAM
from engine.command import AnyPath
from engine.command import option as command_option

# Where the units look: a pair of systems of its own has a directory of its own in it.
HOME = Path("/etc/wosync")
FILE, FLEET_FILE = "config.toml", "fleet.toml"
# Where systemd keeps the state of each.
STATES = Path("/var/lib")
# Where the unit is that `unit install` writes, and the directory beside the file for its secrets.
UNITS = Path("/etc/systemd/system")
CREDENTIALS = "credentials"


def option(path: Path | None) -> str:
    """The option by which a further command gets the same configuration, with a blank before it.

    Args:
        path: as the operator gave it; None, when it was found by itself, needs no option.
    """
    return "" if path is None else f" --config {shlex.quote(str(path))}"


def unit_of(path: Path) -> str | None:
    """The unit that is started with this configuration; None when it is none of ours."""
    # A link is what the unit names, wherever the file itself lies.
    place = path.parent.resolve()
    if path.name == FLEET_FILE and place == HOME:
        return f"{PROGRAM}-fleet"
    if path.name != FILE:
        return None
    if place == HOME:
        return PROGRAM
    return f"{PROGRAM}@{place.name}" if place.parent == HOME else None


def state_of(path: Path) -> Path | None:
    """Where the unit that is started with this configuration has its state, if it names none."""
    unit = unit_of(path)
    return None if unit is None else STATES / unit.replace("@", "-")


def as_its_unit(path: Path | None, *, fleet: bool = False) -> None:
    """Where an installed service has secrets and state, as systemd tells it; what is told stays.

    Args:
        path: as the operator gave it; None for the one that is found by itself.
        fleet: it is the configuration of a fleet.
    """
    from engine.config.places import CONFIGURATIONS, FLEETS

    with contextlib.suppress(OSError):
        usual = FLEETS if fleet else CONFIGURATIONS
        found = path or next((one for one in usual if one.is_file()), None)
        if found is None or unit_file_of(found) is None:
            return
        os.environ.setdefault("STATE_DIRECTORY", str(state_of(found)))
        os.environ.setdefault("CREDENTIALS_DIRECTORY", str(found.parent.resolve() / CREDENTIALS))


def unit_file_of(path: Path) -> Path | None:
    """The file of the unit that is started with this configuration; None where none is there."""
    unit = unit_of(path)
    found = None if unit is None else _unit_file(unit)
    return found if found is not None and found.is_file() else None


def _unit_file(unit: str) -> Path:
    name, pair, _ = unit.partition("@")
    return UNITS / f"{name}{pair}.service"


def restart(path: Path) -> str:
    """What restarts the service with this configuration: a command where its unit is known."""
    unit = unit_of(path)
    return "restart the service" if unit is None else f"systemctl restart {shlex.quote(unit)}"


def _as_its_unit(
    context: click.Context,
    parameter: click.Parameter,  # noqa: ARG001 # as the library calls it
    path: Path | None,
) -> Path | None:
    if (pair := context.meta.get(_PAIR)) is not None:
        from engine.cli.pair_path import path_of

        as_its_unit(path, fleet=True)
        return path_of(path, pair)
    as_its_unit(path)
    return path


def _as_its_fleet(
    context: click.Context,  # noqa: ARG001 # as the library calls it
    parameter: click.Parameter,  # noqa: ARG001 # as the library calls it
    path: Path | None,
) -> Path | None:
    as_its_unit(path, fleet=True)
    return path


def _note_pair(
    context: click.Context,
    parameter: click.Parameter,  # noqa: ARG001 # as the library calls it
    name: str | None,
) -> None:
    context.meta[_PAIR] = name


_PAIR = "wosync.pair"
CONFIG = command_option(
    "--config",
    metavar="PATH",
    type=AnyPath(),
    callback=_as_its_unit,
    help="Configuration file; by default ./config.toml, then /etc/wosync/config.toml.",
)
# For what is done about one pair, wherever that is worked on.
OF_A_PAIR = (
    CONFIG,
    command_option(
        "--pair",
        metavar="NAME",
        # Known before the configuration is looked for.
        is_eager=True,
        expose_value=False,
        callback=_note_pair,
        help="A pair of a fleet, whose fleet.toml --config then names.",
    ),
)
FLEET = command_option(
    "--config",
    metavar="PATH",
    type=AnyPath(),
    callback=_as_its_fleet,
    help="Configuration of the fleet; by default ./fleet.toml, then /etc/wosync/fleet.toml.",
)
