"""The course of an opportunity's People tab: from what is known to the edits, and on from there.

Pure. Which edits those are is decided in `decide.roles`, and who is which prospect in
`decide.person`; here it is decided whether any are made at all, what a look at the roles ends, what
is held for the fuse, and what follows from what was sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.decide.doubt import Executed, LookAgain, bound_s, look_in_s, proven, resend_after_s
from engine.decide.failure import error_class, plain_reason
from engine.decide.person import WOULD_CREATE
from engine.decide.reasons import because, foreign, listed
from engine.decide.roles import Script, joined
from engine.decide.undone import roles_stand
from engine.errors import Gone, Rejected, Taken, Unreachable, surely_not_executed
from engine.model.history import Note
from engine.model.person import Person, Standing
from engine.model.reason import Code, Reason
from engine.model.records import SourceRecord, TabLine
from engine.model.tab import Edge, GivenUp, Joining, Lines, RefusedRole, Sent, TabWork
from engine.model.work import Failure

# A single opportunity that cannot be related is tried again this seldom.
REFUSED_RETRY_S = 3600.0
# A role that was refused is not cured by trying, and there may be one on every opportunity.
REFUSED_ROLE_RETRY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Leave:
    """The opportunity may not be synced as it stands, or does not show its tab."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Its people are held, whoever they are, until the tab changes; nothing is removed."""

    failure: Failure
    retry_s: float = REFUSED_ROLE_RETRY_S


@dataclass(frozen=True, slots=True)
class Relate:
    """Make the roles equal to these lines; `look` where the roles must be listed first."""

    people: tuple[TabLine, ...]
    look: bool


Course = Leave | Unreadable | Relate


def course(work: TabWork, record: SourceRecord, *, follows: bool) -> Course:
    """Which way a tab goes, before anybody is asked for.

    Args:
        follows: the source shows people at all.
    """
    if work.left_out or not record.sync or not follows:
        return Leave()
    if record.error and not work.lifted:
        return Leave()
    if _undone(work):
        return Leave()
    if record.people is not None:
        return Relate(record.people, look=not work.listed)
    if record.people_fault is None:
        return Leave()
    error = Rejected(because(Code.TAB_UNREADABLE, detail=record.people_fault))
    return Unreadable(Failure(error_class(error), None, plain_reason(error)))


def _undone(work: TabWork) -> bool:
    """Whether its roles are left alone; not while it is open what became of an edit."""
    return (
        work.undone is not None
        and not work.is_open
        and roles_stand(work.undone, target_id=work.target_id, version=work.version, tab=work.tab)
    )


def can_be_told(standing: Standing) -> bool:
    """Whether a line of such a person is a role, if only one that would be created."""
    return standing.prospect_id is not None or standing == WOULD_CREATE


def told(
    people: Iterable[TabLine], standings: Mapping[int, Standing], known: Iterable[Person]
) -> Lines:
    """The lines in the target's terms.

    Args:
        known: what is known of those who cannot be told.
    """
    found = {
        # Nobody in the target has such an id: a line of theirs is a role to be created.
        person_id: -person_id if standing.prospect_id is None else standing.prospect_id
        for person_id, standing in standings.items()
        if can_be_told(standing)
    }
    return Lines(
        wanted=tuple((found[one.person_id], one.role) for one in people if one.person_id in found),
        people=found,
        held={one: standing for one, standing in standings.items() if one not in found},
        would={one: standing.would for one, standing in standings.items() if standing.would},
        # A person who cannot be told keeps what it had: the tab still has the line.
        protected=frozenset(one.prospect_id for one in known if one.prospect_id is not None),
    )


def joining(setting: Literal["auto", "always", "never"], *, learnt: bool) -> Joining:
    """Whether the target takes one role for each person.

    Args:
        learnt: it turned out that it does.
    """
    return Joining(
        joins=setting == "always" or (setting == "auto" and learnt),
        learns=setting == "auto" and not learnt,
    )


def as_joined(lines: Lines, how: Joining) -> Lines:
    """With all lines of a person in one, where the target takes one role for each."""
    return replace(lines, wanted=tuple(joined(lines.wanted))) if how.joins else lines


@dataclass(frozen=True, slots=True)
class Doubt:
    """A create may have been executed: the roles are listed from `look_at` on before it is
    repeated.

    Args:
        taken: a role is there already, by the target's word, and was not shown.
    """

    failure: Failure
    announced: Sequence[Edge]
    look_at: float
    taken: bool = False


def after_look(
    work: TabWork, *, unseen: bool, began_at: float, now: float, visibility_s: float
) -> Doubt | Literal["executed", "not_executed"] | None:
    """What a look at the roles says of creates in doubt; None where none are.

    Args:
        unseen: some of them are not to be seen.
        began_at: when the look began; only one that began past the bound proves anything.
    """
    intent = work.intent
    if intent is None or not intent.open:
        return None
    bound = bound_s(visibility_s, intent.sent)
    match proven(intent, seen=not unseen, began_at=began_at, now=now, bound=bound):
        case Executed():
            return "executed"
        case LookAgain(in_s):
            return _doubt(because(Code.ROLES_NOT_SHOWN), work.announced, now + in_s)
        case _:
            return "not_executed"


def _doubt(
    reason: Reason, announced: Sequence[Edge], look_at: float, *, taken: bool = False
) -> Doubt:
    return Doubt(Failure("unreachable", None, reason), tuple(announced), look_at, taken)


def looked_long(work: TabWork, *, now: float, visibility_s: float) -> bool:
    """Whether a role that the target calls taken would have shown by now."""
    return work.taken_since is not None and now - work.taken_since >= visibility_s


@dataclass(frozen=True, slots=True)
class Hold:
    """Something would change for one of many opportunities at once, and for these people."""

    would: str
    people: Collection[int]


def weighed(edits: Script, lines: Lines) -> Hold | None:
    """What is held for the fuse; None where nothing would change.

    It is said for a person, without a value of the record.
    """
    if not edits and not lines.would:
        return None
    roles = {"create": edits.create, "change": edits.change, "remove": edits.remove}
    said = [f"{name} {len(some)} roles" for name, some in roles.items() if some]
    people = Counter(lines.would.values())
    said += [f"have {number} people {what}" for what, number in sorted(people.items())]
    return Hold(f"would {', '.join(said)}", lines.would.keys())


@dataclass(frozen=True, slots=True)
class Abandon:
    """There is no such opportunity: its record is looked at in so many seconds, and says what
    follows. It may find it there after all, as often as we are told that it is gone.
    """

    look_in_s: float


def stopped(
    work: TabWork, error: Exception, *, asking: Edge | None, now: float, visibility_s: float
) -> Abandon | Doubt | None:
    """What an edit that ended in this error leaves behind; None where surely nothing.

    Args:
        asking: the create that was under way.
    """
    if isinstance(error, Gone):
        return Abandon(resend_after_s(work.sent))
    reason, bound = plain_reason(error), bound_s(visibility_s, work.sent)
    if isinstance(error, Taken):
        # It is there, although nothing showed it; the next look will.
        look_at = now + look_in_s(now - (work.taken_since or now), bound)
        return _doubt(reason, (), look_at, taken=True)
    if asking is None or surely_not_executed(error):
        return None
    # Whatever it was, the create may have been executed.
    return _doubt(reason, (asking,), now + look_in_s(0.0, bound))


@dataclass(frozen=True, slots=True)
class Settlement:
    """The edits were sent.

    Args:
        waits_for: people whose lines are held back until they become available.
        complete: every line of the tab stands in the target.
        given_up: some line was refused, and is tried again then, if not before.
        look_at: some line can be told only later, unix seconds; `why` says which.
    """

    note: Note | None
    waits_for: Sequence[int]
    complete: bool
    listed: bool
    given_up: GivenUp | None
    look_at: float | None
    why: Reason | None


def given_up(refusals: Iterable[RefusedRole]) -> GivenUp | None:
    """Why some line cannot be told at all, and when the first of them is tried again.

    A role that is there already, and that the target takes once only, lacks nothing.
    """
    lacking = [one for one in refusals if not one.held]
    if not lacking:
        return None
    return GivenUp(lacking[-1].failure, min(one.retry_at for one in lacking))


def settlement(sent: Sent, lines: Lines, now: float) -> Settlement:
    """What follows from what was sent."""
    held = [
        because(Code.PERSON_AWAITED, person_id=one, detail=standing.reason)
        for one, standing in lines.held.items()
    ]
    said = [*sent.edits, *sent.refused, *held]
    if sent.edits and sent.joins:
        said.append(because(Code.ROLES_JOINED))
    soon = [one.retry_s for one in lines.held.values() if one.retry_s is not None]
    if sent.again:
        soon.append(0.0)
    return Settlement(
        note=Note("related", listed(said)) if said else None,
        waits_for=tuple(lines.held),
        complete=not held and not sent.refused and not sent.kept_back,
        listed=not sent.others,
        given_up=sent.refusal,
        look_at=now + min(soon) if soon else None,
        # Who cannot be told yet is told by and by; what is refused is what somebody must see to.
        why=foreign(held[0].code, listed(held)) if held and sent.refusal is None else None,
    )


def must_be_listed(error: Exception) -> bool:
    """Whether an edit that ended in this error may have been executed all the same."""
    return isinstance(error, Unreachable) or not surely_not_executed(error)


def retry_in_s(wait_s: float, *, flagged: bool) -> float:
    """Seconds until a tab is tried again; much later when it is at fault itself."""
    return REFUSED_RETRY_S if flagged else wait_s
