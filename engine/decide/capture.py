"""Capture: what a row that the source shows makes of its record. Pure.

Which rows are news is said in `decide.version`; here it is what follows from one that is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from engine.decide.reasons import because
from engine.decide.skipping import skipped
from engine.model.mass_change import Mass
from engine.model.reason import Code, Reason
from engine.model.records import Captured
from engine.model.skip import Skip
from engine.model.states import State

_OUT = (State.REFUSED, State.INELIGIBLE)


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of the record when its row is taken in; times in unix seconds.

    `in_doubt` when a create of it is announced, or in doubt; `flagged` when our error flag was set
    and nobody is known to have reset it; `lifted` while it counts as reset, or is on its way to be.
    """

    state: State
    version: int
    pending_since: float
    known_at: float
    mass: Mass
    target_id: int | None
    flagged: bool
    in_doubt: bool
    lifted: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What the record is from now on; `left_out` says why it is not to be synced, as news.

    `came_back` when it is to be synced again, as news.
    """

    state: State
    pending_since: float
    known_at: float
    mass: Mass
    left_out: str | None = None
    lifted: bool = False
    came_back: bool = False


def taken(
    before: Before | None,
    row: Captured,
    *,
    since: float,
    now: float,
    mass: bool,
    skip: Skip | None = None,
) -> Taken:
    """The record after this row.

    Args:
        since: when the change happened, unix seconds.
        mass: the row is part of a mass change.
        skip: an operator has told us to leave the record alone.
    """
    state = _state(before, row, skip)
    was_out = before is not None and before.state in _OUT
    return Taken(
        state=state,
        pending_since=_since(before, row, since, now),
        known_at=now if before is None or before.version != row.version else before.known_at,
        mass=_mass(before, row, mass=mass),
        left_out=why_left_out(row, skip) if before and not was_out and state in _OUT else None,
        lifted=state is State.PENDING and _stays_lifted(before, row),
        came_back=was_out and state is State.PENDING,
    )


def completes(payload: str, kept: str) -> bool:
    """Whether a row has a column that the same version of its record lacked when it was kept.

    That is given back, or asked for only now, and no change of the record: no version tells it.
    """
    return payload != kept and bool(json.loads(payload).keys() - json.loads(kept).keys())


def why_left_out(row: Captured, skip: Skip | None = None) -> Reason:
    """Why a row that is not eligible is left out."""
    if skip is not None:
        return skipped(skip)
    return because(Code.ERROR_FLAG_SET if row.flagged else Code.SYNC_OFF)


def why_vanished(row: Captured | None, *, deleted: bool) -> Reason:
    """Why a record is among the eligible ones no more, by a look at the record itself.

    Args:
        row: None where the source does not show it.
        deleted: the source shows it among those that were deleted.
    """
    if row is not None:
        return why_left_out(row)
    return because(Code.RECORD_DELETED if deleted else Code.RECORD_HIDDEN)


def _state(before: Before | None, row: Captured, skip: Skip | None) -> State:
    if before is not None and before.in_doubt:
        # A create in doubt is accounted for even when its record may not be synced any more.
        return State.PENDING
    if skip is not None:
        return State.INELIGIBLE
    if row.eligible or _stays_lifted(before, row):
        return State.PENDING
    if before is not None and before.flagged and row.flagged:
        # Our own flag still stands: whatever else was edited, somebody must look at it.
        return State.REFUSED
    return State.INELIGIBLE


def _stays_lifted(before: Before | None, row: Captured) -> bool:
    """Whether our flag, which counts as reset, is still shown: the reset is on its way."""
    return before is not None and before.lifted and row.flagged


def _since(before: Before | None, row: Captured, since: float, now: float) -> float:
    if before is None:
        return since
    if before.state is State.PENDING:
        return min(before.pending_since, since)
    # Of a version that is known it was hidden from us and is shown again: that happened now.
    return now if before.version == row.version else since


def _mass(before: Before | None, row: Captured, *, mass: bool) -> Mass:
    linked = row.linked or (before is not None and before.target_id is not None)
    if before is not None and before.mass in (Mass.EVALUATING, Mass.HELD):
        # A row of the version that is known has another column, and is no edit of today.
        return Mass(mass or (linked and before.version == row.version))
    # What would only be created is no change of the target.
    return Mass(mass) if linked else Mass.NONE
