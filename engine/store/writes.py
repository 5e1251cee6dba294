"""Writes as the state keeps them: the shortest JSON that tells everything of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from engine.model.edit import Edit
from engine.model.write import Write, WriteKind


def encoded(writes: Sequence[Write]) -> str | None:
    """The text of these; None where there are none."""
    if not writes:
        return None
    return json.dumps([_members(one) for one in writes], separators=(",", ":"))


def _members(write: Write) -> dict[str, Any]:
    members = {
        "k": write.kind,
        "t": write.target_id,
        "e": [(one.field, one.before, one.after) for one in write.edits],
        "r": write.role_id,
        "p": write.prospect_id,
        "f": 1 if write.found else None,
    }
    return {name: value for name, value in members.items() if value is not None}


def decoded(text: str | None) -> tuple[Write, ...]:
    """The writes of such a text."""
    if text is None:
        return ()
    return tuple(
        Write(
            WriteKind(one["k"]),
            one["t"],
            tuple(Edit(*edit) for edit in one["e"]),
            one.get("r"),
            one.get("p"),
            "f" in one,
        )
        for one in json.loads(text)
    )


def encoded_edits(target_id: int, edits: Sequence[Edit]) -> str:
    """Edits that are about to be sent to a target record."""
    listed = [(one.field, one.before, one.after) for one in edits]
    return json.dumps({"t": target_id, "e": listed}, separators=(",", ":"))


def announced(text: str | None, target_id: int) -> tuple[Edit, ...]:
    """Those of such a text, if they are about this target record."""
    if text is None:
        return ()
    kept: dict[str, Any] = json.loads(text)
    return tuple(Edit(*one) for one in kept["e"]) if kept["t"] == target_id else ()
