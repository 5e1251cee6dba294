"""Trust: what a state of unknown age, or another writer in our name, means for a record. Pure."""

from __future__ import annotations

from enum import Enum

from engine.model.age import Aged
from engine.model.fields import Fields
from engine.model.records import SourceRecord
from engine.model.work import Work

# The source's clock may be behind ours by so much, seconds.
SKEW_S = 300.0
# An edit is sent within so many seconds, or its row is read anew first.
SENT_WITHIN_S = 600.0


class Writer(Enum):
    """Who made a target record that the source shows and we have not written there."""

    KNOWN = "nothing is to be told of it"
    SOMEBODY = "somebody; it will carry our correlation value by our own hand"
    FORMER_LIFE = "another life of this state, before that was noticed"
    IN_OUR_NAME = "somebody else, in our name, unless the history of this state tells of it"


def writer(
    work: Work,
    record: SourceRecord,
    target_id: int,
    aged: Aged | None,
    *,
    holds: Fields,
    wanted: Fields,
    correlation_field: str,
    present: float,
) -> Writer:
    """Who made it.

    Args:
        holds: what the target record holds.
        wanted: what it would hold if it were ours.
        present: the present time by the source's word, unix seconds.
    """
    ours = wanted.get(correlation_field)
    if ours is None or work.target_id == target_id:
        return Writer.KNOWN
    if work.target_id is None and not work.seen_unlinked:
        return Writer.KNOWN
    if holds.get(correlation_field) != ours:
        return Writer.SOMEBODY
    if made_by_former_life(record, aged, present):
        return Writer.FORMER_LIFE
    return Writer.IN_OUR_NAME


def made_by_former_life(record: SourceRecord, aged: Aged | None, present: float) -> bool:
    """Whether another life of this state may have created it: it may be as it was by then.

    A time ahead of the present is that of a clock that is wrong, and proves nothing.

    Args:
        present: the present time by the source's word, unix seconds.
    """
    if aged is None:
        return False
    since = aged.noticed_at + SKEW_S
    return not since < record.updated_at <= present + SKEW_S


def may_be_listed(work: Work, record: SourceRecord, *, present: float, visibility_s: float) -> bool:
    """Whether what its target record holds may be learned from the collection, with many others.

    Nothing has been written there in our name lately: not by this life of the state, which has
    never linked it, nor by one that was lost, for nobody has edited the record since long before.

    Args:
        present: the present time by the source's word, unix seconds.
        visibility_s: a target collection may lag behind a write for so long.
    """
    if work.target_id is not None or work.intent is not None or work.gone_id is not None:
        return False
    return record.updated_at + SKEW_S + SENT_WITHIN_S + visibility_s < present


def roles_show_in_s(aged: Aged | None, *, listed: bool, now: float, visibility_s: float) -> float:
    """Seconds until a listing shows all roles that another life made; 0 when it does now.

    Args:
        listed: every role is known already.
        visibility_s: a target collection may lag behind a write for so long.
    """
    if listed or aged is None:
        return 0.0
    return max(0.0, aged.since + visibility_s - now)
