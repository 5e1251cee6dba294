"""Sharing: every pair has one owner, the load is even, and a change of members moves few pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.decide.sharing import shared
from engine.model.fleet import Member
from tests.searching import examples

WEIGHTS = st.one_of(st.just(1.0), st.sampled_from((0.3, 1.0, 2.0, 5.0)), st.floats(0.01, 1000))
PAIRS = st.dictionaries(st.text("abcdef", min_size=1, max_size=4), WEIGHTS, max_size=60)
MEMBERS_MAX = 9
# Sums of the same numbers in another order.
ROUNDING = 1e-9


def members(
    ids: Sequence[int], weights: Sequence[float], pairs: Mapping[str, float]
) -> list[Member]:
    """As many as there are ids, all of them able to work on all pairs."""
    return [
        Member(f"{number:016x}", f"process {number}", weight, "files", pairs)
        for number, weight in zip(ids, weights, strict=True)
    ]


@st.composite
def fleets(draw: st.DrawFn, least: int = 1) -> list[Member]:
    """Members that are able to work on all pairs."""
    ids = draw(
        st.lists(st.integers(0, 2**64 - 1), min_size=least, max_size=MEMBERS_MAX, unique=True)
    )
    size = len(ids)
    weights = draw(st.lists(st.sampled_from((0.5, 1.0, 2.0, 4.0)), min_size=size, max_size=size))
    return members(ids, weights, draw(PAIRS))


@st.composite
def mixed_fleets(draw: st.DrawFn) -> list[Member]:
    """Members each of which is able to work on some pairs, or on none."""
    whole = draw(fleets())
    names = sorted(whole[0].pairs)
    return [
        replace(member, pairs={name: member.pairs[name] for name in names if draw(st.booleans())})
        for member in whole
    ]


def loads(fleet: Sequence[Member], owners: Mapping[str, str]) -> dict[str, float]:
    """Weight of the pairs of each member, by id."""
    weights = {name: weight for member in fleet for name, weight in member.pairs.items()}
    found: dict[str, float] = defaultdict(float)
    for name, owner in owners.items():
        found[owner] += weights[name]
    return found


@settings(max_examples=examples(100))
@given(fleet=mixed_fleets(), data=st.data())
def test_every_pair_has_one_owner_who_is_able_to_work_on_it(
    fleet: list[Member], data: st.DataObject
) -> None:
    """Those that are left out have none."""
    names = {name for member in fleet for name in member.pairs}
    left_out = data.draw(st.sets(st.sampled_from(sorted(names)))) if names else set[str]()
    able = {member.id: member.pairs for member in fleet}

    owners = shared(fleet, left_out)

    assert owners.keys() == names - left_out
    assert all(name in able[owner] for name, owner in owners.items())


@settings(max_examples=examples(50))
@given(fleet=mixed_fleets(), data=st.data())
def test_it_is_the_same_for_everybody(fleet: list[Member], data: st.DataObject) -> None:
    """Each process calculates it by itself, from what it sees in whatever order."""
    turned = [
        replace(member, pairs=dict(data.draw(st.permutations(list(member.pairs.items())))))
        for member in data.draw(st.permutations(fleet))
    ]

    assert shared(turned) == shared(fleet)


@settings(max_examples=examples(100))
@given(fleet=fleets(), stopping=st.integers(0, 2))
def test_nobody_has_more_than_its_part_and_the_heaviest_pair(
    fleet: list[Member], stopping: int
) -> None:
    """Those that stop, and are able to work on none, are no reason for anybody to have more."""
    gone = members(range(stopping), [1.0] * stopping, {})
    pairs = fleet[0].pairs
    whole, room = sum(pairs.values()), sum(member.weight for member in fleet)

    had = loads(fleet, shared([*fleet, *gone]))

    for member in fleet:
        most = whole * member.weight / room + max(pairs.values(), default=0.0)
        assert had[member.id] <= most * (1 + ROUNDING)


@settings(max_examples=examples(100))
@given(fleet=mixed_fleets())
def test_who_has_more_than_its_part_could_not_hand_on_any_of_it(fleet: list[Member]) -> None:
    """Where not all can work on all pairs, some have more, but not while others could help."""
    owners = shared(fleet)
    had, by_id = loads(fleet, owners), {member.id: member for member in fleet}
    weights = {name: by_id[owner].pairs[name] for name, owner in owners.items()}
    whole = sum(weights.values())
    room = sum(member.weight for member in fleet if member.pairs)

    for name, owner in owners.items():
        load = had[owner] / by_id[owner].weight
        part = whole / room + max(weights.values()) / by_id[owner].weight
        if load > part * (1 + ROUNDING):
            for other in fleet:
                if other.id != owner and name in other.pairs:
                    assert (had[other.id] + weights[name]) / other.weight >= load * (1 - ROUNDING)


def test_who_is_able_to_work_on_few_pairs_has_those_that_others_need_not() -> None:
    """As while a new pair's secrets are not on every machine yet."""
    first, second, third = (
        {f"{kind}-{number}": 1.0 for number in range(size)}
        for kind, size in (("first", 10), ("second", 30), ("third", 40))
    )
    fleet = [
        Member("a", "process a", 1.0, "files", first),
        Member("b", "process b", 1.0, "files", {**first, **second}),
        Member("c", "process c", 1.0, "files", {**second, **third}),
    ]

    assert loads(fleet, shared(fleet)) == {"a": 10, "b": 30, "c": 40}


@settings(max_examples=examples(100))
@given(fleet=fleets(least=2), data=st.data())
def test_little_moves_when_a_member_joins_or_leaves(
    fleet: list[Member], data: st.DataObject
) -> None:
    """Its own pairs; of those between others no more than everybody has, and one for each."""
    number = len(fleet[0].pairs)
    assume(number > 0)
    leaves = data.draw(st.sampled_from(fleet))
    before = shared(fleet)
    after = shared([member for member in fleet if member is not leaves])

    between = [name for name, owner in before.items() if owner not in (leaves.id, after[name])]

    assert len(between) <= number / len(fleet) + len(fleet)


def test_of_a_thousand_pairs_no_more_move_than_twice_the_part_of_one() -> None:
    """With twenty-five processes a part is forty pairs, and a death moves eighty at the most."""
    pairs = {f"pair-{number:04}": 1.0 for number in range(1000)}
    fleet = members(range(25), [1.0] * 25, pairs)
    before = shared(fleet)

    for leaves in fleet:
        after = shared([member for member in fleet if member is not leaves])
        moved = [name for name, owner in before.items() if after[name] != owner]
        assert len(moved) <= 2 * len(pairs) / len(fleet)
