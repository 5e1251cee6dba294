"""Which process of a fleet works on which pair: evenly by weight, and the same for everybody.

Each process calculates this by itself from what the database shows to all of them, so that nobody
has to be asked. Only little changes hands when a process comes or goes. That two of them see
different things for a moment does no harm: the lease of a pair decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import frexp, log

from engine.model.fleet import Member

_HASHES = 2.0**64


def shared(members: Sequence[Member], left_out: Iterable[str] = ()) -> Mapping[str, str]:
    """The id of the member for each pair that anybody is able to work on.

    How well a pair and a member suit each other depends on nobody else. Those that suit best find
    each other first, and a member that has its part takes no more: so when one leaves, its pairs go
    to others, and few besides. Where all are able to work on all pairs, none takes more than its
    part of the whole and the heaviest pair.

    Args:
        left_out: names of pairs on which nobody is to work.
    """
    those = sorted((member for member in members if member.pairs), key=lambda member: member.id)
    weights = _weights(those, frozenset(left_out))
    sharing = _Sharing(those, weights, max(weights.values(), default=0.0))
    for names, able in _alike(those, weights):
        sharing.share(names, able)
    sharing.even_out()
    return sharing.owners


@dataclass(slots=True)
class _Sharing:
    """Pairs as they find their owners.

    Args:
        members: in an order that is the same everywhere.
        heaviest: the weight of the heaviest pair.
    """

    members: Sequence[Member]
    weights: Mapping[str, float]
    heaviest: float
    owners: dict[str, str] = field(default_factory=dict[str, str], init=False)
    _can: dict[str, float] = field(init=False)
    _taken: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self._can, self._taken = (
            dict.fromkeys((one.id for one in self.members), 0.0) for _ in range(2)
        )

    def share(self, names: Sequence[str], able: Mapping[str, Sequence[Member]]) -> None:
        """Find owners for pairs that count alike, beside those that have one."""
        weights, taken = self.weights, self._taken
        for name in names:
            for member in able[name]:
                self._can[member.id] += weights[name]
        # Of each kind everybody takes a part, so that lighter ones even out what heavy ones leave.
        parts = _parts(
            self.members, self._can, sum(taken.values()) + sum(weights[name] for name in names)
        )
        for name, member in _best_first(names, able):
            room = parts[member.id] + self.heaviest - taken[member.id]
            if name not in self.owners and weights[name] < room:
                self._give(name, member)
        for name in names:
            if name not in self.owners:
                self._give(name, min(able[name], key=self._load))

    def even_out(self) -> None:
        """Let who has more than its part hand pairs on, as is needed where not all can do all."""
        whole, room = sum(self.weights.values()), sum(member.weight for member in self.members)
        by_id = {member.id: member for member in self.members}
        moved = True
        while moved:
            moved = False
            for name in self.weights:
                owner, weight = by_id[self.owners[name]], self.weights[name]
                if self._taken[owner.id] <= whole * owner.weight / room + self.heaviest:
                    continue
                able = (one for one in self.members if name in one.pairs)
                least = min(able, key=lambda one: (self._taken[one.id] + weight) / one.weight)
                # Both have less then than one of them had: this comes to an end.
                if (self._taken[least.id] + weight) / least.weight < self._load(owner):
                    self._taken[owner.id] -= weight
                    self._give(name, least)
                    moved = True

    def _give(self, name: str, member: Member) -> None:
        self.owners[name] = member.id
        self._taken[member.id] += self.weights[name]

    def _load(self, member: Member) -> float:
        return self._taken[member.id] / member.weight


def _weights(members: Sequence[Member], left_out: frozenset[str]) -> dict[str, float]:
    """Of each pair; where members disagree, as one of two files was changed first, the largest."""
    weights: dict[str, float] = {}
    for member in members:
        for name, weight in member.pairs.items():
            if name not in left_out:
                weights[name] = max(weight, weights.get(name, 0.0))
    return dict(sorted(weights.items()))


def _alike(
    members: Sequence[Member], weights: Mapping[str, float]
) -> Iterator[tuple[Sequence[str], Mapping[str, Sequence[Member]]]]:
    """Pairs that count alike, with those who are able to work on each.

    First those for few, and then heavy ones: others fill what is left between them. Weights of the
    same order of magnitude count alike, so that what suits decides.
    """
    able = {name: [one for one in members if name in one.pairs] for name in weights}
    kinds: dict[tuple[int, int], list[str]] = defaultdict(list)
    for name, those in able.items():
        kinds[len(those), -frexp(weights[name])[1]].append(name)
    for kind in sorted(kinds):
        yield kinds[kind], able


def _parts(members: Sequence[Member], can: Mapping[str, float], whole: float) -> dict[str, float]:
    """How much each is to take, by id; what one is not able to take is for the others.

    Args:
        can: the most that each is able to take.
    """
    left, room = whole, sum(member.weight for member in members)
    parts: dict[str, float] = {}
    for member in sorted(members, key=lambda member: can[member.id] / member.weight):
        parts[member.id] = min(can[member.id], left * member.weight / room)
        left, room = left - parts[member.id], room - member.weight
    return parts


def _best_first(
    names: Sequence[str], able: Mapping[str, Sequence[Member]]
) -> Iterator[tuple[str, Member]]:
    """Each of these pairs with each who is able to work on it, those that suit best first."""
    found = [(_unsuited(name, member), name, member) for name in names for member in able[name]]
    found.sort(key=lambda one: one[0])
    return ((name, member) for _, name, member in found)


def _unsuited(name: str, member: Member) -> float:
    """How badly they suit each other: least with each member as often as its weight says."""
    drawn = int.from_bytes(sha256(f"{name} {member.id}".encode()).digest()[:8], "big")
    return -log((drawn + 1) / _HASHES) / member.weight
