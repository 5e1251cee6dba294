"""The port to what is part of a mass change."""

from __future__ import annotations

from typing import Protocol

from engine.model.approval import EVERYTHING, Approved, Chosen
from engine.model.fields import Fields
from engine.model.mass_change import Held, Limits


class Fuse(Protocol):
    """What is part of a mass change, and waits."""

    async def hold_record(
        self,
        record_id: int,
        revision: int,
        known: Fields | None,
        would: str,
        *,
        target_id: int | None = None,
    ) -> None:
        """The record would be changed or refused; it waits, unless a newer change was captured.

        Args:
            known: what the target holds, so that it need not be read again; None where that is not
                known.
            would: what would happen, without a value of the record.
            target_id: the target record that was read; a record that has none yet is linked to it,
                if it is its owner.
        """
        ...

    async def held(self) -> Held:
        """What waits now."""
        ...

    async def held_since(self) -> float | None:
        """When it tripped, unix seconds; None while nothing needs an approval."""
        ...

    async def waiting(self) -> bool:
        """Whether anything waits, or did when the fuse tripped; cheap enough for every other
        second."""
        ...

    async def decide(self, limits: Limits, now: float) -> Held | None:
        """Once everything is read and evaluated: let what is held go on, or trip.

        None while nothing is new, or more of the same may follow: the first pages of a mass change
        look like a small one.
        """
        ...

    async def judge_parked(self, limits: Limits, now: float, *, first_look: bool) -> int:
        """A poll is at its end: what it parked goes on if it is not too much; returns how much is
        due.

        Args:
            first_look: it was the first look at a pair.
        """
        ...

    async def forget_unfinished(self, now: float) -> int:
        """At start: nobody goes on with what a former process was reading, or applying.

        Returns how many edits of a plan that was cut off are held again.
        """
        ...

    async def take_out(self, record_id: int, run: int, now: float) -> bool:
        """Let one record go on, and the people on it; returns whether the fuse had anything.

        Args:
            run: the one in which a plan is applied; with it, it goes on, and not after it.
        """
        ...

    async def hold_again(self, record_id: int, run: int, now: float) -> None:
        """Hold what a run took out of a record and is still to be done; an approval is needed."""
        ...

    async def approve(self, now: float, chosen: Chosen = EVERYTHING) -> Approved:
        """Somebody says that it is meant: as `release`, in a run of its own."""
        ...

    async def release(self, now: float, chosen: Chosen = EVERYTHING) -> int:
        """Let what is held go on at once; returns how many that were.

        Args:
            chosen: what of it is meant; the rest waits on.
        """
        ...
