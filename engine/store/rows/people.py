"""A person, from a row that has everything a decision needs, and what is kept of one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.decide.journal import waits_anew
from engine.decide.reasons import because, kept, known
from engine.model.history import WAITS, Note
from engine.model.outbox import Owed
from engine.model.person import Person
from engine.model.reason import Code, Reason, code_of
from engine.model.records import SourceRecord
from engine.model.skip import Skip
from engine.store.rows import intents


def of_row(row: Mapping[str, Any]) -> Person:
    """The person with its create, its skip and what a refusal depended on."""
    since, basis, reason = row["skip_since"], row["basis"], row["reason"]
    return Person(
        row["id"],
        row["ref"],
        row["version"],
        row["read_at"],
        row["prospect_id"],
        row["delivered_id"],
        row["delivered_version"],
        row["refused_version"],
        intents.of_row(row),
        None if reason is None else kept(row["reason_code"], reason),
        row["email"],
        row["failed_at"],
        row["taken_at"],
        row["retry_at"],
        lifted=bool(row["lifted"]),
        skip=None if since is None else Skip(row["skip_reason"], since),
        basis=None if basis is None else json.loads(basis),
    )


def owed_after_refusal(owed: Owed | None, taken_at: float | None, *, lifted: bool) -> Owed:
    """What the source is owed of a person who is linked and was refused before."""
    # The source may show the reason.
    owed = replace(owed or Owed(), message="")
    if taken_at is not None or lifted:
        # Nobody has to reset it: the flag goes as it came.
        owed = replace(owed, error=False)
    return owed


def line_of_doubt(reason: Reason, *, taken: bool) -> Note:
    """The line of history of a create that is in doubt, or of an address that is taken unseen."""
    what = Code.EMAIL_TAKEN_UNSEEN if taken else Code.CREATE_IN_DOUBT
    return Note("in doubt", because(what, detail=reason))


def line_of_wait(code: str | None, text: str | None, reason: str) -> Note | None:
    """The line of history when the person begins to wait for something, or for something else.

    Args:
        code, text: what is kept of what it waits for until now.
    """
    if isinstance(reason, Reason) and waits_anew(known(code, text), reason):
        return Note(WAITS, reason)
    return None


def columns(
    record: SourceRecord,
    read_at: float,
    *,
    prospect_id: int | None,
    email: str | None,
    reason: Reason | None,
    reason_class: str | None,
) -> tuple[int | float | str | None, ...]:
    """The person as read just now: id, reference, version, when it was read, address, prospect, and
    the text, code and class of why there is none.
    """
    return (
        record.id,
        record.ref,
        record.version,
        read_at,
        email,
        prospect_id,
        reason,
        code_of(reason),
        reason_class,
    )
