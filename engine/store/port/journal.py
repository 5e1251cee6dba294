"""The port to what was decided and written, run by run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.model.named import Named
from engine.model.report import HistoryLine
from engine.model.run import Run


class Journal(Protocol):
    """What was decided and written, run by run."""

    async def lines(
        self,
        *,
        run: int | None = None,
        since: float | None = None,
        records: Sequence[Named] = (),
        limit: int = -1,
        skip: int = 0,
    ) -> list[HistoryLine]:
        """Lines of this run, since this moment, and of these records, oldest first.

        Args:
            limit: so many at most, behind the first `skip`; -1 for all.
        """
        ...

    async def counted(
        self,
        *,
        run: int | None = None,
        since: float | None = None,
        records: Sequence[Named] = (),
    ) -> int:
        """How many of them there are."""
        ...

    async def present(self, named: Named) -> list[HistoryLine]:
        """What the record waits for now, and what the fuse holds of it."""
        ...

    async def runs(self, *, limit: int, skip: int = 0) -> list[Run]:
        """The runs that left something, the latest first."""
        ...

    async def tend(self, now: float, *, before: float, bytes_max: int, limit: int) -> int:
        """Let what was written go that is older than `before`, and the oldest while all of it is
        more than `bytes_max`; a new day is a new run.

        That something was done is told for longer.

        Args:
            limit: of so many lines at most.

        Returns of how many.
        """
        ...
