"""Where the people on a tab stand, as `person.decide` says it of each. Pure."""

from __future__ import annotations

from engine.decide.person import decide, is_in_doubt
from engine.decide.reasons import because
from engine.decide.recognised import recognised
from engine.model.dossier import Cause
from engine.model.explanation import LineFact, PersonLine
from engine.model.reason import Code
from engine.model.verdict import (
    Adopt,
    Ask,
    Create,
    Decision,
    HoldBack,
    Linked,
    Lose,
    Question,
    Refuse,
    Tell,
    Unseen,
    Wait,
)

# What is said of a person by what stands in the way, where the sentence is shared with others.
_PERSON = "the person is looked for, and created where nobody is found"
_OF_PEOPLE = {
    "sync is off": Code.PERSON_SYNC_OFF,
    "the error flag is set": Code.PERSON_FLAGGED,
}


def decided(line: LineFact) -> Ask | Decision | None:
    """What becomes of the person; None where it was not looked at."""
    return None if line.facts is None else decide(line.facts)


def prospect_of(line: LineFact) -> int | None:
    """The prospect that the person is, or that it has been."""
    match decided(line):
        case Linked(prospect_id) | Tell(prospect_id) | Adopt(prospect_id):
            return prospect_id
        case _:
            return None if line.known is None else line.known.prospect_id


def standing_of(line: LineFact) -> Cause | None:
    """Why the line waits for its person; None while it does not."""
    if line.hidden:
        return Cause(Code.PERSON_HIDDEN, str(because(Code.PERSON_HIDDEN)))
    facts = line.facts
    if facts is None:
        # Why there is no prospect, as it was kept.
        return line.cause
    known = facts.known
    if known is not None and known.refused_version is not None and line.cause is not None:
        kept = decided(line)
        if isinstance(kept, HoldBack | Unseen):
            return line.cause
    match decided(line):
        case HoldBack(reason) | Unseen(reason) | Wait(reason):
            return Cause(_code(reason), str(reason))
        case Refuse(failure):
            code = recognised(failure.reason, failure.reason_class)
            return Cause(code, str(failure.reason), failure.reason_class, failure.field)
        case Lose(reason):
            return Cause(Code.PROSPECT_IN_DOUBT, str(reason))
        case Ask(question):
            return _asked(line, question)
        case Create():
            return Cause(Code.WAITS_ITS_TURN, str(because(Code.WAITS_ITS_TURN, what=_PERSON)))
        case _:
            return None


def _asked(line: LineFact, question: Question) -> Cause | None:
    """What is not known before somebody is asked."""
    facts = line.facts
    if facts is None:
        return None
    known = facts.known
    if known is not None and is_in_doubt(known, facts.record):
        return Cause(Code.PROSPECT_IN_DOUBT, str(because(Code.PROSPECT_IN_DOUBT)))
    if question is Question.THERE:
        # It is told its prospect again, or loses it: nobody waits for that.
        return None
    if line.cause is not None:
        return line.cause
    return Cause(Code.WAITS_ITS_TURN, str(because(Code.WAITS_ITS_TURN, what=_PERSON)))


def _code(reason: str) -> Code:
    for ending, code in _OF_PEOPLE.items():
        if reason.endswith(ending):
            return code
    return recognised(reason, "validation")


def person_line(line: LineFact) -> PersonLine:
    """One line of the tab, for people to read."""
    cause = standing_of(line)
    prospect_id = prospect_of(line)
    if cause is not None:
        state = cause.text
    elif prospect_id is not None:
        state = f"prospect {prospect_id}"
    else:
        state = "not looked at"
    return PersonLine(line.ref, line.name, line.role, state, None if cause is None else cause.code)
