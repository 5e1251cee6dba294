"""What has become of what a service that only looks would have sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.model.edit import Edit
from engine.model.fields import Scalar
from engine.model.shadow import Outcome, There


def compared(edits: Sequence[Edit], now: Mapping[str, Scalar]) -> tuple[Outcome, tuple[There, ...]]:
    """Whether somebody else has done all of it, nothing of it, or something else.

    Args:
        now: what the fields hold; one that is missing holds nothing.
    """
    other = [edit for edit in edits if now.get(edit.field) != edit.after]
    if not other:
        return Outcome.DONE, ()
    if all(now.get(edit.field) == edit.before for edit in edits):
        return Outcome.NOT_DONE, ()
    return Outcome.DIFFERS, tuple(There(edit.field, now.get(edit.field)) for edit in other)


def merged(former: Sequence[Edit], latest: Sequence[Edit]) -> tuple[Edit, ...]:
    """Two that follow each other as one: what came to nothing in the end is left out."""
    fields = {edit.field: edit for edit in former}
    for edit in latest:
        before = fields[edit.field].before if edit.field in fields else edit.before
        fields[edit.field] = Edit(edit.field, before, edit.after)
    return tuple(edit for edit in fields.values() if edit.before != edit.after)
