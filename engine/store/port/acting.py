"""The port to what an operator does to records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.model.acting import Done
from engine.model.dossier import Named
from engine.model.reason import Code


class Acting(Protocol):
    """What an operator does to records by name; each is done whole, or the reason is told."""

    async def refused(self, code: Code | None) -> list[Named]:
        """Refused opportunities and people: those refused for this reason, or all of them."""
        ...

    async def retry(self, named: Sequence[Named], now: float) -> list[Done]:
        """Reset our error flags, which is owed to the source, and try the records again.

        What waits is due at once. A flag of somebody else stays.
        """
        ...

    async def skip(self, named: Sequence[Named], reason: str, now: float) -> list[Done]:
        """Leave these records alone from now on, whatever the source says."""
        ...

    async def unskip(self, named: Sequence[Named], now: float) -> list[Done]:
        """Leave these records alone no more: they are read anew, and due."""
        ...

    async def resync(self, named: Sequence[Named], now: float) -> list[Done]:
        """Forget what the target is known to hold of these: it is read anew, and repaired."""
        ...
