"""Adoption: which target record is a source record's own, where another program has worked. Pure.

The one that the source names; else one that carries the record's reference; else one that cannot be
told from it by name, account and amount. Of several the oldest is taken. What is not taken is never
removed, and never a reason to create one more.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from engine.decide.opportunity import still_owed
from engine.model.adoption import Choice, Finding, Present, Taken
from engine.model.fields import Fields
from engine.model.lane import Lane
from engine.model.outbox import Owed
from engine.model.records import SourceRecord
from engine.model.work import uncaptured


def alike(fields: Fields, names: Sequence[str]) -> str | None:
    """What two records of one deal have in common; None where too little is filled to tell.

    Args:
        names: of the fields that tell one deal from another; the first alone would not do.
    """
    values = [fields.get(name) for name in names]
    filled = [value not in (None, "") for value in values]
    return json.dumps(values) if any(filled[:1]) and any(filled[1:]) else None


def choice(
    named: Present | None,
    by_correlation: Sequence[Present],
    by_likeness: Sequence[Present],
    *,
    others: Collection[int],
) -> Choice | None:
    """Which target record is the record's own; None where there is none.

    Args:
        named: the one whose id the source carries, as far as it exists.
        by_correlation: those that carry the record's reference.
        by_likeness: those with the same name, account and amount, and no other reference.
        others: target records that belong to other records.
    """
    found = {one.id: one for one in (*by_correlation, *by_likeness) if not one.trashed}
    free = {id_: one for id_, one in found.items() if id_ not in others}
    if named is not None and not named.trashed:
        return Choice(named, Taken.NAMED, _besides(free.values(), named))
    referring = _oldest(one for one in by_correlation if one.id in free)
    if referring is not None:
        return Choice(referring, Taken.CORRELATION, _besides(free.values(), referring))
    like = _oldest(one for one in by_likeness if one.id in free)
    if like is not None:
        return Choice(like, Taken.ALIKE, _besides(free.values(), like))
    return None


def dealt(records: Sequence[int], targets: Sequence[Present]) -> Mapping[int, tuple[Present, ...]]:
    """Deal out target records among source records that cannot be told from one another.

    The oldest gets the oldest; what is left over looks like the first of them.

    Args:
        records: by id.
    """
    ordered = sorted(targets, key=_age)
    shares = {one: ordered[number : number + 1] for number, one in enumerate(records)}
    if records:
        shares[records[0]] = [*shares[records[0]], *ordered[len(records) :]]
    return {one: tuple(share) for one, share in shares.items()}


def owed(record: SourceRecord, target_id: int, address: str) -> Owed | None:
    """What the source is to be told of a target record, by a state that knows nothing yet.

    Args:
        address: of the target record.
    """
    return still_owed(uncaptured(record, Lane.BACKLOG, 0.0), record, target_id, address)


def lacking(record: SourceRecord, told: Owed | None) -> list[str]:
    """What the source lacks of a target record that is there, in words.

    Args:
        told: what it is to be told.
    """
    lacks: list[str] = []
    if told is not None and not record.target_id:
        lacks.append("its id was never written back")
    elif told is not None:
        address = "is that of another" if record.target_url else "was never written back"
        lacks.append(f"its address {address}")
    if record.error:
        lacks.append("its error flag was left")
    return lacks


def finding(lacks: Sequence[str], *, differs: bool) -> Finding:
    """How a record whose target record is there stands to it."""
    if lacks:
        return Finding.HALF_WRITTEN
    return Finding.DIFFERENT if differs else Finding.LINKED


def remark(chosen: Choice) -> str:
    """Why this one is taken."""
    if chosen.taken is Taken.NAMED or not chosen.others:
        return chosen.taken.value
    return f"{chosen.taken.value}; it is the oldest of {len(chosen.others) + 1}"


def left_beside(one: Present, chosen: Choice) -> str:
    """Why another target record is left to a person."""
    same = (
        "carries the same reference" if one.correlation else "has the same name, account and amount"
    )
    why = "the record carries its id"
    if chosen.taken is not Taken.NAMED:
        why = f"it is the oldest of {len(chosen.others) + 1}"
    return f"{one.id} {same} as {chosen.target.id}, which is taken: {why}"


def _besides(found: Iterable[Present], taken: Present) -> tuple[Present, ...]:
    return tuple(sorted((one for one in found if one.id != taken.id), key=_age))


def _oldest(found: Iterable[Present]) -> Present | None:
    return min(found, key=_age, default=None)


def _age(one: Present) -> tuple[str, int]:
    return (one.created_at, one.id)
