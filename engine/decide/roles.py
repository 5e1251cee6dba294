"""Which edits make the roles on one opportunity equal to its People tab, and no more than those.

Pure. Tab and roles are compared as multisets of (prospect, role): order means nothing, and the
same pair may stand there several times. Only roles that we made are changed or removed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from engine.decide.failure import FORBIDDEN, error_class, plain_reason
from engine.decide.reasons import because
from engine.errors import Rejected, excerpt
from engine.model.reason import Code
from engine.model.records import Role
from engine.model.tab import Edge, Joining, KnownRole, RefusedRole, TabWork
from engine.model.work import Failure

# Between the texts of one person that are joined in one role, and how long those may become.
SEPARATOR = ", "
JOINED_CHARS_MAX = 255


@dataclass(frozen=True, slots=True)
class Script:
    """The edits: roles to create, to give another text, and to remove."""

    create: tuple[Edge, ...]
    change: tuple[tuple[KnownRole, str], ...]
    remove: tuple[KnownRole, ...]

    @property
    def touched(self) -> dict[int, str | None]:
        """Ids of the roles that it changes, with their new texts; None for one that it removes."""
        changed: dict[int, str | None] = {role.id: text for role, text in self.change}
        return changed | {role.id: None for role in self.remove}

    def __len__(self) -> int:
        """Requests it takes."""
        return len(self.create) + len(self.change) + len(self.remove)


def script(
    wanted: Iterable[Edge],
    present: Iterable[KnownRole],
    *,
    removes: bool,
    protected: Collection[int],
    refused: Mapping[Edge, RefusedRole],
) -> Script:
    """The smallest edit script.

    A role whose create was refused stands apart: none that the tab has no line for is kept, in
    vain, to become it.

    Args:
        wanted: what the tab says, as far as its people are prospects.
        removes: whether roles that we made and the tab lacks are removed.
        protected: prospects whose roles stay as they are, because the tab has lines of theirs
            that cannot be told yet.
        refused: what the target has refused, whether or not it is sent again.
    """
    missing = Counter(wanted)
    spare: list[KnownRole] = []
    # A role of somebody else's stays whatever we do, so it is the first to stand for a line.
    for role in sorted(present, key=lambda one: (one.made, one.id)):
        edge = (role.prospect_id, role.role)
        if missing[edge] > 0:
            missing[edge] -= 1
        elif role.made and role.prospect_id not in protected:
            spare.append(role)
    create: list[Edge] = []
    change: list[tuple[KnownRole, str]] = []
    for prospect_id, text in sorted(missing.elements()):
        earlier = refused.get((prospect_id, text))
        apart = earlier is not None and earlier.created
        same_person = (role for role in spare if role.prospect_id == prospect_id and not apart)
        reused = next(same_person, None)
        if reused is None:
            create.append((prospect_id, text))
        else:
            spare.remove(reused)
            change.append((reused, text))
    return Script(tuple(create), tuple(change), tuple(spare) if removes else ())


def not_refused(
    edits: Script, refused: Mapping[Edge, RefusedRole], *, held: Collection[Edge], joins: bool
) -> tuple[Script, dict[Edge, RefusedRole]]:
    """The edits without those that would be refused as before, and these.

    Args:
        refused: those whose time has not come.
        held: roles that are there.
        joins: each person has one role here.
    """
    same = {
        edge: one
        for edge, one in refused.items()
        if one.joined == joins and (not one.held or edge in held)
    }
    create = [edge for edge in edits.create if edge not in same]
    change = [(role, text) for role, text in edits.change if (role.prospect_id, text) not in same]
    asked = {*edits.create, *((role.prospect_id, text) for role, text in edits.change)}
    kept_back = {edge: one for edge, one in same.items() if edge in asked}
    return Script(tuple(create), tuple(change), edits.remove), kept_back


def joined(wanted: Iterable[Edge]) -> list[Edge]:
    """One edge for each prospect, with all its texts: for targets that take one role per person."""
    texts: dict[int, set[str]] = {}
    for prospect_id, text in wanted:
        texts.setdefault(prospect_id, set()).update([text] if text else [])
    return [(prospect_id, _one_text(several)) for prospect_id, several in sorted(texts.items())]


def _one_text(texts: Collection[str]) -> str:
    whole = SEPARATOR.join(sorted(texts))
    if len(texts) < 2 or len(whole) <= JOINED_CHARS_MAX:
        return whole
    return whole[: JOINED_CHARS_MAX - 1] + "…"


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of the roles after a look: `unseen` are announced creates not to be seen."""

    kept: list[KnownRole]
    gone: list[int]
    unseen: int


def unproven(work: TabWork, *, now: float, lag_s: float) -> list[int]:
    """Roles of which a listing proves nothing: we edited them less than the lag ago."""
    return sorted(one for one, edit in work.edited.items() if now - edit.sent_at < lag_s)


def observed(
    work: TabWork,
    listing: Sequence[Role],
    wanted: Iterable[Edge],
    *,
    now: float,
    lag_s: float,
    target_ahead_s: float,
    proofs: Mapping[int, Role | None] | None = None,
) -> Look:
    """Take in all that the target shows.

    A role that equals an announced create is ours when it was made while our request can have been
    under way. Any other that equals one we need is adopted. One we know that is not shown is gone,
    unless it is so young that the collection may not show it yet.

    Args:
        lag_s: seconds a collection may lag behind a write, and a write behind its lost answer.
        target_ahead_s: by how much the target's clock is ahead of ours, as far as it has told.
        proofs: roles that were read one by one, None for one that is not there; whatever the
            listing shows of these is older.
    """
    proofs = proofs or {}
    listing = [role for role in listing if role.id not in proofs]
    listing += [role for role in proofs.values() if role is not None]
    shown: Mapping[int, Role] = {role.id: role for role in listing}
    kept: list[KnownRole] = []
    gone: list[int] = []
    for role in work.roles:
        if role.id in shown:
            there = shown[role.id]
            kept.append(KnownRole(role.id, there.prospect_id, there.role, role.made, now))
        elif role.id not in proofs and now - role.seen_at < lag_s:
            kept.append(role)
        else:
            gone.append(role.id)
    announced = Counter(work.announced)
    missing = Counter(wanted)
    missing.subtract(Counter((role.prospect_id, role.role) for role in kept))
    held = {role.id for role in kept}
    for ours in (True, False):
        # The oldest: what is made by hand while ours is in doubt comes after it.
        for role in sorted(listing, key=lambda one: one.id):
            edge = (role.prospect_id, role.role)
            claims = announced if ours else missing
            if (
                role.id in held
                or (ours and not _may_be_ours(work, role, now, lag_s, target_ahead_s))
                or claims[edge] <= 0
            ):
                continue
            claims[edge] -= 1
            if ours:
                missing[edge] -= 1
            held.add(role.id)
            kept.append(KnownRole(role.id, role.prospect_id, role.role, ours, now))
    return Look(kept, gone, announced.total())


def _may_be_ours(
    work: TabWork, role: Role, now: float, lag_s: float, target_ahead_s: float
) -> bool:
    """Whether it was made while a create that we announced can have been under way.

    The target stamps roles by its clock, and we keep times by ours: the whole of that while fits by
    either, since ours may have been set right after the announcement.
    """
    if role.created_at is None or work.intent is None:
        return False
    announced_at, since = work.intent.opened_at, work.intent.doubt_since
    lost_at = now if since is None else since
    return any(
        int(announced_at + ahead_s) <= role.created_at <= lost_at + lag_s + ahead_s
        for ahead_s in (0.0, target_ahead_s)
    )


class WhyTaken(Enum):
    """What it means that the target calls a role taken."""

    HELD = "it takes each role once only, and has this one"
    LOOK_FIRST = "an equal role, made just now by somebody else, may only not be listed yet"
    ONE_ROLE = "it takes one role for each person, and has another one of this person"
    THEIRS = "somebody has made the one role that it takes, and it is theirs"
    UNSEEN = "nothing shows a role like it"


def taken(
    prospect_id: int,
    *,
    held: bool,
    looked_long: bool,
    shown: Collection[int],
    joining: Joining,
    creates: bool,
) -> WhyTaken:
    """What it means.

    Args:
        held: a role that we know of is just that.
        looked_long: it was looked for until it would have shown.
        shown: prospects that a look has just shown a role of.
        creates: the role was to be created, not changed.
    """
    if held:
        return WhyTaken.HELD
    if not looked_long:
        return WhyTaken.LOOK_FIRST
    if prospect_id in shown and joining.learns and creates:
        return WhyTaken.ONE_ROLE
    if prospect_id in shown and joining.joins:
        return WhyTaken.THEIRS
    return WhyTaken.UNSEEN


def may_concern(error: Rejected, member: str) -> bool:
    """Whether a role may have been refused for this member: a refusal need not say which it is."""
    return error_class(error) != FORBIDDEN and error.field in (None, member)


def worth_a_look(error: Rejected) -> bool:
    """Whether the role that was to be changed may be what it shall be already, or be no more."""
    return error.status is not None and error_class(error) != FORBIDDEN


def fault(error: Rejected) -> Failure:
    """Why a line cannot be told at all."""
    return Failure(error_class(error), error.field, plain_reason(error))


def unseen(people: Sequence[str], edge: Edge, error: Rejected) -> Failure:
    """The same of a role that the target calls taken and nothing shows.

    Args:
        people: those whose role it would be.
    """
    refs = ", ".join(people) or f"prospect {edge[0]}"
    reason = because(Code.ROLE_TAKEN_HIDDEN, refs=refs, role=excerpt(edge[1]), detail=error.message)
    return Failure(error_class(error), error.field, reason)


class Looked(Enum):
    """What a look at a role has shown whose change was refused."""

    GONE = "it is no more"
    WELL = "it is what it shall be"
    REFUSED = "it is another"


def looked_at(there: Role | None, text: str) -> Looked:
    """What that look has shown."""
    if there is None:
        return Looked.GONE
    return Looked.WELL if there.role == text else Looked.REFUSED
