"""A record as work: what a decision about it needs, and how an attempt at it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.model.fields import Fields
from engine.model.intent import Intent
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.reason import Reason
from engine.model.records import SourceRecord
from engine.model.skip import Skip
from engine.model.undone import Undone

Basis = Mapping[str, str]
"""Each thing that a refusal depended on, by name, with a mark of what it was."""


@dataclass(frozen=True, slots=True)
class Referring:
    """A record that may refer to something that changed; `synced` is what its target holds."""

    id: int
    payload: str
    synced: Fields


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a record is refused or waits: an error class, the field at fault, and the reason.

    `basis` is what a refusal depends on, where that was looked at.
    """

    reason_class: str
    field: str | None
    reason: Reason
    basis: Basis | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """A pending record, with everything a decision needs.

    `pending_since` is when the oldest change it waits for happened, and `proved_at` when the source
    last showed this version; unix seconds. Of the present series of failures `failures` counts all,
    `attempts` those that the record is blamed for; `reason` is that of the latest. `seen_unlinked`
    when this state has seen the record without a target id. `lifted` while our own error flag
    counts as reset, although the payload shows it; `reread` when the row is to be read anew first.
    `undone` is what of it was undone. `let_go` is the run by which it goes on past the fuse.
    """

    id: int
    ref: str
    version: int
    revision: int
    pending_since: float
    proved_at: float
    lane: Lane
    mass: Mass
    payload: str
    attempts: int
    failed_since: float | None
    failed_at: float | None
    target_id: int | None
    gone_id: int | None
    synced: Fields | None
    delivered_id: str | None
    delivered_version: int | None
    owes_id: bool
    intent: Intent | None
    failures: int = 0
    reason: Reason | None = None
    seen_unlinked: bool = False
    lifted: bool = False
    reread: bool = False
    skip: Skip | None = None
    undone: Undone | None = None
    let_go: int | None = None


def uncaptured(record: SourceRecord, lane: Lane, now: float) -> Work:
    """A record of which the state knows nothing, as it would be taken in now, unix seconds."""
    return Work(
        id=record.id,
        ref=record.ref,
        version=record.version,
        revision=0,
        pending_since=record.updated_at,
        proved_at=now,
        lane=lane,
        mass=Mass.NONE,
        payload="",
        attempts=0,
        failed_since=None,
        failed_at=None,
        target_id=None,
        gone_id=None,
        synced=None,
        delivered_id=None,
        delivered_version=None,
        owes_id=False,
        intent=None,
    )
