"""The port to what records of the source are owed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.model.history import Note
from engine.model.outbox import Entry, Key
from engine.model.reason import Reason
from engine.model.records import Captured, RecordType, SourceRecord


class Outbox(Protocol):
    """What records of the source are owed."""

    async def due_keys(self, now: float, limit: int) -> list[Key]:
        """Records with something to deliver now, longest due first."""
        ...

    async def next_due(self, now: float) -> float | None:
        """When the next waiting delivery becomes due; None when none waits."""
        ...

    async def load(self, record_type: RecordType, record_ids: Sequence[int]) -> list[Entry]:
        """The entries still owed among these records."""
        ...

    async def delivered(self, confirmed: Sequence[tuple[Entry, int]], now: float) -> None:
        """The source holds each entry at the version beside it; those versions are no news."""
        ...

    async def postpone(
        self, entry: Entry, reason: Reason, *, due_at: float, counts: bool, missed: int
    ) -> None:
        """Deliver again at `due_at`; an entry that changed meanwhile keeps its own time.

        Args:
            counts: as one more attempt at it.
            missed: so many looks in a row have not shown the record.
        """
        ...

    async def leave_out_owed(self, entry: Entry, reason: Reason, now: float) -> None:
        """Nothing is owed to the record; when the source shows it again, it starts anew."""
        ...

    async def withdraw_and_capture(
        self,
        entry: Entry,
        note: Note,
        row: Captured,
        record: SourceRecord,
        *,
        asked_at: float,
        now: float,
    ) -> None:
        """The entry is void, and what the source shows of its record is taken in with that."""
        ...

    async def withdraw_link(self, entry: Entry, note: Note, now: float) -> None:
        """The id and URL owed to an opportunity are void; what else is owed to it stays."""
        ...

    async def capture_shown(self, row: Captured, asked_at: float, now: float) -> None:
        """Take in a record that was asked for by id."""
        ...
