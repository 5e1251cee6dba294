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

from engine.clock import Clock
from engine.dates import Dates
from engine.decide.reasons import because
from engine.decide.trust import Writer, made_by_former_life, may_be_listed, roles_show_in_s, writer
from engine.errors import HeldBack
from engine.metrics import Metrics
from engine.model.age import Aged
from engine.model.fields import Fields
from engine.model.history import Note
from engine.model.kept import CREATES_PAUSED
from engine.model.reason import Code
from engine.model.records import SourceRecord
from engine.model.work import Work
from engine.store.port.store import Store

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
        target: which of them stamps what we create.
        shadow: nothing is sent, so whoever makes a record makes it in place of us.
    """

    store: Store
    clock: Clock
    metrics: Metrics
    visibility_s: float
    correlation_field: str
    dates: Dates
    source: str
    target: str
    shadow: bool = False
    aged: Aged | None = field(default=None, init=False)
    paused: str | None = field(default=None, init=False)

    def target_ahead_s(self) -> float:
        """Seconds that the target's clock is ahead of ours, as far as it has told."""
        return self.dates.ahead_s(self.target, self.clock.now())

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
        if work.intent is not None or self.aged is None:
            return False
        if not made_by_former_life(record, self.aged, self._present):
            return False
        now, since = self.clock.now(), self.aged.since
        return await self.store.records.open_doubt(work.id, correlation, since, now)

    def ensure_creates(self) -> None:
        """Let nothing be created while somebody else may do the same.

        Raises:
            HeldBack: nothing is created at present.
        """
        if self.paused is not None:
            raise HeldBack(because(Code.CREATES_PAUSED, cause=self.paused), retry_after_s=PAUSE_S)

    def ensure_roles_show(self, *, listed: bool) -> None:
        """Let no roles be made from a listing that need not show what another life made.

        Args:
            listed: every role is known already.

        Raises:
            HeldBack: nothing is created at present, or it is too early.
        """
        self.ensure_creates()
        wait_s = roles_show_in_s(
            self.aged, listed=listed, now=self.clock.now(), visibility_s=self.visibility_s
        )
        if wait_s > 0:
            raise HeldBack(
                because(Code.ROLES_TOO_YOUNG),
                retry_after_s=wait_s,
            )

    def may_list(self, work: Work, record: SourceRecord) -> bool:
        """Whether what its target record holds may be learned from the collection."""
        return may_be_listed(work, record, present=self._present, visibility_s=self.visibility_s)

    async def heed(
        self, work: Work, record: SourceRecord, target_id: int, holds: Fields, wanted: Fields
    ) -> None:
        """The source shows a target record that we have not written there: whose is it?

        One that carries our correlation value was made in our name, and not by this state.

        Args:
            holds: what the target record holds.
            wanted: what it would hold if it were ours.
        """
        made_by = writer(
            work,
            record,
            target_id,
            self.aged,
            holds=holds,
            wanted=wanted,
            correlation_field=self.correlation_field,
            present=self._present,
        )
        if made_by is Writer.SOMEBODY:
            await self.store.provenance.take_over(work, target_id, self.clock.now())
        if made_by is not Writer.IN_OUR_NAME or self.shadow:
            return
        if not await self.store.provenance.knows(work.id, target_id):
            await self._raise_alarm(work, target_id)

    async def _raise_alarm(self, work: Work, target_id: int) -> None:
        known = work.target_id
        made = "none" if known is None else f"id {known}"
        reason = because(Code.ANOTHER_WRITER, ref=work.ref, theirs=target_id, ours=made)
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

    @property
    def _present(self) -> float:
        """The present time by the source's word, as far as it has told any."""
        return self.dates.told().get(self.source, self.clock.now())
