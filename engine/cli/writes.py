"""What was written, for people: values, and the edits of a decision."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.model.fields import Scalar
from engine.model.write import WriteKind

# So much of a value is shown; a file has all of it.
CHARS_MAX = 60
NOTHING = "—"
_WORDS = {
    WriteKind.CREATED: "",
    WriteKind.UPDATED: "",
    WriteKind.DELETED: "removed",
    WriteKind.ROLE_ADDED: "role added",
    WriteKind.ROLE_CHANGED: "role changed",
    WriteKind.ROLE_REMOVED: "role removed",
    WriteKind.PROSPECT_CREATED: "prospect created",
    WriteKind.WRITTEN_BACK: "",
}


def value(given: Scalar, at: int = 0) -> str:
    """A value as it is shown: cut where it is long, and never taken for words of ours.

    Args:
        at: where it begins to matter.
    """
    if given is None:
        return NOTHING
    cut = at > 0 and isinstance(given, str)
    text = json.dumps(given[at:] if cut and isinstance(given, str) else given, ensure_ascii=False)
    text = text if len(text) <= CHARS_MAX else f"{text[:CHARS_MAX]}…"
    return f"…{text}" if cut else text


def described(detail: str, writes: Iterable[Mapping[str, Any]]) -> list[str]:
    """The reason of a line, then what was written for it, field by field."""
    return [detail, *(text for one in writes for text in _changes(one))]


def _changes(write: Mapping[str, Any]) -> Iterator[str]:
    what = _WORDS[WriteKind(write["kind"])]
    of_role = write["prospect_id"] is not None
    if of_role:
        what += f" (prospect {write['prospect_id']})"
    if write["found"]:
        what = f"{what}, found later".removeprefix(", ")
    for edit in write["edits"]:
        field = what if of_role else f"{what} {edit['field']}".strip()
        yield f"  {field}: {value(edit['before'])} → {value(edit['after'])}"
    if not write["edits"]:
        yield f"  {what or write['kind']}: id {write['target_id']}"
