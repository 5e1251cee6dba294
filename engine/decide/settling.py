"""What an outcome makes of a record or a tab as it is by then. Pure.

Each outcome names the revision it was computed from. Where something newer was captured meanwhile,
what was learned is kept, and nothing that it decides holds up the newer one.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.model.lane import Lane
from engine.model.mass_change import NEVER, Mass
from engine.model.present import RecordNow, TabNow
from engine.model.states import State


class Settled(NamedTuple):
    """What it is once it was reconciled; `pending_since` says since when what waits does."""

    state: State
    mass: Mass
    pending_since: float


def settled(now: RecordNow, revision: int) -> Settled:
    """The target holds what this revision says."""
    if now.revision == revision:
        return Settled(_left_pending(now.state, State.SETTLED), Mass.NONE, now.pending_since)
    # What waits now is the newer change; the older ones have arrived.
    return Settled(now.state, now.mass, max(now.pending_since, now.updated_at))


def refused(now: RecordNow, revision: int) -> State:
    """The target does not take this revision."""
    return _left_pending(now.state, State.REFUSED) if now.revision == revision else now.state


def _left_pending(state: State, later: State) -> State:
    """What was left out meanwhile stays so."""
    return later if state is State.PENDING else state


def left_out(now: RecordNow, *, flagged: bool) -> State:
    """It may not be synced as it stands.

    Args:
        flagged: the error flag that it shows may be ours.
    """
    return State.REFUSED if flagged and now.flagged else State.INELIGIBLE


def due(now: RecordNow | TabNow, revision: int, due_at: float) -> float:
    """When it is tried again: an edit that cures it does not wait out what it cures."""
    return due_at if now.revision == revision else now.due_at


def failures(now: RecordNow | TabNow, *, fails: bool) -> int:
    """How many of a row it is, of the present series alone."""
    since = now.failed_since if isinstance(now, RecordNow) else now.failed_at
    return (0 if since is None else now.failures) + int(fails)


class Again(NamedTuple):
    """A record with a reason to look at it again."""

    state: State
    due_at: float
    pending_since: float


def read_again(now: RecordNow, at: float, *, in_s: float = 0.0) -> Again:
    """What the target holds is in question: only what rests is made due for that."""
    if now.state is State.SETTLED:
        return Again(State.PENDING, at + in_s, at)
    return Again(now.state, now.due_at, now.pending_since)


def handed_over(now: RecordNow, at: float) -> Again:
    """Its target record is another record's now; what was held of it is due."""
    again = read_again(now, at)
    return again._replace(due_at=at) if now.mass is not Mass.NONE else again


class TabDue(NamedTuple):
    """A tab with a reason to look at it again."""

    lane: Lane
    mass: Mass
    due_at: float
    pending_since: float


def tab_settled(now: TabNow, revision: int, at: float) -> Settled:
    """The roles agree with this revision."""
    if now.revision == revision:
        return Settled(State.SETTLED, Mass.NONE, now.pending_since)
    return Settled(now.state, now.mass, at)


def tab_left(now: TabNow, revision: int) -> State:
    """The opportunity may not be synced as this revision has it."""
    return State.SETTLED if now.revision == revision else now.state


def tab_again(now: TabNow, lane: Lane, mass: Mass, *, since: float, at: float) -> TabDue | None:
    """The roles may differ; None while the fuse has it, and the reason does not let it go.

    Args:
        since: when what is the reason happened, unix seconds.
    """
    in_passing = lane is Lane.BACKLOG and mass is Mass.NONE
    parked = now.mass is Mass.EVALUATING and now.due_at == NEVER
    if parked or (now.mass is Mass.HELD and in_passing):
        return None
    # A doubt keeps its own time: asking too early proves nothing.
    due_at = now.due_at if now.in_doubt else at
    if now.state is not State.PENDING:
        return TabDue(lane, mass, due_at, since)
    evaluated = now.mass is Mass.EVALUATING and in_passing
    return TabDue(
        min(now.lane, lane),
        Mass.EVALUATING if evaluated else mass,
        due_at,
        min(now.pending_since, since),
    )


def tab_later(now: TabNow, due_at: float) -> TabDue:
    """Some line can be told only then: until then nothing is late."""
    if now.state is State.PENDING:
        return TabDue(now.lane, now.mass, min(now.due_at, due_at), now.pending_since)
    return TabDue(now.lane, now.mass, due_at, due_at)


def waits_since(now: TabNow, at: float) -> float:
    """Since when it waits, if it does from now on."""
    return now.pending_since if now.state is State.PENDING else at


def taken_since(now: TabNow, at: float, *, taken: bool) -> float | None:
    """Since when the target calls a role taken that no listing shows."""
    return now.taken_since if now.taken_since is not None or not taken else at


def weight(mass: Mass, lane: Lane, of_record: Mass) -> Mass:
    """What a tab is to the fuse: what its record is, unless it was edited."""
    with_record = mass is Mass.NONE and lane is Lane.BACKLOG
    evaluated = of_record in (Mass.EVALUATING, Mass.HELD)
    return Mass.EVALUATING if with_record and evaluated else mass
