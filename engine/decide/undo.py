"""Taking back: what writes come to, and what of it is given back. Pure.

Only what is as we left it is given back. What anybody has changed since, we ourselves among them,
stays as it is and is told; nothing is ever deleted in the target but roles that we made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.decide.undone import fields_stand
from engine.model.edit import Edit
from engine.model.fields import Fields, Scalar
from engine.model.history import UNDONE
from engine.model.records import RecordType, Role
from engine.model.report import HistoryLine
from engine.model.undo import RoleChange, Standing, Sum
from engine.model.undone import Undone
from engine.model.write import Write, WriteKind

_MISSING = object()


def sums(lines: Sequence[HistoryLine]) -> list[Sum]:
    """What the writes of these lines, of one record and oldest first, come to.

    One for each target record that the record had.
    """
    targets: dict[int, list[tuple[HistoryLine, Write]]] = {}
    for line in lines:
        for write in line.writes:
            if write.kind is not WriteKind.WRITTEN_BACK:
                targets.setdefault(_target(write), []).append((line, write))
    return [_sum(target_id, written) for target_id, written in targets.items()]


def _target(write: Write) -> int:
    return write.target_id


def _sum(target_id: int, written: Sequence[tuple[HistoryLine, Write]]) -> Sum:
    line = written[0][0]
    writes = [write for _, write in written]
    kinds = {write.kind for write in writes}
    return Sum(
        line.record_type,
        line.record_id,
        line.ref,
        target_id,
        edits=_net_fields(writes),
        roles=_net_roles(writes),
        created=bool(kinds & {WriteKind.CREATED, WriteKind.PROSPECT_CREATED}),
        removed=(target_id,) if WriteKind.DELETED in kinds else (),
        runs=frozenset(one.run for one, _ in written if one.run is not None),
    )


def _net_fields(writes: Sequence[Write]) -> tuple[Edit, ...]:
    first: dict[str, Scalar] = {}
    last: dict[str, Scalar] = {}
    for write in writes:
        if write.kind is WriteKind.UPDATED:
            for edit in write.edits:
                first.setdefault(edit.field, edit.before)
                last[edit.field] = edit.after
    return tuple(Edit(name, first[name], last[name]) for name in first if first[name] != last[name])


def _net_roles(writes: Sequence[Write]) -> tuple[RoleChange, ...]:
    net: dict[int, RoleChange] = {}
    for write in writes:
        if write.role_id is None or write.prospect_id is None:
            continue
        [edit] = write.edits
        before, after = _text(edit.before), _text(edit.after)
        known = net.get(write.role_id)
        if known is None:
            net[write.role_id] = RoleChange(write.role_id, write.prospect_id, before, after)
        else:
            net[write.role_id] = replace(known, after=after)
    changed = [one for one in net.values() if one.before != one.after]
    return tuple(_unpaired(changed))


def _text(value: Scalar) -> str | None:
    return None if value is None else str(value)


def _unpaired(roles: Sequence[RoleChange]) -> list[RoleChange]:
    """Without those that were removed and are there again under another id."""
    added = Counter(one.edge for one in roles if one.before is None)
    removed = Counter(one.edge for one in roles if one.after is None)
    both = added & removed
    spare = {True: both.copy(), False: both.copy()}
    left: list[RoleChange] = []
    for one in roles:
        came = one.before is None
        if (came or one.after is None) and spare[came][one.edge] > 0:
            spare[came][one.edge] -= 1
        else:
            left.append(one)
    return left


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that is not given back, and why."""

    what: str
    reason: str

    @property
    def text(self) -> str:
        """Both, for a person to read."""
        return f"{self.what}: {self.reason}" if self.what else self.reason


def given_back(found: Sum, later: Sequence[HistoryLine]) -> tuple[Sum, list[Kept]]:
    """What is left of it, by what is told of it since; nobody has to be asked for that.

    Args:
        later: lines of the record after those that are meant, oldest first.
    """
    latest: dict[str, tuple[Scalar, int | None]] = {}
    for line in later:
        for write in line.writes:
            if write.kind is WriteKind.UPDATED and write.target_id == found.target_id:
                by = line.run if line.decision == UNDONE else None
                latest.update({edit.field: (edit.after, by) for edit in write.edits})
    kept: list[Kept] = []
    edits: list[Edit] = []
    for one in found.edits:
        after, by = latest.get(one.field, (None, None))
        if by is not None and after == one.before:
            kept.append(Kept(one.field, f"it was given back in run {by}"))
        else:
            edits.append(one)
    return replace(found, edits=tuple(edits)), kept


@dataclass(frozen=True, slots=True)
class GiveBack:
    """What is given back to a target record: `before` is what is there, `after` what shall be.

    Args:
        again: fields that the mapping in force would send again with the next edit of the record.
        alone: fields that are left alone from now on, since the mapping makes something else.
    """

    edits: tuple[Edit, ...]
    kept: tuple[Kept, ...]
    again: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()


def marked(
    standing: Standing,
    target_id: int,
    mapping: str,
    run: int,
    *,
    restored: Collection[str] = (),
    alone: Collection[str] = (),
    roles_of: Collection[int] = (),
) -> Undone | None:
    """What of the record is left alone from now on; None for nothing.

    Args:
        restored, alone: fields that are given back, and those of them that the mapping fills
            otherwise.
        roles_of: roles that these runs have written are given back.
    """
    work, old = standing.work, standing.work.undone
    if old is not None and not fields_stand(
        old, target_id=target_id, version=work.version, mapping=mapping
    ):
        old = None
    before = frozenset[str]() if old is None else old.fields
    fields = before - set(restored) | set(alone)
    tab = None if old is None else old.tab
    if roles_of:
        # Taking an undo of roles back lets the tab say what they are.
        tab = None if old is not None and set(roles_of) == {old.run} else standing.tab
    if not fields and tab is None:
        return None
    return Undone(target_id, work.version, mapping, fields, tab, run)


def cannot(standing: Standing | None, target_id: int) -> str | None:
    """Why nothing of a record can be given back at all, or None."""
    if standing is None:
        return "it is not known any more"
    if standing.owner is None:
        return f"id {target_id} is no record's any more"
    if standing.owner != standing.work.ref:
        return f"id {target_id} is that of {standing.owner} now"
    if standing.work.intent is not None or standing.in_doubt:
        return "it is still open what became of something that was sent; try again later"
    if standing.pending:
        return "it waits to be synced itself, as it is now; try again when it is"
    return None


def fields_back(
    found: Sum, live: Fields, known: Collection[str], desired: Fields | None
) -> GiveBack:
    """What is given back to the fields of a target record.

    Args:
        live: what it holds now.
        known: fields that the target knows.
        desired: what the mapping in force makes of the record; None where that cannot be told.
    """
    edits: list[Edit] = []
    kept: list[Kept] = []
    for one in () if found.created else found.edits:
        if one.field not in known:
            kept.append(Kept(one.field, "the target has no such field any more"))
        elif live.get(one.field) == one.before:
            kept.append(Kept(one.field, "it holds what it held before already"))
        elif live.get(one.field) != one.after:
            kept.append(Kept(one.field, "somebody has changed it since"))
        else:
            edits.append(Edit(one.field, one.after, one.before))
    wanted = desired or {}
    return GiveBack(
        tuple(edits),
        tuple(kept),
        again=frozenset(
            one.field for one in edits if wanted.get(one.field, _MISSING) == one.before
        ),
        alone=frozenset(one.field for one in edits if wanted.get(one.field, _MISSING) != one.after),
    )


@dataclass(frozen=True, slots=True)
class RolesBack:
    """Roles to remove and to give their former text, by id, and to add again."""

    remove: tuple[RoleChange, ...]
    change: tuple[RoleChange, ...]
    add: tuple[RoleChange, ...]
    kept: tuple[Kept, ...]


def roles_back(
    found: Sum, there: Mapping[int, Role | None], listing: Sequence[Role], *, related: bool
) -> RolesBack:
    """What is given back to the roles of a target record.

    Args:
        there: those that still should be there, as they are now; None for one that is gone.
        listing: all that are there, as far as the target shows them.
        related: its roles can be followed; otherwise nothing is done to any.
    """
    remove: list[RoleChange] = []
    change: list[RoleChange] = []
    add: list[RoleChange] = []
    kept: list[Kept] = []
    present = Counter((role.prospect_id, role.role) for role in listing)
    for one in found.roles:
        what = f"role of prospect {one.prospect_id}"
        role = there.get(one.role_id)
        if not related:
            kept.append(Kept(what, "the record's people are not related to it any more"))
        elif one.after is None:
            if present[one.edge] > 0:
                kept.append(Kept(what, "it is there again"))
            else:
                add.append(one)
        elif role is None:
            kept.append(Kept(what, "it is gone already"))
        elif role.role == one.before:
            kept.append(Kept(what, "it has its former text already"))
        elif role.role != one.after:
            kept.append(Kept(what, "somebody has changed it since"))
        else:
            (remove if one.before is None else change).append(one)
    return RolesBack(tuple(remove), tuple(change), tuple(add), tuple(kept))


def never_deleted(found: Sum, url: str) -> list[Kept]:
    """What the writes have made, or removed, and no undo takes back.

    Args:
        url: address of the target record.
    """
    kept: list[Kept] = []
    if found.created:
        noun = "prospect" if found.record_type is RecordType.PERSON else "opportunity"
        kept.append(
            Kept(
                "", f"created, and no {noun} is ever deleted; delete it there if it must go: {url}"
            )
        )
    kept += [
        Kept("", f"id {one} was removed as our own second create; it may be in the trash there")
        for one in found.removed
    ]
    return kept
