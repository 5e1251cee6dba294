"""How old a state is, and what of an absence is proven. Pure.

A backup put back, a file without its write-ahead log or the snapshot of a machine is older than
both systems. What proves another life of the state makes everything that life sent as young as now;
an absence alone, which may have been one, dates it back to the last sign of life.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.model.age import Aged, Evidence, Rest

# A crash with a longer absence may have been the end of another history than this one's.
ABSENCE_S = 300.0
# A date is told in whole seconds.
RESOLUTION_S = 1.0


class Verdict(StrEnum):
    """What is to be made of a state."""

    TRUST = "trust"
    # It may not be taken up here.
    REFUSE = "refuse"
    # Nothing that is known of the target counts any more.
    DOUBT = "doubt"


@dataclass(frozen=True, slots=True)
class Decision:
    """How a state is taken up.

    Args:
        aged: why it is of unknown age, and since when.
        doubt_since: no doubt of it is older than that, unix seconds; what `resumed` will take from
            every doubt, for a clock that was set back, is added.
        renamed: it gets a name of its own, so that no other copy can be taken for it.
        writes: so many writes it counts from here on.
    """

    verdict: Verdict
    aged: Aged | None
    doubt_since: float
    renamed: bool
    writes: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """What an absence has proven: `moved_s` of it nothing, and the clock was `set_back_s`.

    `turned_s` is by how much it was set back at most: by what it shows less, and the absence too.
    """

    moved_s: float
    set_back_s: float
    turned_s: float
    aged: Aged | None


def decide(evidence: Evidence, now: float) -> Decision:
    """Whether the state may be taken up, and may be older than the world."""
    if evidence.elsewhere and evidence.holds_records:
        return Decision(Verdict.REFUSE, None, now, renamed=False, writes=evidence.writes)
    aged = _aged(evidence, now)
    set_back_s = max(0.0, (evidence.lived_at or now) - now)
    return Decision(
        Verdict.TRUST if aged is None else Verdict.DOUBT,
        aged,
        doubt_since=(now if aged is None else aged.since) + set_back_s,
        renamed=aged is not None or evidence.name is None,
        writes=max(evidence.writes, evidence.writes + evidence.missing),
    )


def resumed(rest: Rest, aged: Aged | None, now: float) -> Resumed:
    """Whatever is in doubt grows older only by what is certain to have passed.

    Args:
        aged: what is known of the state's age.
    """
    moved_s, set_back_s, turned_s = math.inf, 0.0, 0.0
    if rest.lived_at is not None:
        away_s = now - rest.lived_at
        moved_s = away_s - proven_s(away_s, rest.before, rest.told)
        set_back_s = max(0.0, -away_s)
        if set_back_s > 0:
            turned_s = set_back_s + longest_s(rest.before, rest.told)
    if aged is not None:
        aged = aged.carried_on(now, moved_s, set_back_s, rest.told_by_source)
    return Resumed(moved_s, set_back_s, turned_s, aged)


def longest_s(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """How many seconds can have passed between two moments, by the systems' own word.

    Args:
        before, after: as in `proven_s`; without a system in both, nothing is told.
    """
    return max([0.0, *_told_s(before, after)])


def proven_s(clock_s: float, before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """How many seconds have passed for certain between two moments.

    Args:
        clock_s: the time between them by the machine's clock.
        before, after: the two moments by the systems' own word; without a system in both, nothing
            is certain.
    """
    told = _told_s(before, after)
    return max(0.0, min(clock_s, *told)) if told else 0.0


def _told_s(before: Mapping[str, float], after: Mapping[str, float]) -> list[float]:
    return [after[system] - before[system] + RESOLUTION_S for system in before.keys() & after]


def _aged(evidence: Evidence, now: float) -> Aged | None:
    if not evidence.holds_records and evidence.missing <= 0:
        # A first start, or the first one after a check: there is nothing to forget.
        return None
    reason = evidence.copied or _told_by_mark(evidence)
    if reason is not None:
        return Aged(now, now, reason)
    lived_at = evidence.lived_at
    if lived_at is None or evidence.ended or abs(now - lived_at) <= ABSENCE_S:
        return None
    reason = f"it was not ended in order and the clock has moved by {now - lived_at:.0f} s since"
    return Aged(now, min(now, lived_at), reason)


def _told_by_mark(evidence: Evidence) -> str | None:
    mark = evidence.mark
    if evidence.name is None:
        return None if mark is None else _nameless(evidence.holds_records, mark.writes)
    if mark is None:
        return "the mark that belongs beside it is missing"
    if mark.name != evidence.name:
        return "the mark beside it is that of another state"
    if evidence.missing > 0:
        return f"it lacks the last {evidence.missing} writes that were acknowledged"
    if mark.moved:
        return "its directory was copied, put back or given to another user"
    return None


def _nameless(holds_records: bool, writes: int) -> str:
    """Why a state that kept no mark lies beside one; alone it is of a version that kept none."""
    what = "it is that of an older version, put back" if holds_records else "it was lost"
    return f"{what}; the mark beside it tells of {writes} writes"
