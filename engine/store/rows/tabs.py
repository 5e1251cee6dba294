"""A People tab as work, from rows that have everything a decision needs of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.decide import settling
from engine.model.intent import Intent
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.tab import Edge, KnownRole, RefusedRole, RoleEdit, TabWork
from engine.store.rows import intents
from engine.store.rows.undone import undone_of


def of_row(
    row: Mapping[str, Any],
    *,
    roles: Iterable[Sequence[Any]],
    edits: Iterable[Sequence[Any]],
    refused: Mapping[Edge, RefusedRole],
) -> TabWork:
    """The tab with its record, its create and what was undone of it.

    Args:
        roles: known on the opportunity: id, prospect, text, whether it is ours, when it was seen.
        edits: of roles there: id, when it was sent, what the role became, whether that is known.
    """
    intent = intents.of_row(row)
    return TabWork(
        record_id=row["record_id"],
        ref=row["ref"],
        version=row["version"],
        pending_since=row["pending_since"],
        payload=row["payload"],
        tab=row["tab"],
        target_id=row["target_id"],
        revision=row["revision"],
        lane=Lane(row["lane"]),
        mass=settling.weight(Mass(row["mass"]), Lane(row["lane"]), Mass(row["of_record"])),
        listed=bool(row["listed"]),
        roles=tuple(KnownRole(one[0], one[1], one[2], bool(one[3]), one[4]) for one in roles),
        announced=_announced(intent),
        intent=intent,
        attempts=row["attempts"],
        failed_at=row["failed_at"],
        left_out=bool(row["left_out"]),
        failures=row["failures"] if row["failed_at"] is not None else 0,
        taken_since=row["taken_since"],
        lifted=bool(row["lifted"]),
        edited={edit[0]: RoleEdit(edit[1], edit[2], told=bool(edit[3])) for edit in edits},
        undone=undone_of(row),
        refused=refused,
        let_go=row["let_go"],
    )


def _announced(intent: Intent | None) -> tuple[Edge, ...]:
    """The creates whose answers may be lacking."""
    if intent is None or not intent.open:
        return ()
    return tuple((prospect_id, role) for prospect_id, role in json.loads(intent.correlation))
