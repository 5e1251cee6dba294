"""The port to all that is known of one record, for whoever asks why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.model.dossier import Dossier, Listed, PersonDossier
from engine.model.listing import Wanted
from engine.model.named import Named
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

    async def chosen(
        self, wanted: Wanted, *, limit: int | None = None, skip: int = 0
    ) -> list[tuple[str, Listed]]:
        """Records of these lists, each with the name of its list, one list behind the other.

        Args:
            limit: at most so many, behind the first `skip`; all of them without one.
        """
        ...

    async def counted(self, wanted: Wanted) -> int:
        """How many records there are on these lists."""
        ...

    async def blank_fields(self) -> list[str]:
        """The fields of the target that can be blank."""
        ...

    async def part(self, kind: str, offset: int, limit: int) -> list[Listed]:
        """Records of a list, so many behind the first `offset` of them.

        Args:
            kind: one of `listing.KINDS`.
        """
        ...
