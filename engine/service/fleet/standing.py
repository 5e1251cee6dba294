"""What a process of a fleet shows of itself: the facts behind its routes and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import anyio

from engine.config.fleet import Fleet
from engine.errors import EngineError
from engine.model.fleet import Roster
from engine.service.fleet.catalogue import Known
from engine.service.fleet.runner import Runner
from engine.service.fleet.shown import Shown


class Standing(Protocol):
    """A process of a fleet, to be looked at.

    Attributes:
        id: of this run of it, as the register knows it.
        known: the pairs that this machine knows.
        roster: what the register said last; None before it ever did.
        trouble: why it cannot be asked now.
        runners: those that work on a pair here, by its name.
        stop: set when it ends.
        shown: which pairs have series of their own.
        scrapes: how many of them are written down at the same time.
    """

    fleet: Fleet
    id: str
    known: Mapping[str, Known]
    roster: Roster | None
    trouble: EngineError | None
    runners: dict[str, Runner]
    stop: anyio.Event
    shown: Shown
    scrapes: anyio.CapacityLimiter

    def owners(self) -> Mapping[str, str]:
        """The id of the member that is to work on each pair."""
        ...

    def line(self) -> str:
        """How it does, in one line."""
        ...
