"""A record as work, from a row that has everything a decision needs of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.decide.reasons import kept
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.skip import Skip
from engine.model.work import Work
from engine.store.rows import intents
from engine.store.rows.undone import undone_of

# Of so many times as many as are wanted it is looked who has waited: a backlog is never read whole.
AHEAD = 5


def of_row(row: Mapping[str, Any]) -> Work:
    """The record with its create, its skip, what was undone of it and the id it is owed."""
    return Work(
        id=row["id"],
        ref=row["ref"],
        version=row["version"],
        revision=row["revision"],
        pending_since=row["pending_since"],
        proved_at=row["proved_at"],
        lane=Lane(row["lane"]),
        mass=Mass(row["mass"]),
        payload=row["payload"],
        attempts=row["attempts"],
        failed_since=row["failed_since"],
        failed_at=row["failed_at"],
        target_id=row["target_id"],
        gone_id=row["gone_id"],
        synced=json.loads(row["synced"]) if row["synced"] is not None else None,
        delivered_id=row["delivered_id"],
        delivered_version=row["delivered_version"],
        owes_id=row["owed_id"] is not None,
        intent=intents.of_row(row),
        failures=row["failures"] if row["failed_since"] is not None else 0,
        reason=None if row["reason"] is None else kept(row["reason_code"], row["reason"]),
        seen_unlinked=bool(row["seen_unlinked"]),
        lifted=bool(row["lifted"]),
        reread=bool(row["reread"]),
        skip=None if row["skip_since"] is None else Skip(row["skip_reason"], row["skip_since"]),
        undone=undone_of(row),
        let_go=row["let_go"],
    )
