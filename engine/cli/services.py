"""The service a configuration belongs to: what it is called, and how a command finds it again."""

from __future__ import annotations

import shlex
from pathlib import Path

from engine.about import PROGRAM

# Where the units look: a pair of systems of its own has a directory of its own in it.
HOME = Path("/etc/wosync")
FILE = "config.toml"
# Where systemd keeps the state of each.
STATES = Path("/var/lib")


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
    if path.name != FILE:
        return None
    if place == HOME:
        return PROGRAM
    return f"{PROGRAM}@{place.name}" if place.parent == HOME else None


def state_of(path: Path) -> Path | None:
    """Where the unit that is started with this configuration has its state, if it names none."""
    unit = unit_of(path)
    return None if unit is None else STATES / unit.replace("@", "-")


def restart(path: Path) -> str:
    """What restarts the service with this configuration: a command where its unit is known."""
    unit = unit_of(path)
    return "restart the service" if unit is None else f"systemctl restart {shlex.quote(unit)}"
