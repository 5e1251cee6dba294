"""Claimants: which of several source records a target record belongs to.

Pure. Two records with one id, as a copy or a pasted id makes them, would overwrite each other for
ever, so one of them keeps it: the one whose reference the target record carries, else the one that
was linked first. A record that is not wanted any more, or does not carry the id any more, has given
it up; when it comes back it does not take it away again from whoever has it by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.decide.reasons import because
from engine.model.history import Note
from engine.model.reason import Code, Reason


@dataclass(frozen=True, slots=True)
class Claimant:
    """A source record that may own a target record.

    Args:
        correlation: what the target record would carry as its correlation value.
        carries: its row in the source shows the id.
        owed: the id is still to be written to the source.
        wanted: it is ticked for sync, whether or not its error flag is set.
        eligible: it is synced.
        since: since when it is the owner, unix seconds; None when it is not.
    """

    id: int
    ref: str
    correlation: str | None
    carries: bool
    owed: bool
    wanted: bool
    eligible: bool
    since: float | None


def contenders(others: Sequence[Claimant]) -> list[Claimant]:
    """Those of the others that have not given the id up."""
    return [one for one in others if one.wanted and (one.carries or one.owed)]


def owner(me: Claimant, others: Sequence[Claimant], correlation: str | None) -> Claimant:
    """Whose the target record is, seen by `me`, a record in hand that is linked to it or shall be.

    Args:
        correlation: the correlation value that the target record carries.
    """
    rivals = [
        one
        for one in contenders(others)
        # A copy that was refused is no rival; an owner stays one in spite of a passing error.
        if one.eligible or one.since is not None or _named(one, correlation)
    ]
    if not rivals:
        return me
    if not (me.carries or me.owed):
        # Its id was cleared, and somebody has given it to another record.
        return _first(rivals, correlation)
    return _first([me, *rivals], correlation)


def _first(claimants: Sequence[Claimant], correlation: str | None) -> Claimant:
    named = [one for one in claimants if _named(one, correlation)]
    if len(named) == 1:
        return named[0]
    return min(claimants, key=lambda one: (one.since is None, one.since or 0.0, one.id))


def _named(claimant: Claimant, correlation: str | None) -> bool:
    return correlation is not None and claimant.correlation == correlation


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The id was cleared here, and is another's now: begin anew without it."""

    note: Note


@dataclass(frozen=True, slots=True)
class Contest:
    """The record carries an id that is another's, and is refused; that one is told."""

    note: Note
    reason: Reason


def lost(ref: str, target_id: int, winner: Claimant, *, carries: bool) -> GiveUp | Contest:
    """What follows for a record whose target record is another's.

    Args:
        ref: the record's.
        carries: it shows the id still.
    """
    if not carries:
        detail = f"it was cleared, and {winner.ref} carries {target_id} now"
        return GiveUp(Note("id given up", detail))
    return Contest(
        Note("id kept", f"id {target_id}; {ref} carries it too and is refused"),
        because(Code.CLAIM_LOST, target_id=target_id, owner=winner.ref),
    )
