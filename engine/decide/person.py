"""What becomes of a person of the source in the target (rule 8), before anything is requested.

Pure. `decide` is asked again with every answer it has asked for, until it asks no more. A person
who carries a target id is that prospect; anybody else is looked for by e-mail address, and created
where nobody has it, if the settings and the person's own record allow it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from engine.decide.doubt import LookAgain, bound_s, look_in_s, proven
from engine.decide.failure import FORBIDDEN, error_class, plain_reason
from engine.decide.reasons import because, foreign
from engine.decide.skipping import skipped
from engine.errors import Conflict, Gone, OurFault, Rejected, Taken, TheirFault, surely_not_executed
from engine.model.identity import id_of
from engine.model.outbox import Owed
from engine.model.person import Candidate, Person, PersonFacts, PersonNow, Sought, Standing
from engine.model.reason import Code, Reason
from engine.model.records import SourceRecord
from engine.model.verdict import (
    Adopt,
    Ask,
    Create,
    Created,
    Decision,
    Forbid,
    HoldBack,
    Keep,
    Linked,
    Lose,
    LostLink,
    NotExecuted,
    Question,
    Refuse,
    Tell,
    Unseen,
    Wait,
    Weigh,
    Withdraw,
)
from engine.model.work import Failure

# A user who may not create prospects is tried again after so many seconds.
FORBIDDEN_RETRY_S = 3600.0
# Somebody who has a person's address and is not shown is looked for again after so many seconds.
INVISIBLE_RETRY_S = 86_400.0
# No wait for the next create is longer; what is was written by a clock ahead.
WAIT_MAX_S = 72.0
# A person without a prospect is asked for again after so many seconds, if somebody needs it.
NEGATIVE_S = 60.0
# So soon is somebody read again who was forgotten while being asked for.
FORGOTTEN_S = 1.0


IN_DOUBT = because(Code.PROSPECT_IN_DOUBT)
HIDDEN = Standing(None, because(Code.PERSON_HIDDEN))
CHANGED_JUST_NOW = Standing(None, because(Code.PERSON_READ_AGAIN), retry_s=FORGOTTEN_S)
WOULD_CREATE = Standing(
    None, because(Code.MASS_CHANGE_HELD, would="would be created"), would="created"
)


def unreadable(fault: TheirFault) -> Standing:
    """The standing of somebody whose row cannot be read: it is asked for again after a while."""
    return Standing(None, plain_reason(fault), retry_s=NEGATIVE_S)


def decide(facts: PersonFacts) -> Ask | Decision:
    """What becomes of the person, or what has to be known first."""
    known = facts.known
    if known is not None and is_in_doubt(known, facts.record):
        return _doubted(facts, known)
    if known is not None and known.skip is not None:
        return HoldBack(skipped(known.skip), Keep.NOTHING)
    if known is not None and refused_still(known, facts.record):
        if rare_look_due(known, facts.record, facts.now):
            return _looked_for(facts)
        return hold_back(facts, known.reason or because(Code.PERSON_REFUSED))
    held = carried(known, facts.record)
    if held is not None:
        return _linked(facts, held)
    if known is not None and known.prospect_id is not None:
        return _without_id(facts, known.prospect_id)
    return _unknown(facts)


def carried(known: Person | None, record: SourceRecord) -> str | None:
    """The prospect id the person carries; what we wrote last counts until a newer version shows."""
    if known is not None and known.delivered_version == record.version:
        return known.delivered_id or record.target_id
    return record.target_id


def carried_id(known: Person | None, record: SourceRecord) -> int | None:
    """The same as an id; None where it is none."""
    held = carried(known, record)
    return None if held is None else id_of(held)


def is_in_doubt(known: Person, record: SourceRecord) -> bool:
    """Whether it has to be found out first what became of a create whose answer was lost."""
    return known.doubt_since is not None and carried(known, record) is None


def refused_still(known: Person, record: SourceRecord) -> bool:
    """Whether the refusal stands: the flag is set, or still on its way, and is not lifted."""
    return blamed_still(known, record) and not known.lifted


def blamed_still(known: Person, record: SourceRecord) -> bool:
    """Whether our flag is set, or still on its way."""
    refused = known.refused_version
    return refused is not None and (record.error or record.version == refused)


def may_be_created(known: Person | None, record: SourceRecord) -> bool:
    """Whether the person may be synced: a flag of ours that counts as reset does not forbid it."""
    lifted = known is not None and known.lifted and known.refused_version is not None
    return record.eligible or (record.sync and lifted)


def is_overtaken(now: PersonNow, version: int, known_version: int, prospect_id: int) -> bool:
    """Whether somebody changed the person since it was read, and may have entered another id.

    Args:
        version: the one that was read.
        known_version: the one that was known then, which may be higher: a source that was put back
            counts from below.
        prospect_id: who it is taken for.
    """
    if now.prospect_id == prospect_id or now.version == now.delivered_version:
        return False
    return now.version > max(version, known_version)


def rare_look_due(known: Person, record: SourceRecord, now: float) -> bool:
    """Whether whoever has a refused person's address is looked for once more."""
    looked_at = known.taken_at
    if looked_at is None or carried(known, record) is not None:
        # Somebody has entered an id: what a look found would be written over it.
        return False
    return record.sync and now - looked_at >= INVISIBLE_RETRY_S


def hold_back(facts: PersonFacts, reason: Reason) -> HoldBack:
    """Without a prospect for now, and what is kept of that."""
    known = facts.known
    if known is None:
        return HoldBack(reason, Keep.REASON)
    if known.prospect_id is not None:
        # Its roles stay while the tab has the line: only the id cannot be read.
        return HoldBack(reason, Keep.READ_AGAIN)
    stands = blamed_still(known, facts.record) or known.is_open
    return HoldBack(reason, Keep.NOTHING if stands else Keep.REASON)


def _doubted(facts: PersonFacts, known: Person) -> Ask | Decision:
    """What may have been created carries the address of then, whatever the person carries now."""
    sought, intent = facts.in_doubt, known.intent
    if sought is None or intent is None:
        return Ask(Question.IN_DOUBT)
    if sought.prospect_id is not None:
        return Adopt(sought.prospect_id, known.email or "", executed=True)
    proof = proven(
        intent,
        seen=False,
        began_at=sought.began_at,
        now=facts.now,
        bound=bound_s(facts.visibility_s, intent.sent),
        can_be_seen=sought.refusal is None,
    )
    if isinstance(proof, LookAgain):
        return Wait(IN_DOUBT, proof.in_s)
    if known.taken_at is not None:
        return _invisible(facts, known.reason or foreign(Code.ALREADY_THERE, "no reason given"))
    return NotExecuted(replace(known, intent=intent.answered()))


def _invisible(facts: PersonFacts, reason: Reason) -> Refuse:
    said = because(Code.EMAIL_TAKEN_HIDDEN, ref=facts.record.ref, detail=reason)
    return refusal(Taken(said, field=facts.email_field))


def _linked(facts: PersonFacts, held: str) -> Decision:
    prospect_id = id_of(held)
    if prospect_id is None:
        return hold_back(facts, because(Code.PROSPECT_ID_MALFORMED, target_id=held[:40]))
    known = facts.known
    blamed = known is not None and known.refused_version is not None
    return Linked(prospect_id, _url_owed(facts, prospect_id), blamed)


def _url_owed(facts: PersonFacts, prospect_id: int) -> Owed | None:
    """A missing URL for whoever is not linked yet; for others, that of a new prospect."""
    known, shown, url = facts.known, facts.record.target_url, facts.url
    if known is None or known.prospect_id is None:
        return Owed(target_url=url) if shown is None else None
    moved = known.prospect_id != prospect_id and shown != url
    return Owed(target_url=url) if moved else None


def _without_id(facts: PersonFacts, prospect_id: int) -> Ask | Decision:
    """Its id is on the way to the person, or somebody cleared it."""
    if facts.there is None:
        return Ask(Question.THERE)
    return Tell(prospect_id) if facts.there else LostLink(prospect_id)


def _unknown(facts: PersonFacts) -> Ask | Decision:
    """Nobody's prospect, as far as we know."""
    wait_s = 0.0 if facts.known is None else facts.known.retry_at - facts.now
    if facts.known is not None and 0 < wait_s <= WAIT_MAX_S:
        # The wait outlives whatever is forgotten.
        return Wait(facts.known.reason or because(Code.PROSPECT_NOT_CREATED), wait_s)
    if facts.missing == "skip":
        return hold_back(facts, because(Code.PERSON_NOT_IN_TARGET))
    if not may_be_created(facts.known, facts.record):
        code = Code.PERSON_FLAGGED if facts.record.sync else Code.PERSON_SYNC_OFF
        return hold_back(facts, because(code))
    return _looked_for(facts)


def _looked_for(facts: PersonFacts) -> Ask | Decision:
    """Whoever has its address is its prospect."""
    likeness = facts.likeness
    if likeness is None:
        return Ask(Question.LIKENESS)
    if likeness.refusal is not None:
        return Refuse(likeness.refusal)
    if likeness.email is None:
        return hold_back(facts, because(Code.PERSON_WITHOUT_EMAIL))
    if facts.found is None:
        return Ask(Question.ADDRESS)
    if facts.found.prospect_id is not None:
        return Adopt(facts.found.prospect_id, likeness.email)
    if facts.found.refusal is not None:
        return Refuse(facts.found.refusal)
    return _not_found(
        facts, Candidate(facts.record, likeness.fields, likeness.email, facts.known, facts.now)
    )


def _not_found(facts: PersonFacts, candidate: Candidate) -> Decision:
    if facts.known is not None and refused_still(facts.known, facts.record):
        return Unseen(facts.known.reason or because(Code.PERSON_REFUSED))
    if facts.missing == "link":
        return hold_back(facts, because(Code.PROSPECT_NOT_FOUND))
    return Create(candidate)


def refusal(error: Rejected) -> Refuse:
    """The target does not take the person."""
    failure = Failure(error_class(error), error.field, plain_reason(error))
    return Refuse(failure, taken=isinstance(error, Taken))


def prospect_gone(prospect_id: int) -> Refuse:
    """The target refused the prospect that the person carries, because it is not there."""
    return refusal(Rejected(because(Code.PROSPECT_GONE, prospect_id=prospect_id)))


def create_failed(error: Exception, visibility_s: float) -> Ask | Decision | Weigh | Withdraw:
    """What a create that ended in this error leaves behind."""
    if isinstance(error, Taken):
        # Somebody has the address: whoever it is, is the person's prospect.
        return Ask(Question.ADDRESS)
    if isinstance(error, Rejected):
        return (
            Forbid(foreign(Code.PROSPECT_FORBIDDEN, error.message))
            if error_class(error) == FORBIDDEN
            else refusal(error)
        )
    if isinstance(error, OurFault | Conflict | Gone):
        return Weigh()
    if surely_not_executed(error):
        return Withdraw()
    # Whatever it was, the prospect may have been created.
    return Lose(plain_reason(error), look_in_s(0.0, visibility_s))


def address_taken(
    candidate: Candidate, sought: Sought, reason: Reason, visibility_s: float
) -> Adopt | Lose:
    """What follows from a look for whoever has the address that the target calls taken."""
    if sought.prospect_id is not None:
        return Adopt(sought.prospect_id, candidate.email)
    return Lose(reason, look_in_s(0.0, visibility_s), taken=True)


def standing(decision: Decision) -> Standing | None:
    """What opportunities are told of the person; None where the decision goes on."""
    match decision:
        case Linked() | Tell() | Adopt() | Created():
            return Standing(decision.prospect_id)
        case Refuse(failure):
            return Standing(None, failure.reason)
        case Unseen(reason) | HoldBack(reason):
            return Standing(None, reason)
        case Wait(reason, retry_s):
            return Standing(None, reason, retry_s=retry_s)
        case Lose(_, retry_s):
            return Standing(None, IN_DOUBT, retry_s=retry_s)
        case Forbid(reason):
            return Standing(None, reason, retry_s=FORBIDDEN_RETRY_S)
        case Create() | NotExecuted() | LostLink():
            return None


def foreseen(decision: Decision) -> Standing | None:
    """The same, with what would become of the person, for the fuse: nothing of it is done."""
    match decision:
        case Create():
            return WOULD_CREATE
        case Tell(prospect_id) | Adopt(prospect_id) | Created(prospect_id):
            return Standing(prospect_id, would="linked")
        case Refuse(failure):
            return Standing(None, failure.reason, would="flagged")
        case _:
            return standing(decision)


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


def remembered(known: Person, now: float, ttl_s: float) -> Standing | None:
    """What the store knows and is young enough; it needs no question."""
    young = 0 <= now - known.read_at < ttl_s and known.skip is None
    return Standing(known.prospect_id) if young and known.prospect_id is not None else None


def counts_for_s(told: Standing, ttl_s: float) -> float:
    """How many seconds a standing counts; a prospect for `ttl_s`."""
    if told.prospect_id is not None and not told.would:
        return ttl_s
    return min(ttl_s, NEGATIVE_S, told.retry_s or NEGATIVE_S)
