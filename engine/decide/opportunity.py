"""The pure core: what to do with a record, decided from what is known and nothing else.

`run` and every command that explains use these functions, so they cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from engine.decide.failure import FORBIDDEN, error_class
from engine.decide.reasons import because
from engine.decide.skipping import skipped
from engine.errors import Rejected
from engine.model.edit import Edit
from engine.model.fields import Fields, Scalar
from engine.model.identity import id_of
from engine.model.mass_change import Mass
from engine.model.outbox import Owed
from engine.model.reason import Code, Reason
from engine.model.records import SourceRecord
from engine.model.work import Work

# Whole parts of a path that are numbers: a host or a version has others.
_NUMBERS = re.compile(r"(?<=/)[0-9]+(?=/|$|[?#])")


@dataclass(frozen=True, slots=True)
class Leave:
    """The record may not be synced as it stands."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Resolve:
    """A create is in doubt; look for its result before anything else."""


@dataclass(frozen=True, slots=True)
class Create:
    """No target record exists: create one, without searching (mission rule 3)."""


@dataclass(frozen=True, slots=True)
class Reconcile:
    """A target record exists under this id.

    Args:
        observe: what it holds is not known, or whether it still exists: read it first.
        lost_link: the source had the id and lost it; when the target record is gone too, the
            record is to be created anew.
    """

    target_id: int
    observe: bool
    lost_link: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """The record cannot be synced until somebody changes it."""

    reason: Reason
    field: str | None = None


Course = Leave | Resolve | Create | Reconcile | Refuse


def course(work: Work, record: SourceRecord) -> Course:
    """Which way a pending record goes, before any field is looked at."""
    if work.intent is not None:
        # Even an unticked record's create must be accounted for: it may exist in the target.
        return Resolve()
    if work.skip is not None:
        return Leave(skipped(work.skip))
    if not record.sync:
        return Leave(because(Code.SYNC_OFF))
    if record.error and not work.lifted:
        return Leave(because(Code.ERROR_FLAG_SET))
    held = held_target_id(work, record)
    gone = None if work.gone_id is None else str(work.gone_id)
    if held is None or held == gone:
        return _unlinked(work)
    target_id = id_of(held)
    if target_id is None:
        return Refuse(because(Code.TARGET_ID_MALFORMED, target_id=held[:40]))
    if target_id != work.target_id:
        # Linked by somebody else, or our state was lost: what it holds must be read first.
        return Reconcile(target_id, observe=True)
    return Reconcile(target_id, observe=work.synced is None)


def undoubted(work: Work, record: SourceRecord) -> Course:
    """Which way it goes once its create in doubt is known not to have been executed.

    The record may have changed meanwhile, and ask for none any more.
    """
    way = course(replace(work, intent=None), record)
    if isinstance(way, Leave):
        return Leave(because(Code.NO_LONGER_ELIGIBLE))
    return way


def begins(work: Work, way: Course) -> bool:
    """Whether the target would hear of the record for the first time, as far as we know.

    What waited for an approval may have waited for days, and has never been sent either.
    """
    match way:
        case Create():
            return True
        case Reconcile():
            return work.target_id is None or work.mass is Mass.APPROVED
        case _:
            return False


def must_look(work: Work, way: Course) -> bool:
    """Whether the row is to be young, or read anew, before anything is sent."""
    return begins(work, way) or (work.reread and isinstance(way, Reconcile | Create | Refuse))


def held_target_id(work: Work, record: SourceRecord) -> str | None:
    """The target id the source record carries now, as far as we know.

    The payload is older than our own last write-back; what that wrote counts until a newer
    version is captured.
    """
    if work.version == work.delivered_version and work.delivered_id is not None:
        return work.delivered_id
    return record.target_id


def still_owed(work: Work, record: SourceRecord, target_id: int, url: str) -> Owed | None:
    """What the source must still be told: the id if it does not carry it, a missing or wrong URL.

    Args:
        url: address of the target record.
    """
    if held_target_id(work, record) != str(target_id):
        return Owed(target_id=str(target_id), target_url=url)
    # Somebody has entered another id, and left the link to the former record beside it.
    moved = work.target_id not in (None, target_id) and record.target_url != url
    shown = None if work.version == work.delivered_version else record.target_url or ""
    missing = shown is not None and (not shown or _leads_elsewhere(shown, target_id))
    return Owed(target_url=url) if missing or moved else None


def _leads_elsewhere(url: str, target_id: int) -> bool:
    """Whether a link names another record, as that of a copy does; each may be spelled anyhow."""
    named = _NUMBERS.findall(url)
    return bool(named) and str(target_id) not in named


def _unlinked(work: Work) -> Course:
    if work.target_id is None:
        return Create()
    if work.owes_id:
        return Reconcile(work.target_id, observe=work.synced is None)
    # The id was in the source (or was about to be) and is not: never a second create on that
    # word alone; the record we know of is looked at first.
    return Reconcile(work.target_id, observe=True, lost_link=True)


def difference(desired: Fields, known: Fields) -> dict[str, Scalar]:
    """The fields to send: those that differ from what the target is known to hold."""
    return {name: value for name, value in desired.items() if value != known.get(name)}


def identified(fields: Fields, name: str) -> Fields:
    """What a target record shall hold that is there: its correlation value is never taken from it.

    Args:
        name: the target field that holds it.
    """
    return {one: value for one, value in fields.items() if one != name or value is not None}


@dataclass(frozen=True, slots=True)
class Agree:
    """The target holds what it shall."""


@dataclass(frozen=True, slots=True)
class Send:
    """These fields are to be sent."""

    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """One of many records that would change at once: it waits; `would` says what would happen."""

    would: str


Step = Agree | Send | Hold


def must_claim(work: Work, way: Reconcile) -> bool:
    """Whether it is to be settled first whose the target record is: before anything is sent."""
    return way.lost_link or work.target_id != way.target_id


def must_observe(work: Work, way: Reconcile, fields: Fields) -> bool:
    """Whether what the target holds is to be read first.

    A field mapped only since it was last known may hold what it shall already.
    """
    return way.observe or work.synced is None or bool(fields.keys() - work.synced.keys())


def step(work: Work, fields: Fields, known: Fields) -> Step:
    """What follows from what the target holds."""
    edits = tuple(
        Edit(name, known.get(name), value) for name, value in difference(fields, known).items()
    )
    if not edits:
        return Agree()
    if work.mass is Mass.EVALUATING:
        return Hold(f"would send {', '.join(sorted(edit.field for edit in edits))}")
    return Send(edits)


def holds(fields: Fields, known: Fields, mapped: Iterable[str]) -> Fields:
    """What the target holds once `fields` are there.

    Fields that a blank value leaves alone still hold what they held.
    """
    return {name: known[name] for name in mapped if name in known} | dict(fields)


def needless(error: Rejected, fields: Fields, known: Fields) -> bool:
    """Whether a change was refused because there was nothing to change.

    Somebody has made the same edit in the target meanwhile.

    Args:
        known: what the target holds since.
    """
    return error_class(error) != FORBIDDEN and not difference(fields, known)


def may_be_reference(error: Rejected, referred: Collection[str]) -> bool:
    """Whether a refusal may be about a reference, and not about the record itself.

    Args:
        referred: fields that were sent with the id of another target record.
    """
    if not referred or error.status is None:
        return False
    return error.field is None or error.field in referred


def gone(way: Reconcile, *, recreate_missing: bool) -> Create | Refuse:
    """What follows when the target record does not exist any more."""
    if way.lost_link or recreate_missing:
        return Create()
    return Refuse(because(Code.TARGET_GONE, target_id=way.target_id))


def identity(fields: Fields, name: str) -> str | Refuse:
    """The correlation value of a record to be created.

    Without one a lost create could not be found again.

    Args:
        name: the target field that holds it.
    """
    correlation = fields.get(name)
    if isinstance(correlation, str) and correlation:
        return correlation
    return Refuse(because(Code.CORRELATION_BLANK, field=name), name)
