"""Foreseen outcomes: what would become of a person, for the fuse, and nothing of it done.

The prospect resolver decides over people in one way; with these outcomes it says what it would do.
Nobody is told anything, and what is kept in the store is only what the person says itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.actors.person_outcomes import PersonOutcomes
from engine.actors.standings import Standing
from engine.errors import Rejected
from engine.model.history import Note
from engine.model.person import Person
from engine.model.records import SourceRecord

WOULD_CREATE = Standing(None, "would be created", would="created")


@dataclass(slots=True)
class ForeseenOutcomes(PersonOutcomes):
    """Each outcome, only noted."""

    async def created(self, record: SourceRecord, prospect_id: int, email: str) -> None:  # noqa: ARG002 # as it is
        """It would be linked to what was made."""
        self._would(record, prospect_id, "linked")

    async def adopted(self, record: SourceRecord, prospect_id: int, email: str) -> None:  # noqa: ARG002 # as it is
        """It would be linked to what was there."""
        self._would(record, prospect_id, "linked")

    async def link(
        self,
        record: SourceRecord,
        prospect_id: int,
        email: str | None,  # noqa: ARG002 # as it is
        note: Note | None,  # noqa: ARG002 # as it is
    ) -> None:
        """It would be told its id again."""
        self._would(record, prospect_id, "linked")

    async def carried(self, record: SourceRecord, prospect_id: int, known: Person | None) -> None:
        """What the person says itself may be kept, where nothing is owed to it for that."""
        blamed = known is not None and known.refused_version is not None
        if not blamed and self.url_owed(record, prospect_id, known) is None:
            await PersonOutcomes.carried(self, record, prospect_id, known)
        else:
            self.standings.note(record.id, Standing(prospect_id))

    async def lost_link(self, record: SourceRecord, prospect_id: int) -> None:
        """It would be looked for as anybody is."""

    async def not_executed(self, record: SourceRecord) -> None:
        """It would be created again."""

    async def executed(self, record: SourceRecord, prospect_id: int, email: str) -> None:
        """It would be linked to what was made."""
        await self.adopted(record, prospect_id, email)

    async def held_back(self, record: SourceRecord, reason: str, known: Person | None) -> None:  # noqa: ARG002 # as it is
        """It would have no prospect, and nobody would be told."""
        self.standings.note(record.id, Standing(None, reason))

    async def refused(self, record: SourceRecord, error: Rejected) -> None:
        """It would be flagged."""
        self.standings.note(record.id, Standing(None, error.message, would="flagged"))

    async def still_invisible(self, record: SourceRecord, reason: str) -> None:
        """It would have no prospect still."""
        self.standings.note(record.id, Standing(None, reason))

    def _would(self, record: SourceRecord, prospect_id: int, would: str) -> None:
        self.standings.note(record.id, Standing(prospect_id, would=would))
