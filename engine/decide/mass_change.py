"""Mass changes: what goes on by itself, and what waits for somebody to approve it. Pure.

Edits that one cause brings about are counted before any of them is sent. A share of the linked
records may change at once; more may be a slip in the mapping, or somebody else's mistake in bulk.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.model.mass_change import Counts, Held, Limits, Mass, Parked


class Verdict(StrEnum):
    """What becomes of what is held."""

    NOTHING = "nothing"
    # More of the same may follow, or all of it waits for somebody already.
    WAIT = "wait"
    GO_ON = "go_on"
    # It waits for somebody.
    TRIP = "trip"
    # What came since the fuse tripped is more of the same, and waits with it.
    JOIN = "join"


class Part(StrEnum):
    """How much of what is held goes on."""

    NONE = "none"
    ALL = "all"
    # What the first look would create stays.
    CHANGES = "changes"
    # What came since the fuse tripped.
    NEWCOMERS = "newcomers"


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows for what is held; `mended` when the next mass change is another one."""

    verdict: Verdict
    goes_on: Part = Part.NONE
    mended: bool = False


@dataclass(frozen=True, slots=True)
class ParkedDecision:
    """What parked tabs and creates are to the fuse from now on; None while they stay parked."""

    tabs: Mass
    creates: Mass | None


def decide(counts: Counts, limits: Limits) -> Decision:
    """Once everything is read and evaluated, whether what is held goes on."""
    held = counts.held
    if not held.records:
        # Whoever made the mistake has taken it back.
        return Decision(Verdict.NOTHING, mended=held.tripped)
    if more_may_follow(counts):
        return Decision(Verdict.WAIT)
    if held.tripped:
        return _newcomers(counts, limits)
    if not are_few(held, limits):
        return Decision(Verdict.TRIP)
    if held.creates:
        # They were counted before, and are too many.
        return Decision(Verdict.TRIP, Part.CHANGES)
    return Decision(Verdict.GO_ON, Part.ALL)


def more_may_follow(counts: Counts) -> bool:
    """Whether the first pages of a mass change may be all that is known of it."""
    return counts.unread or counts.evaluating


def are_few(held: Held, limits: Limits) -> bool:
    """Whether so many records and people may change at once; creates count by themselves."""
    allowed = limits.changes_max(held.linked)
    return held.records - held.creates <= allowed and held.people <= allowed


def _newcomers(counts: Counts, limits: Limits) -> Decision:
    """A few edits of today are no part of what waits."""
    if not counts.newcomers:
        return Decision(Verdict.WAIT)
    if counts.newcomers > limits.changes_max(counts.linked):
        return Decision(Verdict.JOIN)
    return Decision(Verdict.GO_ON, Part.NEWCOMERS)


def decide_parked(parked: Parked, limits: Limits) -> ParkedDecision:
    """At the end of a poll, whether what it has parked is too much at once.

    Tabs emptied in numbers are evaluated first; creates in numbers wait for somebody, and are
    judged at the end of a first look only.
    """
    many_tabs = parked.tabs > 0 and parked.tabs > limits.changes_max(parked.linked)
    many_creates = parked.creates > limits.creates_max
    return ParkedDecision(
        tabs=Mass.EVALUATING if many_tabs else Mass.NONE,
        creates=(Mass.HELD if many_creates else Mass.NONE) if parked.first_look else None,
    )
