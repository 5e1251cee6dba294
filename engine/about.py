"""Who we are: name, version and summary, as the installed distribution says them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points

PROGRAM = "wosync"


@dataclass(frozen=True, slots=True)
class About:
    """The distribution that offers the connectors."""

    distribution: str
    version: str
    summary: str


@cache
def about() -> About:
    """Read the installed distribution's own description."""
    for entry in entry_points(group="wosync.connectors"):
        if entry.dist is not None:
            metadata = entry.dist.metadata
            return About(metadata["Name"], metadata["Version"], metadata["Summary"])
    return About(PROGRAM, "unknown", "")
