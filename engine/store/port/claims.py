"""The port to whose a target record is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.model.claim import Claim
from engine.model.history import Note
from engine.model.records import Captured


class Claims(Protocol):
    """Whose a target record is."""

    async def others(self, target_id: int, record_id: int) -> list[Claim]:
        """Other records that own the target record or, as last captured, carry its id."""
        ...

    async def since(self, target_id: int, record_id: int) -> float | None:
        """Since when the target record belongs to this record, unix seconds; None when it does
        not."""
        ...

    async def owned_by_others(self, target_ids: Sequence[int], record_id: int) -> set[int]:
        """Those of the target records that belong to another record."""
        ...

    async def take(
        self,
        record_id: int,
        target_id: int,
        *,
        expected: int | None,
        now: float,
        shown: Sequence[Captured] | None = None,
    ) -> bool:
        """Make the target record this one's; False when somebody else than `expected` owns it.

        Args:
            expected: the owner that the decision was made against; it is told, and looked at again.
            shown: other records as the source has just shown them; an owner that it did not show is
                left out. None when it was not asked.
        """
        ...

    async def tell(self, record_id: int, note: Note, now: float) -> None:
        """Add a line to the history of a record that is not in hand."""
        ...
