"""The port to what is known of people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from engine.model.history import Note
from engine.model.outbox import Owed
from engine.model.person import Person
from engine.model.reason import Reason
from engine.model.records import SourceRecord
from engine.model.work import Failure


class People(Protocol):
    """What is known of people."""

    async def load(self, ids: Collection[int]) -> dict[int, Person]:
        """The people among these who are known, by id."""
        ...

    async def by_email(self, emails: Sequence[str]) -> dict[str, int]:
        """Prospects that people with these addresses are linked to, by address in lower case."""
        ...

    async def link(
        self,
        record: SourceRecord,
        prospect_id: int,
        *,
        email: str | None,
        owed: Owed | None,
        note: Note | None,
        now: float,
        known_version: int | None = None,
    ) -> bool:
        """The person is this prospect; False when it was changed since it was read.

        Then it is to be read again first, and a create that was answered stays to be found by its
        address: somebody may have entered another id.

        Args:
            owed: what the person's record shall be told; None when it knows.
            note: the decision, when there was one.
            known_version: the version that was known when it was read; None where nobody looked.
        """
        ...

    async def hold_back(self, record: SourceRecord, reason: Reason, now: float) -> None:
        """There is no prospect for now; nobody is at fault."""
        ...

    async def announce(self, record: SourceRecord, email: str, now: float) -> None:
        """Announce a create before it is sent: whatever dies from here on, the prospect is looked
        for.

        A doubt that is over, because the create was not executed, is over.
        """
        ...

    async def withdraw_announcement(self, person_id: int) -> None:
        """The create surely was not executed."""
        ...

    async def doubt(
        self, record: SourceRecord, reason: Reason, now: float, *, taken: bool = False
    ) -> None:
        """The create may have been executed; or there is somebody already, whom nothing shows."""
        ...

    async def failed(
        self, person_id: int, failure: Failure, now: float, *, retry_at: float
    ) -> None:
        """The create surely was not executed, and the person is not blamed for it."""
        ...

    async def looked(self, person_id: int, now: float) -> None:
        """Whoever has the address is still not to be seen."""
        ...

    async def refuse(
        self, record: SourceRecord, failure: Failure, now: float, *, taken: bool = False
    ) -> None:
        """The person cannot become a prospect until somebody changes it and resets its error flag.

        Args:
            taken: somebody has its e-mail address, whom nothing shows.
        """
        ...

    async def forget_reading(self, ids: Collection[int]) -> None:
        """What is known of these people may be out of date: ask the source the next time."""
        ...

    async def unlink(self, record: SourceRecord, note: Note, now: float) -> None:
        """The person's prospect is gone: it is nobody's until it is found or made again."""
        ...

    async def relate_again(self, person_id: int, now: float) -> None:
        """The roles of the person may be other ones than we know, wherever it is on a tab."""
        ...

    async def awaited(self) -> list[int]:
        """People some line of a tab waits for, and those of whom a create is in doubt.

        Lines of what the fuse evaluates or holds wait for that first.
        """
        ...
