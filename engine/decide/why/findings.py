"""What is found out about an opportunity, in the order of its way. Pure.

What decides about it is asked: `opportunity.course` and `gone`, and the catalogue of reasons. So
what is said here is what happens.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.decide.opportunity import Create, Leave, Reconcile, Refuse, Resolve, course, gone
from engine.decide.reasons import because, cause
from engine.decide.why.basis import hold_of, is_due, newer, work_of
from engine.decide.why.people import standing_of
from engine.model.explanation import Finding, RecordFacts
from engine.model.history import LEFT_OUT
from engine.model.mass_change import Mass
from engine.model.reason import Cause, Code
from engine.model.states import State
from engine.model.why import Verdict

_MASS = (Mass.EVALUATING, Mass.HELD)


def finding(facts: RecordFacts) -> Finding:
    """The verdict, and the first reason on the way that stands in its way."""
    for look in _ON_THE_WAY:
        found = look(facts)
        if found is not None:
            return found
    return _undone(facts) or Finding(Verdict.IN_STEP, _blank(facts))


def said(code: Code, verdict: Verdict, **known: object) -> Finding:
    """A verdict with a reason of the catalogue."""
    return Finding(verdict, cause(because(code, **known)))


def _not_shown(facts: RecordFacts) -> Finding | None:
    if facts.source is not None:
        if facts.source.record is not None:
            return None
        if facts.source.deleted:
            return said(Code.RECORD_DELETED, Verdict.DELETED)
        return said(Code.RECORD_HIDDEN, Verdict.NOT_VISIBLE)
    dossier = facts.dossier
    if dossier is None:
        return None if facts.record is not None else Finding(Verdict.UNKNOWN)
    last = next((one for one in reversed(dossier.history) if one.decision == LEFT_OUT), None)
    if dossier.state is not State.INELIGIBLE or last is None:
        return None
    if last.reason_code == Code.RECORD_DELETED:
        return said(Code.RECORD_DELETED, Verdict.DELETED)
    if last.reason_code == Code.RECORD_HIDDEN:
        return said(Code.RECORD_HIDDEN, Verdict.NOT_VISIBLE)
    if last.reason_code == Code.RECORD_NOT_LISTED:
        return said(Code.RECORD_NOT_LISTED, Verdict.NOT_ELIGIBLE)
    return None


def _doubted(facts: RecordFacts) -> Finding | None:
    work, record = work_of(facts), facts.record
    if work is None or record is None or not isinstance(course(work, record), Resolve):
        return None
    if work.intent is None or work.intent.doubt_since is None:
        return None
    kept = None if facts.dossier is None else facts.dossier.cause
    detail = "its answer never came" if kept is None else kept.text
    return said(Code.CREATE_IN_DOUBT, Verdict.IN_DOUBT, detail=detail)


def _left_out(facts: RecordFacts) -> Finding | None:
    """Unticked or flagged; by whom it was flagged is in the state."""
    record, work = facts.record, work_of(facts)
    if record is None or work is None:
        return None
    dossier = facts.dossier
    if record.sync and dossier is not None and dossier.state is State.REFUSED:
        # The flag may still be on its way to the source.
        if record.error or not newer(facts):
            return Finding(Verdict.REFUSED, dossier.cause)
        return None
    way = course(work, record)
    if not isinstance(way, Leave):
        return None
    kept = dossier.cause if dossier is not None and dossier.flagged else None
    if way.reason.code is Code.ERROR_FLAG_SET and kept is not None:
        return Finding(Verdict.REFUSED, kept)
    return Finding(Verdict.NOT_ELIGIBLE, cause(way.reason))


def _held(facts: RecordFacts) -> Finding | None:
    dossier = facts.dossier
    if dossier is None or newer(facts):
        return None
    tab = dossier.tab
    for mass, kept in (
        (dossier.work.mass, dossier.cause),
        (Mass.NONE, None) if tab is None else (tab.mass, tab.cause),
    ):
        if mass is Mass.HELD and kept is not None:
            return Finding(Verdict.HELD, kept)
        if mass in _MASS:
            return said(Code.MASS_CHANGE_HELD, Verdict.HELD, would="it is evaluated first")
    return None


def _refusable(facts: RecordFacts) -> Finding | None:
    """What would be refused as soon as it is looked at."""
    work, record = work_of(facts), facts.record
    if work is None or record is None or not is_due(facts):
        return None
    way = course(work, record)
    if isinstance(way, Refuse):
        return Finding(Verdict.REFUSED, cause(way.reason, "validation"))
    refused = next((one for one in facts.fields if one.refusal is not None), None)
    if refused is not None and not facts.holds:
        return Finding(Verdict.REFUSED, refused.refusal, refused.title)
    return None


def _waiting(facts: RecordFacts) -> Finding | None:
    """What is pending waits for a system, for a time, or for its turn."""
    work, record, dossier = work_of(facts), facts.record, facts.dossier
    if work is None or record is None or not is_due(facts):
        return None
    hold = hold_of(facts)
    if hold is not None:
        return Finding(Verdict.WAITS, Cause(hold.code, hold.cause))
    if facts.creates_paused is not None and isinstance(course(work, record), Create):
        return said(Code.CREATES_PAUSED, Verdict.WAITS, cause=facts.creates_paused)
    if newer(facts):
        return said(Code.NOT_CAPTURED_YET, Verdict.WAITS, version=_version(facts))
    if dossier is not None and dossier.cause is not None:
        return Finding(Verdict.WAITS, dossier.cause)
    return said(Code.WAITS_ITS_TURN, Verdict.WAITS, what="it is due")


def _version(facts: RecordFacts) -> str:
    shown = None if facts.source is None else facts.source.record
    return "the record" if facts.dossier is None or shown is None else f"version {shown.version}"


def _target_gone(facts: RecordFacts) -> Finding | None:
    """It was removed in the target, and nothing has been sent to it since."""
    work, record, target = work_of(facts), facts.record, facts.target
    if work is None or record is None or target is None or target.fields is not None:
        return None
    way = course(work, record)
    if not isinstance(way, Reconcile):
        return None
    outcome = gone(way, recreate_missing=facts.recreate_missing)
    if isinstance(outcome, Refuse):
        return Finding(Verdict.DELETED, cause(outcome.reason))
    return said(Code.WAITS_ITS_TURN, Verdict.WAITS, what="it is created anew")


def _owing(facts: RecordFacts) -> Finding | None:
    owing = None if facts.dossier is None else facts.dossier.owing
    if owing is None:
        return None
    if owing.cause is not None:
        return Finding(Verdict.WAITS, owing.cause)
    return said(Code.WAITS_ITS_TURN, Verdict.WAITS, what="what is owed to it is written back")


def _source_out(facts: RecordFacts) -> Finding | None:
    """Whether it was edited since cannot be told while the source is out of reach."""
    hold = next((one for one in facts.holds if one.of_source), None)
    return None if hold is None else Finding(Verdict.WAITS, Cause(hold.code, hold.cause))


def _people(facts: RecordFacts) -> Finding | None:
    tab = None if facts.dossier is None else facts.dossier.tab
    if tab is not None and tab.doubt_since is not None and tab.pending:
        detail = "its answer never came" if tab.cause is None else tab.cause.text
        return said(Code.ROLES_IN_DOUBT, Verdict.IN_DOUBT, detail=detail)
    for line in facts.lines:
        stands = standing_of(line)
        if stands is not None:
            return Finding(Verdict.WAITS, stands, line.ref)
    if tab is None or not (tab.pending or tab.cause is not None):
        return None
    if tab.cause is not None:
        code = tab.cause.code
        refused = tab.cause.reason_class == "validation"
        if refused and code in {Code.REFUSED, Code.INTERNAL_ERROR}:
            code = Code.ROLE_REFUSED
        return Finding(Verdict.WAITS, Cause(code, tab.cause.text, tab.cause.reason_class))
    what = "its people are related"
    return said(Code.WAITS_ITS_TURN, Verdict.WAITS, what=what) if tab.pending else None


_ON_THE_WAY: tuple[Callable[[RecordFacts], Finding | None], ...] = (
    _not_shown,
    _doubted,
    _left_out,
    _held,
    _refusable,
    _waiting,
    _target_gone,
    _owing,
    _source_out,
    _people,
)


def _undone(facts: RecordFacts) -> Finding | None:
    """Something is left as an operator has put it, and nobody has edited the record since."""
    work = work_of(facts)
    mark = None if work is None else work.undone
    if work is None or mark is None or mark.version != work.version:
        return None
    what = ", ".join([*sorted(mark.fields), *([] if mark.tab is None else ["roles"])])
    return said(Code.UNDONE, Verdict.IN_STEP, where=f"run {mark.run}", what=what)


def _blank(facts: RecordFacts) -> Cause | None:
    return next((one.blank for one in facts.fields if one.blank is not None), None)
