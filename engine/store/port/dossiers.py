"""The port to all that is known of one record, for whoever asks why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.model.dossier import Dossier, Listed, Named, PersonDossier
from engine.model.pointer import Pointer


class Dossiers(Protocol):
    """What is known of one record, and which records wait for something."""

    async def find(self, pointers: Sequence[Pointer]) -> list[Named]:
        """The records that are pointed at, in the order of the pointers."""
        ...

    async def alike(self, pointers: Sequence[Pointer], limit: int) -> list[Named]:
        """Known records that may have been meant instead, the nearest first."""
        ...

    async def of_opportunity(self, record_id: int) -> Dossier | None:
        """All that is known of an opportunity; None when it was never captured."""
        ...

    async def of_person(self, person_id: int) -> PersonDossier | None:
        """All that is known of a person; None of one who was never looked at."""
        ...

    async def part(self, kind: str, offset: int, limit: int) -> list[Listed]:
        """Records of a list, so many behind the first `offset` of them.

        Args:
            kind: one of `listing.KINDS`.
        """
        ...
