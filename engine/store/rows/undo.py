"""What is taken back, in the engine's terms: which lines are meant, and what is told of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from engine.decide.journal import carried_out, role_write
from engine.decide.reasons import because
from engine.model.fields import Fields
from engine.model.history import UNDONE, Note
from engine.model.reason import Code
from engine.model.report import HistoryLine
from engine.model.tab import KnownRole
from engine.model.undo import Scope
from engine.model.undone import Undone
from engine.model.write import Write, WriteKind
from engine.store.writes import announced


def written(
    lines: Iterable[HistoryLine], scope: Scope
) -> tuple[list[HistoryLine], list[HistoryLine]]:
    """What was written for one record within the scope, and after that.

    Args:
        lines: everything that was told of it, oldest first.
    """
    every = [line for line in lines if line.writes]
    within = [line for line in every if _is_meant(line, scope)]
    last = within[-1].seq if within else 0
    return within, [line for line in every if line.seq > last]


def _is_meant(line: HistoryLine, scope: Scope) -> bool:
    return (
        (scope.run is None or line.run == scope.run)
        and (scope.since is None or line.at >= scope.since)
        and (scope.upto is None or line.seq <= scope.upto)
    )


def of_mark(record_id: int, mark: Undone) -> tuple[object, ...]:
    """The values of a row of what was undone, in the order of its columns."""
    return (
        record_id,
        mark.target_id,
        mark.version,
        mark.mapping,
        json.dumps(sorted(mark.fields)),
        mark.tab,
        mark.run,
    )


def synced(holds: Fields, mapped: Collection[str]) -> str:
    """What the target record is known to hold of the fields that the mapping fills."""
    known = {name: value for name, value in holds.items() if name in mapped}
    return json.dumps(known, separators=(",", ":"))


def of_fields(sending: str | None, target_id: int, holds: Fields, *, answered: bool) -> Note | None:
    """What is told of the edits that were announced; None where none of them came about.

    Args:
        sending: the edits, as kept.
        answered: they were carried out; otherwise what of them `holds` shows.
    """
    edits = announced(sending, target_id)
    writes = carried_out(target_id, edits, holds)
    if answered:
        writes = (Write(WriteKind.UPDATED, target_id, edits),)
    if not writes:
        return None
    names = ", ".join(sorted(edit.field for write in writes for edit in write.edits))
    return Note(UNDONE, because(Code.UNDONE, where=f"id {target_id}", what=names), writes)


def of_role(kind: WriteKind, target_id: int, role: KnownRole, before: str | None) -> Note:
    """What is told of a role that was added, removed or changed."""
    after = None if kind is WriteKind.ROLE_REMOVED else role.role
    write = role_write(kind, target_id, role, before=before, after=after)
    what = f"a role of prospect {role.prospect_id}"
    return Note(UNDONE, because(Code.UNDONE, where=f"id {target_id}", what=what), (write,))


def edge(role: KnownRole) -> str:
    """What the create of this role is looked for by."""
    return json.dumps([(role.prospect_id, role.role)])
