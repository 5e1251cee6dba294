"""Why a person is (not) in the target. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from engine.decide.person import carried
from engine.decide.reasons import because, cause
from engine.decide.why.people import person_line, prospect_of, standing_of
from engine.decide.why.remedies import steps
from engine.model.dossier import HISTORY_SHOWN_MAX, TABS_COUNTED, PersonDossier
from engine.model.explanation import Explanation, Finding, Gate, PersonWhy, Remedy
from engine.model.reason import Code
from engine.model.records import RecordType
from engine.model.why import Verdict

# Verdicts by what stands in the way; anything else waits.
_VERDICTS = {
    Code.PERSON_SYNC_OFF: Verdict.NOT_ELIGIBLE,
    Code.PERSON_FLAGGED: Verdict.NOT_ELIGIBLE,
    Code.SKIPPED: Verdict.NOT_ELIGIBLE,
    Code.PROSPECT_IN_DOUBT: Verdict.IN_DOUBT,
    Code.EMAIL_TAKEN_UNSEEN: Verdict.IN_DOUBT,
}


def explain_person(facts: PersonWhy) -> Explanation:
    """What becomes of a person, why, and what helps."""
    found = _finding(facts)
    cause = found.cause
    remedies: tuple[Remedy, ...] = ()
    if cause is not None:
        said = steps(cause.code, facts.words, healing=facts.healing)
        remedies = (Remedy(cause.code, said),)
    dossier = facts.dossier
    return Explanation(
        facts.ref,
        RecordType.PERSON,
        found.verdict,
        cause,
        gates=tuple(_gates(facts, found)),
        people=(person_line(facts.line),),
        history=() if dossier is None else dossier.history[-HISTORY_SHOWN_MAX:],
        follows="" if dossier is None or not dossier.tabs else _tabs(dossier),
        remedies=remedies,
        unseen=facts.unseen,
        others=facts.others,
    )


def _tabs(dossier: PersonDossier) -> str:
    """Where it is related to something, by name as far as a person reads."""
    named, number = dossier.opportunities, dossier.tabs
    more = number - len(named)
    refs = ", ".join(one.ref for one in named)
    rest = f" and {more} more" if number <= TABS_COUNTED else f" and more than {more - 1} more"
    return f"it is on the People tab of {refs}{rest if more else ''}"


def _finding(facts: PersonWhy) -> Finding:
    look, line = facts.source, facts.line
    if look is not None and look.record is None:
        if look.deleted:
            return Finding(Verdict.DELETED, cause(because(Code.RECORD_DELETED)))
        return Finding(Verdict.NOT_VISIBLE, cause(because(Code.PERSON_HIDDEN)))
    known = None if facts.dossier is None else facts.dossier.person
    stands = standing_of(line)
    refused = known is not None and known.refused_version is not None and known.skip is None
    if refused and stands is not None:
        return Finding(Verdict.REFUSED, stands)
    if stands is not None:
        return Finding(_VERDICTS.get(stands.code, Verdict.WAITS), stands)
    if facts.dossier is not None and facts.dossier.owing is not None:
        reason = because(Code.WAITS_ITS_TURN, what="what is owed to it is written back")
        return Finding(Verdict.WAITS, cause(reason))
    if prospect_of(line) is None:
        return Finding(Verdict.UNKNOWN)
    return Finding(Verdict.IN_STEP)


def _gates(facts: PersonWhy, found: Finding) -> Iterator[Gate]:
    look, words, line = facts.source, facts.words, facts.line
    record = None if line.facts is None else line.facts.record
    if look is not None:
        there = look.record is not None
        exists = True if there else False if look.deleted else None
        yield Gate(f"exists in {words.source}", exists, "shown" if there else "not shown", look.at)
        yield Gate("visible to our user", there, "shown" if there else "not shown", look.at)
    at = None if look is None else look.at
    if record is not None:
        yield Gate(f"{words.sync} is ticked", record.sync, "yes" if record.sync else "no", at)
        known = line.known
        ours = known is not None and known.refused_version is not None
        seen = "off"
        if record.error:
            seen = "set by this service" if ours else "set, and not by this service"
        yield Gate(f"{words.error} is off", not record.error, seen, at)
        held = carried(known, record)
        yield Gate(f"has {words.id}", held is not None, held or "none")
    if line.known is not None and (skip := line.known.skip) is not None:
        yield Gate("not skipped by an operator", False, skip.reason, skip.since)
    doubted = found.verdict is Verdict.IN_DOUBT
    doubt = "a create may have been executed" if doubted else "no create is in doubt"
    yield Gate("no create in doubt", not doubted, doubt)
