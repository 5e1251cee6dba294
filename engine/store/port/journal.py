"""The port to what was decided and written, run by run."""

from __future__ import annotations

from typing import Protocol


class Journal(Protocol):
    """What was decided and written, run by run."""

    async def tend(self, now: float, *, before: float, bytes_max: int, limit: int) -> int:
        """Let what was written go that is older than `before`, and the oldest while all of it is
        more than `bytes_max`; a new day is a new run.

        That something was done is told for longer.

        Args:
            limit: of so many lines at most.

        Returns of how many.
        """
        ...
