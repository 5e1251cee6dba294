"""The journal: what was written for a decision, by all that is known of it. Pure.

A request that was answered was carried out. One whose answer was lost may have been, and the target
itself tells: what it holds when it is looked at again is what was sent, or it is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.edit import Edit
from engine.model.fields import Fields
from engine.model.outbox import Entry
from engine.model.reason import Reason
from engine.model.tab import KnownRole, TabWork
from engine.model.write import ROLE, Write, WriteKind

# What is said of a request whose answer was lost.
FOUND = "carried out by an earlier request whose answer was lost"


def written(
    target_id: int, holds: Fields, announced: Sequence[Edit], *, created: bool, answered: bool
) -> tuple[Write, ...]:
    """What was written to a target record that is known to hold this now.

    Args:
        announced: the edits that were, or were to be, sent to it.
        created: it was made just now.
        answered: the edits were carried out, by the target's own word.
    """
    if created:
        # What was sent blank is no value that anything could be given back.
        edits = tuple(Edit(name, None, value) for name, value in holds.items() if value is not None)
        return (Write(WriteKind.CREATED, target_id, edits),)
    if answered:
        return (Write(WriteKind.UPDATED, target_id, tuple(announced)),) if announced else ()
    return carried_out(target_id, announced, holds)


def carried_out(target_id: int, announced: Sequence[Edit], holds: Fields) -> tuple[Write, ...]:
    """What of these edits the target record shows, though nobody has answered them."""
    shown = tuple(one for one in announced if holds.get(one.field) == one.after)
    return (Write(WriteKind.UPDATED, target_id, shown, found=True),) if shown else ()


def prospect_write(prospect_id: int, fields: Fields, *, found: bool = False) -> Write:
    """A person was made a prospect, with these fields as far as they are known."""
    edits = tuple(Edit(name, None, value) for name, value in fields.items() if value is not None)
    return Write(WriteKind.PROSPECT_CREATED, prospect_id, edits, found=found)


def write_back(entry: Entry) -> Write:
    """What the source was told; what it held before is known of the id and the flag alone."""
    said: list[Edit] = []
    if entry.target_id is not None:
        said.append(Edit("target id", entry.carries, entry.target_id))
    if entry.target_url is not None:
        said.append(Edit("target URL", None, entry.target_url))
    if entry.error is not None:
        said.append(Edit("error flag", not entry.error, entry.error))
    if entry.message is not None:
        said.append(Edit("message", None, entry.message))
    return Write(WriteKind.WRITTEN_BACK, entry.record_id, tuple(said))


def described(writes: Sequence[Write]) -> str:
    """Edits of roles, for a person to read."""
    return "; ".join(_described(one) for one in writes)


def _described(write: Write) -> str:
    words = {
        WriteKind.ROLE_ADDED: "created",
        WriteKind.ROLE_CHANGED: "changed",
        WriteKind.ROLE_REMOVED: "removed",
    }
    [edit] = write.edits
    text = edit.before if write.kind is WriteKind.ROLE_REMOVED else edit.after
    said = f"{words[write.kind]} {text or 'no relationship'} of prospect {write.prospect_id}"
    return f"{said}, {FOUND}" if write.found else said


def role_write(
    kind: WriteKind,
    target_id: int,
    role: KnownRole,
    *,
    before: str | None = None,
    after: str | None = None,
    found: bool = False,
) -> Write:
    """What was done to a role, with the texts it had and has; None while there is no role."""
    edits = (Edit(ROLE, before, after),)
    return Write(kind, target_id, edits, role.id, role.prospect_id, found)


def found_roles(work: TabWork, look: Sequence[KnownRole], gone: Sequence[int]) -> list[Write]:
    """What a look at the roles shows of edits that were announced and never answered.

    Args:
        look: the roles that are there, as far as they stand for a line or are ours.
        gone: those that were known and are not there any more.
    """
    known, target_id = {role.id: role for role in work.roles}, work.target_id
    found = [
        role_write(WriteKind.ROLE_ADDED, target_id, role, after=role.role, found=True)
        for role in look
        if role.made and role.id not in known
    ]
    for role in look:
        edit, before = work.edited.get(role.id), known.get(role.id)
        if before is None or edit is None or before.role == role.role or edit.became != role.role:
            continue
        found.append(
            role_write(
                WriteKind.ROLE_CHANGED,
                target_id,
                role,
                before=before.role,
                after=role.role,
                found=True,
            )
        )
    for role_id in gone:
        edit, before = work.edited.get(role_id), known.get(role_id)
        if before is not None and edit is not None and edit.told and edit.became is None:
            found.append(
                role_write(
                    WriteKind.ROLE_REMOVED, target_id, before, before=before.role, found=True
                )
            )
    return found


def waits_anew(before: Reason | None, reason: Reason) -> bool:
    """Whether it waits for something else than before; each is told once, however often."""
    return before is None or before.code is not reason.code
