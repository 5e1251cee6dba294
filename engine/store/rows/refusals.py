"""Refusals in the engine's terms: what each depends on, and what becomes of one that heals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.decide.reasons import kept
from engine.model.history import Note
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.refusal import Refused, Weighed
from engine.model.work import Basis, Failure

HEALED = Note("healed", "what it was refused for is another: it is tried again")


def spelled(basis: Basis | None) -> str | None:
    """What a refusal depends on, as it is kept."""
    return None if basis is None else json.dumps(dict(basis), separators=(",", ":"))


def basis_of(text: str | None) -> Basis | None:
    """What a refusal depends on, from how it is kept."""
    return None if text is None else json.loads(text)


def refused(row: Mapping[str, Any]) -> Refused:
    """The refused opportunity in a row that has its basis beside it."""
    return Refused(
        row["id"],
        row["payload"],
        row["revision"],
        bool(row["is_linked"]),
        basis_of(row["basis"]),
        Failure(
            row["reason_class"] or "",
            row["reason_field"],
            kept(row["reason_code"], row["reason"] or ""),
        ),
    )


def again(one: Weighed) -> tuple[Lane, Mass]:
    """In which lane one that heals is tried again, and what it is to the fuse then."""
    # What many records are tried again for at once is a mass change, as it is for others.
    mass = Mass(one.refused.linked and not one.by_edit)
    return (Lane.FRESH if one.by_edit else Lane.BACKLOG), mass
