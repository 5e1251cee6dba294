"""What the state holds of one record, in the engine's terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.decide.nearness import near
from engine.decide.reasons import kept_cause
from engine.model.dossier import Owing, TabDossier
from engine.model.intent import Intent
from engine.model.mass_change import Mass
from engine.model.outbox import Owed
from engine.model.pointer import Pointer, Side
from engine.model.reason import Cause
from engine.model.records import RecordType

TABLES = {RecordType.OPPORTUNITY: "record", RecordType.PERSON: "person"}
_TARGETS = {RecordType.OPPORTUNITY: "target_id", RecordType.PERSON: "prospect_id"}
# Digits at the end of a reference, by which what may have been meant is near.
_DIGITS = "0123456789"


def looked_for(pointer: Pointer) -> tuple[str, str | int | None]:
    """By which column what is pointed at is found, and the value it has there."""
    if pointer.side is Side.TARGET:
        return _TARGETS[pointer.record_type], pointer.id
    if pointer.ref is not None:
        return "ref", pointer.ref
    return "id", pointer.id


def meant(pointer: Pointer) -> tuple[str, list[str | int]]:
    """By which column what may have been meant instead is found, and its values, nearest first."""
    if pointer.ref is None:
        return "id", [int(one) for one in near(str(pointer.id or ""))]
    head = pointer.ref.rstrip(_DIGITS)
    return "ref", [f"{head}{one}" for one in near(pointer.ref[len(head) :])]


def cause(row: Mapping[str, Any]) -> Cause | None:
    """Why, if there is a reason; not every table tells a class and a field of it."""
    return kept_cause(
        row["reason_code"], row["reason"], row.get("reason_class"), row.get("reason_field")
    )


def owing(row: Mapping[str, Any]) -> Owing:
    """What the source is owed."""
    error = None if row["error"] is None else bool(row["error"])
    owed = Owed(row["target_id"], row["target_url"], error, row["message"])
    return Owing(owed, row["due_at"], row["attempts"], cause(row))


def tab(row: Mapping[str, Any], intent: Intent | None, waits_for: Iterable[str]) -> TabDossier:
    """The People tab."""
    return TabDossier(
        row["state"] == "pending",
        Mass(row["mass"]),
        row["due_at"],
        None if intent is None else intent.doubt_since,
        bool(row["given_up"]),
        cause(row),
        tuple(int(one) for one in waits_for),
    )
