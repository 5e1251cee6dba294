"""Which process of a fleet works on which pair: evenly by weight, and the same for everybody.

Each process calculates this by itself from what the database shows to all of them, so that nobody
has to be asked. Only little changes hands when a process comes or goes. That two of them see
different things for a moment does no harm: the lease of a pair decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from engine.model.fleet import Member


def shared(members: Sequence[Member], left_out: Iterable[str] = ()) -> Mapping[str, str]:
    """The id of the member for each pair that anybody is able to work on.

    Each pair has an order of its own among the members, and goes to the first of them that is not
    full: none takes more than its part of the whole, rounded up by a pair.

    Args:
        left_out: names of pairs on which nobody is to work.
    """
    weights = _weights(members, frozenset(left_out))
    room = sum(member.weight for member in members)
    whole = sum(weights.values())
    taken: dict[str, float] = defaultdict(float)
    owners: dict[str, str] = {}
    # Heavy ones first: light ones fill what is left between them.
    for name in sorted(weights, key=lambda name: (-weights[name], name)):
        able = [member for member in members if name in member.pairs]
        able.sort(key=lambda member: _rank(name, member), reverse=True)
        fitting = (one for one in able if taken[one.id] < whole * one.weight / room)
        owner = next(fitting, None) or min(able, key=lambda one: taken[one.id] / one.weight)
        taken[owner.id] += weights[name]
        owners[name] = owner.id
    return owners


def _weights(members: Sequence[Member], left_out: frozenset[str]) -> dict[str, float]:
    """Of each pair; where members disagree, as one of two files was changed first, the largest."""
    weights: dict[str, float] = {}
    for member in members:
        for name, weight in member.pairs.items():
            if name not in left_out:
                weights[name] = max(weight, weights.get(name, 0.0))
    return weights


def _rank(name: str, member: Member) -> bytes:
    return sha256(f"{name} {member.id}".encode()).digest()
