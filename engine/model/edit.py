"""Edits: what is to be sent, with what it takes the place of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.model.fields import Fields, Scalar


@dataclass(frozen=True, slots=True)
class Edit:
    """One field of a target record; `before` is None where nothing is known to be there."""

    field: str
    before: Scalar
    after: Scalar


def changes(edits: Sequence[Edit]) -> Fields:
    """The fields to send."""
    return {edit.field: edit.after for edit in edits}
