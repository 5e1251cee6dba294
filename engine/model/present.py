"""What a record or a tab is at the moment at which something is kept of it.

Tuples: one is made with each outcome.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.states import State


class RecordNow(NamedTuple):
    """A record; times in unix seconds, `updated_at` the source's."""

    state: State
    revision: int
    mass: Mass
    flagged: bool
    pending_since: float
    updated_at: float
    due_at: float
    failures: int
    failed_since: float | None


class TabNow(NamedTuple):
    """A People tab; times in unix seconds. `in_doubt` while the answer of a create is lost."""

    state: State
    revision: int
    lane: Lane
    mass: Mass
    target_id: int
    pending_since: float
    due_at: float
    failures: int
    failed_at: float | None
    taken_since: float | None
    given_up: bool
    in_doubt: bool
