"""The port to what refusals depended on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.model.refusal import Refused, Weighed


class Refusals(Protocol):
    """What refusals depended on, and which are to be weighed again."""

    async def any_refused(self) -> bool:
        """Whether any opportunity is refused."""
        ...

    async def any_person_refused(self) -> bool:
        """Whether any person is refused."""
        ...

    async def flagged_by_us(self, ids: Sequence[int]) -> set[int]:
        """Those of these records whose flag is ours, as far as is known."""
        ...

    async def unweighed(self, mark: str, limit: int) -> list[Refused]:
        """Refused opportunities that were not weighed as they are now, at this mark.

        Args:
            mark: of all that concerns many records alike.
        """
        ...

    async def weigh(self, weighed: Sequence[Weighed], mark: str, now: float) -> None:
        """Try again what heals, and let the others be until something is another.

        Our flag counts as reset then; it is owed with the outcome. One that changed meanwhile is
        weighed once more.
        """
        ...

    async def note_granted(self, granted: str) -> bool:
        """What is granted now; whoever waits for what was not is due where it is another.

        Returns whether it is another than it was.
        """
        ...

    async def people_unweighed(self, mark: str) -> list[int]:
        """Refused people who were not weighed at this mark."""
        ...

    async def note_people(self, ids: Sequence[int], mark: str) -> None:
        """These people are weighed at this mark."""
        ...

    async def lift_person(self, person_id: int, now: float) -> None:
        """A refused person is tried again: our flag counts as reset."""
        ...
