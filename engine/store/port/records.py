"""The port to opportunities as work."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from engine.model.edit import Edit
from engine.model.fields import Fields
from engine.model.history import Note
from engine.model.lane import Lane
from engine.model.outbox import Owed
from engine.model.outcome import Outcome
from engine.model.reason import NOTHING_BLANK, Reason
from engine.model.work import Failure, Work


class Records(Protocol):
    """Opportunities as work: what is due, what is announced, and how it ended."""

    async def due_keys(self, lane: Lane, now: float, limit: int) -> list[int]:
        """Pending records of the lane that may be reconciled now, longest due first."""
        ...

    async def next_due(self, lane: Lane, now: float) -> float | None:
        """When the next waiting record of the lane becomes due; None when none waits."""
        ...

    async def load(self, record_id: int) -> Work | None:
        """The record, when it is pending; None when there is nothing to do, or the fuse holds
        it."""
        ...

    async def shown_at(self, record_id: int) -> float | None:
        """When the source last showed the version we know; None when the record waits for
        nothing."""
        ...

    async def shown_before(self, lane: Lane, now: float, before: float, limit: int) -> list[int]:
        """Records next due in the lane that are to be read anew first: see `decide.opportunity`,
        `must_look`. Those that the target has never heard of, or that wait no longer for an
        approval, if they were last shown before then; and all that are marked for it."""
        ...

    async def carried_next(self, lane: Lane, now: float, limit: int) -> list[int]:
        """The ids of target records that records next due in the lane carry, as far as nothing is
        linked to them yet."""
        ...

    async def open_intent(
        self, work: Work, correlation: str, now: float, *, shown_since: float
    ) -> bool:
        """Announce a create before it is sent; keeps the first announcement when it is sent again.

        Returns False, and announces nothing, when what was decided on is not what is known by now:
        the record was left out while it was in hand, so that nobody would look for the create, or
        captured anew; or the source last showed it before `shown_since`, and nobody knows whether
        it may still be synced.
        """
        ...

    async def begin_update(
        self,
        record_id: int,
        target_id: int,
        edits: Sequence[Edit],
        *,
        known: Fields,
        now: float,
    ) -> bool:
        """A change is on its way: whatever dies before its answer is kept, the target is read
        first, and what it held before is on disk.

        Args:
            edits: what is about to be sent.
            known: what the target record holds; it tells whether an earlier change got there.

        Returns False, and nothing may be sent, when the target record is another's by now.
        """
        ...

    async def open_doubt(self, record_id: int, correlation: str, since: float, now: float) -> bool:
        """A create that this state knows nothing of may have been executed: look for it first.

        Returns False when the record was left out while it was in hand.
        """
        ...

    async def note_synced(
        self, record_id: int, synced: Fields | None, *, withdrawn: bool = False
    ) -> None:
        """What the target is known to hold; None where that is not known.

        Args:
            withdrawn: the edits that were announced surely were not, or need not be, carried out.
        """
        ...

    async def close_intent(self, record_id: int) -> None:
        """The create is known not to have been executed, or its result is known."""
        ...

    async def failing_alike(self, reason_class: str, except_id: int) -> int:
        """How many other pending records last failed for this class of reason."""
        ...

    async def settle_linked(
        self,
        work: Work,
        *,
        target_id: int,
        synced: Fields,
        owed: Owed | None,
        awaited: Collection[tuple[str, str]],
        note: Note,
        now: float,
        created: bool = False,
        answered: bool = False,
        blanks: Mapping[str, Reason] = NOTHING_BLANK,
        people_read_since: float = -math.inf,
    ) -> bool:
        """The target holds `synced` under `target_id`. Returns False when a newer change waits.

        Nothing is linked when the target record has become another's in the meantime; both are
        looked at again then, since what it holds may be of either.

        Args:
            owed: what the source shall be told; None when it knows everything.
            awaited: (kind, name) of references the record was synced without.
            created: we made the target record just now, so nobody has a role on it yet.
            answered: the edits that were announced were carried out, by the target's own word;
                otherwise those of them that `synced` shows.
            blanks: why a field was left blank that the source names something for, by field.
            people_read_since: see `tabs.follow`.
        """
        ...

    async def adopt(self, work: Work, target_id: int, note: Note, now: float) -> bool:
        """The target record is ours, but what it holds is not known: reconcile again, reading it.

        Whatever went wrong before is over with that.

        Returns False, and keeps the create in doubt, when it is another record's.
        """
        ...

    async def give_up_target(
        self, work: Work, target_id: int, note: Note, now: float, *, successor: int
    ) -> None:
        """The target record is that of `successor` from now on: reconcile again from nothing."""
        ...

    async def forget_target(self, work: Work, gone_id: int, note: Note, now: float) -> None:
        """The target record is gone and shall be created anew: reconcile again from nothing.

        The source may go on showing `gone_id` for a while; it counts as blank from now on.
        """
        ...

    async def settle_refused(self, work: Work, failure: Failure, now: float) -> Outcome:
        """The record is left out until somebody resets its error flag, which is owed to the source.

        Returns what became of it: AGAIN when a newer change waits, and is tried first.

        A create in doubt stays in doubt: the flag may be reset, and the create may have been
        executed. Nothing is flagged when a newer change waits, or made it ineligible. What is only
        evaluated for the fuse is held instead: flags in masses are as bad as edits in masses, and
        as likely a slip in the mapping.
        """
        ...

    async def settle_ineligible(self, work: Work, note: Note, *, flagged: bool, now: float) -> None:
        """The record may not be synced as it stands; a later change of it starts anew.

        Args:
            flagged: its error flag alone is what forbids it; a flag of ours is still a refusal.
        """
        ...

    async def defer(
        self,
        work: Work,
        failure: Failure,
        *,
        due_at: float,
        counts: bool,
        now: float,
        fails: bool = True,
    ) -> None:
        """Try again at `due_at`.

        Args:
            counts: the attempt counts towards the record's limit.
            fails: it is one more in the series of the record's failures.
        """
        ...

    async def postpone(self, work: Work, failure: Failure, due_at: float, now: float) -> None:
        """Nothing was sent: take it up again at `due_at`.

        That is no failure of the record. Why it failed before, if it did, is what it still waits
        for.
        """
        ...

    async def doubt(
        self, work: Work, failure: Failure, *, due_at: float, counts: bool, now: float
    ) -> None:
        """A create may have been executed: look for it from `due_at` on before anything is
        repeated."""
        ...

    async def due_looks(self, now: float, *, since: Mapping[str, float], limit: int) -> list[str]:
        """Correlation values of creates in doubt that may be looked for now, longest due first.

        Args:
            since: when values were looked for already, unix seconds; what became due before that
                needs no look.
        """
        ...

    async def next_look(self, now: float) -> float | None:
        """When the next create in doubt may be looked for; None when none waits for that."""
        ...

    async def look_again(self, record_id: int, due_at: float) -> None:
        """It is not to be seen yet: look again at `due_at`; why it is in doubt is known already."""
        ...
