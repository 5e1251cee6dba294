"""Where the people on a tab stand, as `person.decide` says it of each. Pure."""

from __future__ import annotations

from engine.decide.person import decide, is_in_doubt
from engine.decide.reasons import because, cause
from engine.model.explanation import LineFact, PersonLine
from engine.model.reason import Cause, Code
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

_PERSON = "the person is looked for, and created where nobody is found"


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
        return cause(because(Code.PERSON_HIDDEN))
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
            return cause(reason)
        case Refuse(failure):
            return cause(failure.reason, failure.reason_class, failure.field)
        case Lose(reason):
            return cause(reason)
        case Ask(question):
            return _asked(line, question)
        case Create():
            return cause(because(Code.WAITS_ITS_TURN, what=_PERSON))
        case _:
            return None


def _asked(line: LineFact, question: Question) -> Cause | None:
    """What is not known before somebody is asked."""
    facts = line.facts
    if facts is None:
        return None
    known = facts.known
    if known is not None and is_in_doubt(known, facts.record):
        return cause(because(Code.PROSPECT_IN_DOUBT))
    if question is Question.THERE:
        # It is told its prospect again, or loses it: nobody waits for that.
        return None
    if line.cause is not None:
        return line.cause
    return cause(because(Code.WAITS_ITS_TURN, what=_PERSON))


def person_line(line: LineFact) -> PersonLine:
    """One line of the tab, for people to read."""
    stands = standing_of(line)
    prospect_id = prospect_of(line)
    if stands is not None:
        state = stands.text
    elif prospect_id is not None:
        state = f"prospect {prospect_id}"
    else:
        state = "not looked at"
    return PersonLine(
        line.ref, line.name, line.role, state, None if stands is None else stands.code
    )
