"""Trust: how far what the state says of the target may be believed, for whoever is to create.

Mailbox   none: callers ask before they create
Sends     nothing
Store     reads the age of the state; keeps doubts about creates, and why creates are paused
Metrics   duplicates_found
Stops     with its callers
"""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from engine.dates import Dates
from engine.errors import HeldBack
from engine.metrics import Metrics
from engine.model.age import Aged
from engine.model.history import Note
from engine.model.kept import CREATES_PAUSED
from engine.model.records import Fields, SourceRecord
from engine.model.work import Work
from engine.ports import WallClock
from engine.store.port.store import Store

# The source's clock may be behind ours by so much.
SKEW_S = 300.0
# How soon what is paused looks again whether it still is.
PAUSE_S = 60.0

log = structlog.get_logger(component="trust")


@dataclass(slots=True)
class Trust:
    """One for all workers.

    Args:
        visibility_s: seconds a target collection may lag behind a write.
        dates: the present time by the word of the systems.
        source: which of them stamps the records.
    """

    store: Store
    clock: WallClock
    metrics: Metrics
    visibility_s: float
    correlation_field: str
    dates: Dates
    source: str
    aged: Aged | None = field(default=None, init=False)
    paused: str | None = field(default=None, init=False)

    async def load(self) -> None:
        """Take up what a former process found out."""
        self.aged = await self.store.provenance.aged()
        self.paused = await self.store.kept.setting(CREATES_PAUSED)

    async def looks_first(self, work: Work, record: SourceRecord, correlation: str) -> bool:
        """Whether a create must be looked for before it is sent; it is in doubt then.

        Raises:
            HeldBack: nothing is created at present.
        """
        self.ensure_creates()
        if work.intent is not None or self.aged is None or not self._is_old(record):
            return False
        now, since = self.clock.now(), self.aged.since
        return await self.store.records.open_doubt(work.id, correlation, since, now)

    def ensure_creates(self) -> None:
        """Let nothing be created while somebody else may do the same.

        Raises:
            HeldBack: nothing is created at present.
        """
        if self.paused is not None:
            raise HeldBack(f"creates are paused: {self.paused}", retry_after_s=PAUSE_S)

    def ensure_roles_show(self, *, listed: bool) -> None:
        """Let no roles be made from a listing that need not show what another life made.

        Args:
            listed: every role is known already.

        Raises:
            HeldBack: nothing is created at present, or it is too early.
        """
        self.ensure_creates()
        if listed or self.aged is None:
            return
        wait_s = self.aged.since + self.visibility_s - self.clock.now()
        if wait_s > 0:
            raise HeldBack(
                "the state is of unknown age, and roles made lately may not show yet",
                retry_after_s=wait_s,
            )

    async def heed(
        self, work: Work, record: SourceRecord, target_id: int, holds: Fields, wanted: Fields
    ) -> None:
        """The source shows a target record that we have not written there: whose is it?

        One that carries our correlation value was made in our name, and not by this state.

        Args:
            holds: what the target record holds.
            wanted: what it would hold if it were ours.
        """
        ours = wanted.get(self.correlation_field)
        known = work.target_id
        if ours is None or known == target_id:
            return
        if known is None and not work.seen_unlinked:
            return
        if holds.get(self.correlation_field) != ours:
            # It will carry it by our own hand, also where the answer to that gets lost.
            await self.store.provenance.take_over(work, target_id, self.clock.now())
            return
        if self.aged is not None and self._is_old(record):
            # Another life of this state has made it, before that was noticed.
            return
        if await self.store.provenance.knows(work.id, target_id):
            return
        made = "none" if known is None else f"id {known}"
        reason = (
            f"{work.ref} carries the target id {target_id}, made in our name by somebody else;"
            f" this service made {made}"
        )
        self.metrics.duplicates.inc()
        log.error(
            "another_writer",
            record=work.ref,
            ours=known,
            theirs=target_id,
            remedy="look for a second service on a copy of this state, and stop it; then stop this"
            " one, run wosync state adopt, and start it again",
        )
        self.paused = (
            f"{reason}; stop the other service, then this one, and run: wosync state adopt"
        )
        await self.store.provenance.pause_creates(
            work,
            Note("another writer", reason),
            self.paused,
            now=self.clock.now(),
        )

    def _is_old(self, record: SourceRecord) -> bool:
        """Whether the record may have been as it is before the age of the state was noticed.

        A time ahead of the present is that of a clock that is wrong, and proves nothing.
        """
        if self.aged is None:
            return False
        present = self.dates.told().get(self.source, self.clock.now())
        since = self.aged.noticed_at + SKEW_S
        return not since < record.updated_at <= present + SKEW_S
