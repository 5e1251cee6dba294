"""The port to what the source shows: pages taken in, what is compared again, and who waits for
it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from engine.model.capture import Capture, Watermark
from engine.model.records import Captured
from engine.model.work import Referring


class Feeds(Protocol):
    """What the source shows, taken in."""

    async def watermark(self, feed: str) -> Watermark:
        """The feed's watermark."""
        ...

    async def set_watermark(self, feed: str, mark: Watermark) -> None:
        """Store the feed's watermark; only the poller, which never moves it back, calls this."""
        ...

    async def capture_page(
        self,
        rows: Sequence[Captured],
        *,
        now: float,
        fresh_max: int,
        feed: str | None = None,
        mark: Watermark | None = None,
        sweep: int = 0,
        anew: bool = False,
        mass: bool = False,
        news: bool = True,
        tab_changed_at: Mapping[int, float] | None = None,
        asked_at: float = -math.inf,
        may_lag: bool = True,
        first_look: bool = False,
    ) -> Capture:
        """Take a page in; see the module for what counts as a change.

        Args:
            fresh_max: a page with more changes than this is a bulk import and goes to the backlog.
            feed, mark: the watermark to move in the same transaction.
            sweep: number of the sweep the page belongs to; 0 for none.
            anew: rows of the known version are taken again too, behind every edit.
            mass: changes of linked records are subject to the mass-change fuse.
            news: False for what may have changed long ago: its age counts from now.
            tab_changed_at: source times of edited tabs by record, where they are known.
            asked_at: when the source was asked for it; without it nothing lower than known is
                believed.
            may_lag: False for records asked for by id, or all of them, as they are now.
            first_look: nothing is known of this pair of systems: what it would overwrite in the
                target is a mass change, and what it would create is counted first.
        """
        ...

    async def known_ids(self, ids: Sequence[int]) -> set[int]:
        """Those of these records that were ever captured."""
        ...

    async def reconciled_ids(self, after: int, limit: int) -> list[int]:
        """Records that are, or are about to be, in the target, by id."""
        ...

    async def next_sweep(self) -> int:
        """Number for a sweep about to start."""
        ...

    async def take_asked_for(
        self,
        ids: Sequence[int],
        rows: Sequence[Captured],
        asked_at: float,
        now: float,
        *,
        fresh_max: int,
    ) -> int:
        """Take in what records asked for by id are now; returns how many were left out as
        hidden."""
        ...

    async def read_anew(self, ids: Sequence[int], now: float) -> None:
        """Have these records, those of them that are synced and at rest, read anew by themselves.

        Whoever could not read them goes on, and they wait with the reason.
        """
        ...

    async def end_sweep(self, number: int, started_at: float, now: float, *, whole: bool) -> int:
        """A sweep is at its end; returns how many records it left out. An audit is due with it."""
        ...

    async def note_fingerprint(self, fingerprint: str, hold_until: float, now: float) -> bool:
        """Remember the mapping in force; whether it is another one than the last time."""
        ...

    async def take_anew(
        self,
        rows: list[Captured],
        after: int | None,
        asked_at: float,
        now: float,
        *,
        fresh_max: int,
    ) -> None:
        """Take in linked records for the mapping in force, and remember how far that has come."""
        ...


class Audit(Protocol):
    """What is compared with the source by and by."""

    async def population(self) -> int:
        """Records that should be eligible in the source."""
        ...

    async def compare(
        self,
        rows: Sequence[Captured],
        *,
        after: int,
        upto: int | None,
        started_at: float,
        now: float,
        whole: bool = True,
    ) -> tuple[Capture, list[int], int]:
        """Take in what differs.

        Returns also the ids that the slice lacks, which are not eligible any more or not shown at
        all, and how many others are looked at again.

        Args:
            after, upto: ids the slice lies between, the first excluded; None for no end.
            started_at: when the slice was asked for, unix seconds.
            whole: False when rows of it could not be read: any record may be one of them.
        """
        ...

    async def leave_out_vanished(
        self,
        ids: Sequence[int],
        rows: Sequence[Captured],
        deleted: Collection[int],
        *,
        asked_at: float,
        now: float,
    ) -> int:
        """Leave these out, each with its reason, by a look at the records themselves.

        Args:
            rows: those of them that the source shows; one that is eligible after all stays.
            deleted: those that it shows as deleted.

        Returns how many are left out.
        """
        ...

    async def refused(self, after: int, upto: int | None) -> list[int]:
        """Refused records of a slice; as they are not eligible, its pages do not show them."""
        ...

    async def compare_refused(
        self, ids: Sequence[int], rows: Sequence[Captured], now: float, *, asked_at: float
    ) -> int:
        """Take in what these refused records are now; returns how many are refused no more.

        What is not shown is deleted, or hidden from us, and nobody's error any more.
        """
        ...


class Awaited(Protocol):
    """Whom records wait for."""

    async def wake_awaiting(self, kind: str, names: Collection[str], now: float) -> int:
        """Reconcile again every settled record that was synced without one of these references."""
        ...

    async def referring(self, columns: Sequence[str], names: Sequence[str]) -> list[Referring]:
        """Settled, linked records that bear one of these names in one of the source columns."""
        ...

    async def wake_moved(self, ids: Sequence[int], now: float) -> int:
        """Evaluate these records again, as far as they are settled; the fuse counts them."""
        ...

    async def awaited_names(self, kind: str) -> list[str]:
        """Every reference of the kind that some record was synced without."""
        ...

    async def pending_column(self, column: str, limit: int) -> list[int]:
        """Integer values of one source column among the next pending records, for reading ahead."""
        ...
