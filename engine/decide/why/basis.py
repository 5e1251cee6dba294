"""What the facts of an opportunity say together, for all that is explained of it. Pure."""

from __future__ import annotations

from engine.model.dossier import Dossier
from engine.model.explanation import Hold, RecordFacts
from engine.model.fields import Scalar
from engine.model.history import LEFT_OUT
from engine.model.lane import Lane
from engine.model.reason import Code
from engine.model.records import SourceRecord
from engine.model.states import State
from engine.model.work import Work, uncaptured


def work_of(facts: RecordFacts) -> Work | None:
    """The record as an actor would take it up; one never captured, as a poll would capture it."""
    if facts.dossier is not None:
        return facts.dossier.work
    record = facts.record
    if record is None:
        return None
    return uncaptured(record, Lane.FRESH, facts.now)


def newer(facts: RecordFacts) -> bool:
    """Whether the source shows a version that was not captured yet, and that is not our own."""
    if facts.source is None or facts.source.record is None:
        return False
    if facts.dossier is None:
        return True
    known = facts.dossier.work
    return facts.source.record.version > max(known.version, known.delivered_version or 0)


def is_due(facts: RecordFacts) -> bool:
    """Whether it is to be looked at by an actor."""
    return newer(facts) or (facts.dossier is not None and facts.dossier.state is State.PENDING)


def hold_of(facts: RecordFacts) -> Hold | None:
    """The hold that stands in the way: the source's first, which has to be read first."""
    ordered = sorted(facts.holds, key=lambda one: not one.of_source)
    return next((one for one in ordered if not one.of_source or newer(facts)), None)


def held_fields(facts: RecordFacts) -> dict[str, Scalar] | None:
    """What the target holds: as it was just read, else as it is known."""
    if facts.target is not None and facts.target.fields is not None:
        return dict(facts.target.fields)
    known = None if facts.dossier is None else facts.dossier.work.synced
    return None if known is None else dict(known)


def as_kept(dossier: Dossier) -> SourceRecord:
    """The record as far as the state tells of it by itself, for whoever cannot open its row."""
    work = dossier.work
    left_out = next((one for one in reversed(dossier.history) if one.decision == LEFT_OUT), None)
    code = None
    if dossier.state is State.INELIGIBLE and left_out is not None:
        code = left_out.reason_code
    flagged = dossier.state is State.REFUSED or code == Code.ERROR_FLAG_SET
    return SourceRecord(
        id=work.id,
        ref=work.ref,
        version=work.version,
        updated_at=int(dossier.captured_at),
        sync=code != Code.SYNC_OFF,
        error=flagged,
        target_id=None if dossier.carried is None else str(dossier.carried),
        target_url=None,
        columns={},
    )
