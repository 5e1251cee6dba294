"""Write-backs: what a record of the source is owed, and what a delivery of it came to. Pure.

A delivery is based on the newest version known, and the source refuses it when it has a newer one.
Then the record itself is looked at: it may hold what it is owed already, or carry what is not ours
to overwrite, or nobody shows it any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.decide.failure import error_class, plain_reason
from engine.decide.reasons import because, foreign
from engine.decide.retry import OPERATOR_PAUSE_S, retry
from engine.errors import EngineError, Misconfigured, Unreachable
from engine.model.outbox import Carried, Entry, Owed
from engine.model.reason import Code, Reason
from engine.model.records import Delivery, RecordType, SourceRecord, WriteBackResult
from engine.model.wait import Pace, Wait

# A hidden record is looked for again after so many seconds, then ever later, but once a day; after
# so many looks in vain, a week or so, nothing is owed to it any more.
MISSING_RETRY_S = 3600.0
MISSING_RETRY_S_MAX = 86_400.0
MISSING_LOOKS = 11
# As much of somebody else's id as a reason shows.
_SHOWN_CHARS = 40
_AT_ONCE = Wait.exactly(0.0)
_DUE = because(Code.WAITS_ITS_TURN, what="it is delivered")


class Verdict(StrEnum):
    """What becomes of an entry of the outbox."""

    # The source holds it.
    CONFIRM = "confirm"
    # The record itself is looked at first.
    LOOK = "look"
    # It is written on top of the record as it is now.
    SEND = "send"
    POSTPONE = "postpone"
    # The record carries what is not ours to overwrite; what it carries is taken in.
    WITHDRAW = "withdraw"
    # The same of the id and URL alone: what else the record is owed is about this very version.
    WITHDRAW_LINK = "withdraw_link"
    # Nobody is to be told any more; a record that comes back starts anew.
    LEAVE_OUT = "leave_out"


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows for an entry.

    Args:
        version: of the record, once it is confirmed, or on which the entry is sent.
        reason: why it waits or is void; `reason_class` where it waits for something that failed.
        wait: until it is delivered again.
        counts: as one more attempt at it.
        missed: so many looks in a row have not shown the record.
    """

    verdict: Verdict
    version: int = 0
    reason: Reason = _DUE
    reason_class: str | None = None
    wait: Wait = _AT_ONCE
    counts: bool = False
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """What a look at the record shows: the record at a version, or whether it is deleted."""

    record: SourceRecord | None
    version: int = 0
    deleted: bool = False


def begun(entry: Entry) -> Decision:
    """Whether an entry may be sent on the newest version known, or the record is looked at first.

    Being based on the version in which somebody has entered another id, the write would pass for
    one that knows of it.
    """
    return Decision(Verdict.LOOK if entry.overtaken else Verdict.SEND, entry.version)


def answered(entry: Entry, result: WriteBackResult, pace: Pace, *, looked: bool) -> Decision:
    """What the source's answer for one entry of a batch means.

    Args:
        looked: the record itself was looked at just before.
    """
    if result.outcome is Delivery.DELIVERED and result.version is not None:
        return Decision(Verdict.CONFIRM, result.version)
    if result.outcome is Delivery.REFUSED:
        return _later(entry, pace, foreign(Code.WRITE_BACK_REFUSED, result.reason), "validation")
    return _overtaken(entry, pace, because(Code.WRITE_BACK_OVERRUN), "conflict", looked=looked)


def unanswered(entry: Entry, error: Unreachable, pace: Pace, *, looked: bool) -> Decision:
    """What a batch means whose answer was lost: some may have been written."""
    reason, reason_class = plain_reason(error), error_class(error)
    return _overtaken(entry, pace, reason, reason_class, looked=looked)


def _overtaken(
    entry: Entry, pace: Pace, reason: Reason, reason_class: str, *, looked: bool
) -> Decision:
    """Nobody knows what the record holds: only itself tells, and once is enough at a time."""
    return _later(entry, pace, reason, reason_class) if looked else Decision(Verdict.LOOK)


def failed(entry: Entry, error: Exception, pace: Pace) -> Decision:
    """What trouble at a batch means for each of its entries; the batch was not delivered."""
    reason_class = error_class(error)
    if not isinstance(error, EngineError):
        return _later(entry, pace, plain_reason(error), reason_class)
    if stops_all(error):
        wait = Wait.exactly(OPERATOR_PAUSE_S)
        return Decision(Verdict.POSTPONE, 0, plain_reason(error), reason_class, wait)
    if error.retry_after_s is not None:
        wait = Wait.exactly(error.retry_after_s)
        return Decision(Verdict.POSTPONE, 0, plain_reason(error), reason_class, wait)
    return _later(entry, pace, plain_reason(error), reason_class)


def stops_all(error: Exception) -> bool:
    """Whether nothing can be written before an operator acts: the source is let be until then."""
    return isinstance(error, Misconfigured)


def _later(entry: Entry, pace: Pace, reason: Reason, reason_class: str) -> Decision:
    wait = retry(entry.attempts + 1, pace)
    return Decision(Verdict.POSTPONE, 0, reason, reason_class, wait, counts=True)


def looked_at(entry: Entry, shown: Shown) -> Decision:
    """What the record itself tells, after a delivery that was not carried out, or may not be."""
    if shown.record is None:
        return _missing(entry, deleted=shown.deleted)
    if holds(shown.record, entry):
        return Decision(Verdict.CONFIRM, shown.version)
    reason = not_ours(shown.record, entry, shown.version)
    if reason is None:
        return Decision(Verdict.SEND, shown.version)
    # The very version that was refused is told so: nothing new would have it tried again.
    stays = entry.record_type is RecordType.OPPORTUNITY and shown.version == entry.version
    verdict = Verdict.WITHDRAW_LINK if stays else Verdict.WITHDRAW
    return Decision(verdict, shown.version, reason)


def holds(record: SourceRecord, entry: Entry) -> bool:
    """Whether the record carries already what the entry would write."""
    return (
        (entry.target_id is None or record.target_id == entry.target_id)
        and (entry.target_url is None or record.target_url == entry.target_url)
        and (entry.error is None or record.error == entry.error)
    )


def not_ours(record: SourceRecord, entry: Entry, version: int) -> Reason | None:
    """Why the entry must not be written on top of the record as it is now, or None."""
    if entry.is_beside(record.target_id):
        shown = (record.target_id or "")[:_SHOWN_CHARS]
        return because(Code.WRITE_BACK_OTHER_ID, target_id=shown)
    if entry.error and version != entry.version:
        return because(Code.WRITE_BACK_SUPERSEDED)
    return None


def _missing(entry: Entry, *, deleted: bool) -> Decision:
    """Somebody may show a hidden record again; a deleted one is told when it is restored."""
    looks = entry.missed + 1
    if deleted:
        return Decision(Verdict.LEAVE_OUT, reason=because(Code.RECORD_DELETED), missed=looks)
    if looks >= MISSING_LOOKS:
        reason = because(Code.WRITE_BACK_HIDDEN, looks=looks)
        return Decision(Verdict.LEAVE_OUT, reason=reason, missed=looks)
    wait = Wait.exactly(min(MISSING_RETRY_S * 2**entry.missed, MISSING_RETRY_S_MAX))
    return Decision(
        Verdict.POSTPONE, 0, because(Code.RECORD_HIDDEN), None, wait, counts=True, missed=looks
    )


def merged(present: Owed | None, owed: Owed | None, *, clears_error: bool) -> Owed | None:
    """What the source shall hold in the end; None where it is owed nothing.

    Args:
        present: what it is owed already.
        owed: what it is to be told now.
        clears_error: the cause of an error flag is gone.
    """
    if present is None:
        return owed
    told = owed or Owed()
    # A flag on its way to the source must be taken back, or it would outlive its cause.
    unflag = clears_error and present.error is True
    return Owed(
        target_id=present.target_id if told.target_id is None else told.target_id,
        target_url=present.target_url if told.target_url is None else told.target_url,
        error=False if unflag else present.error if told.error is None else told.error,
        message="" if unflag else present.message if told.message is None else told.message,
    )


def carries(known: Carried, shown: str | None) -> str | None:
    """The target id that the newest version known carries.

    What our own write-back made carries what that wrote; its row has not been shown yet.

    Args:
        shown: what the newest row that was shown carries.
    """
    if known.version == known.delivered_version and known.delivered_id is not None:
        return known.delivered_id
    return shown


def delivered(before: Carried, target_id: str | None, version: int) -> Carried:
    """What the record is known to carry once an entry with this id was delivered.

    A newer version may have been captured already; it was made on top of ours, and shows it.

    Args:
        version: the one that the delivery has made.
    """
    # A delivery without an id leaves what the record carried: what we last delivered only while
    # nobody has made a version since, and otherwise what that version shows.
    kept = before.delivered_id if before.version == before.delivered_version else None
    return Carried(
        version=max(before.version, version),
        delivered_id=kept if target_id is None else target_id,
        delivered_version=before.delivered_version if before.version > version else version,
    )
