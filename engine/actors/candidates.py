"""Candidates: people to be created as prospects, read together and created one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from engine.model.person import Person
from engine.model.records import Fields, SourceRecord


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person to be created, as read at this time, unix seconds."""

    record: SourceRecord
    fields: Fields
    email: str
    known: Person | None
    read_at: float


def outdated(
    candidates: Mapping[int, Candidate],
    ids: Collection[int],
    *,
    taken_hold_of: Collection[str],
    now: float,
    age_max_s: float,
) -> Iterator[int]:
    """Those of these people who may have been unticked or deleted since they were read.

    Args:
        taken_hold_of: addresses that somebody creates a prospect for already.
    """
    for person_id in ids:
        candidate = candidates.get(person_id)
        if candidate is None or candidate.email in taken_hold_of:
            continue
        if abs(now - candidate.read_at) > age_max_s:
            yield person_id
