"""The create of an opportunity in doubt: what of that which a look shows is ours. Pure.

A create whose answer never came is looked for by its correlation value; `decide.doubt` says what
follows where nothing of ours is found.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.decide.doubt import LookAgain, NotExecuted, proven, shared_time
from engine.model.intent import Intent
from engine.model.records import Match
from engine.model.work import Work


@dataclass(frozen=True, slots=True)
class Found:
    """The create was executed: `oldest` is the record's.

    Args:
        twins: others with the same correlation value.
        removable: these are provably our own second creates.
    """

    oldest: Match
    twins: tuple[Match, ...] = ()
    removable: bool = False


@dataclass(frozen=True, slots=True)
class NotSeen:
    """It may still show: look again then, unix seconds."""

    look_at: float


Proof = Found | NotSeen | NotExecuted


def proof(
    work: Work,
    intent: Intent,
    matches: Sequence[Match],
    *,
    others: Collection[int],
    began_at: float,
    now: float,
    bound_s: float,
    target_ahead_s: float,
) -> Proof:
    """What a look has proven.

    Args:
        matches: what the target shows under the correlation value.
        others: target records among them that belong to other records.
        began_at: when the look began; only one that began past the bound proves an absence.
        bound_s: see `doubt.bound_s`.
        target_ahead_s: by how much the target's clock is ahead of ours, as far as it has told.
    """
    ours = candidates(work, matches, others)
    if ours:
        oldest, *twins = sorted(ours, key=lambda match: match.id)
        removable = bool(twins) and second_creates(intent, ours, target_ahead_s)
        return Found(oldest, tuple(twins), removable)
    match proven(intent, seen=False, began_at=began_at, now=now, bound=bound_s):
        case LookAgain(in_s):
            return NotSeen(shared_time(now, in_s))
        case _:
            return NotExecuted()


def candidates(work: Work, matches: Sequence[Match], others: Collection[int]) -> list[Match]:
    """Those that our create may have made.

    Somebody may have entered an id at another record meanwhile, or two carry one value; what is
    known to be gone may be listed for a while yet.
    """
    return [
        match
        for match in matches
        if not match.trashed and match.id not in others and match.id != work.gone_id
    ]


def second_creates(intent: Intent, matches: Sequence[Match], target_ahead_s: float) -> bool:
    """Whether all of them are provably ours.

    We sent as many creates as there are records, and all are younger than our announcement, by our
    clock and by the target's: what may be somebody else's is never removed.
    """
    opened_at = int(intent.opened_at + max(0.0, target_ahead_s))
    announced = datetime.fromtimestamp(opened_at, UTC).isoformat()[:19]
    younger = all(match.created_at[:19] >= announced for match in matches)
    return younger and intent.sent >= len(matches)
