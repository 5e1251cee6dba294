"""The port to what an operator is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from engine.model.day import Day
    from engine.model.lane import Lane
    from engine.model.measure import Measured
    from engine.model.report import Counts, Progress, RefusedTab, WaitingReason
    from engine.model.sample import Sample


class Report(Protocol):
    """What an operator is told."""

    async def counts(self) -> Counts:
        """Count everything once."""
        ...

    async def progress(self) -> Progress:
        """What there is to do; cheap enough for every few seconds."""
        ...

    async def due(self, now: float, lane_max: Lane) -> int:
        """Records of these lanes, and write-backs, that could be worked on now."""
        ...

    async def waiting_reasons(self, limit: int) -> list[WaitingReason]:
        """Why opportunities, or their people, wait; most frequent first."""
        ...

    async def cut_off(self) -> int:
        """Creates whose answer the process did not live to see: the next start looks for them."""
        ...

    async def day(self, system: str, begin: float, end: float) -> Day:
        """What happened on a day, and how everything stands.

        Args:
            system: the target, whose requests are counted.
        """
        ...

    async def summary(self, *, everything: bool = False) -> dict[str, Any]:
        """Counts, and the refused records by reason and by reference, as JSON can carry them.

        Args:
            everything: show every refused record, and not only REFUSED_SHOWN_MAX.
        """
        ...

    async def behind(self, now: float) -> Sample:
        """How far behind we are now; what the fuse holds waits for somebody, not for us."""
        ...

    async def samples(self, grain_s: int, since: int) -> list[Sample]:
        """How far behind the service was since then, by minute or by hour, oldest first."""
        ...

    async def refused_tabs(self, limit: int) -> list[RefusedTab]:
        """Tabs with a line that the target refuses, the longest refused first."""
        ...

    async def measured(self, proved_before: float, soon: float) -> Measured:
        """Count everything.

        Args:
            proved_before: what the source did not show since then is unproven.
            soon: what is due by then, unix seconds, is work; see `Backlog`.
        """
        ...


def unknown_summary() -> dict[str, None]:
    """The members of `Report.summary` where the state cannot be read.

    No number is better than a wrong one.
    """
    names = (
        "records",
        "people",
        "counts",
        "outbox",
        "clocks",
        "creates_paused",
        "refused_total",
        "refused_by_reason",
        "refused",
    )
    return dict.fromkeys(names)
