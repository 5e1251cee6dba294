"""The port to what an operator does to records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.model.acting import Done
from engine.model.history import Note
from engine.model.named import Named
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

    async def adopt(
        self, one: Named, target_id: int, note: Note, now: float, *, lift: bool
    ) -> bool:
        """Link an opportunity to a target record that another program has made for it; it is due.

        False where that is another record's, or a create of it was announced.

        Args:
            lift: the error flag that it carries counts as reset, and is reset.
        """
        ...
