"""What the fuse holds, in the engine's terms: what is said of it, and which records are meant."""

from __future__ import annotations

import json
from collections.abc import Iterable

from engine.decide.reasons import because
from engine.model.named import Named
from engine.model.reason import Code, Reason
from engine.model.records import RecordType

# The fact that the fuse has tripped.
SETTING = "fuse"
# What is said of a record of which a plan did not do what the fuse holds.
AS_BEFORE = "would be changed otherwise than planned"
# And of one that a plan let go, and whose turn did not come before it was cut off.
UNFINISHED = "is of a plan that was cut off; apply it again, or approve"


def why(would: str) -> tuple[Reason, Code]:
    """The columns of the reason and its code."""
    reason = because(Code.MASS_CHANGE_HELD, would=would)
    return reason, reason.code


def tripped(records: int, at: float) -> str:
    """The fact that the fuse has tripped, as it is kept.

    Args:
        records: so many edits were held then.
    """
    return json.dumps({"records": records, "at": at})


def tripped_at(text: str) -> float:
    """When that was, unix seconds."""
    return float(json.loads(text)["at"])


def named(these: Iterable[Named]) -> tuple[list[int], list[int]]:
    """The ids of records, and those of people."""
    ids: dict[RecordType, list[int]] = {record_type: [] for record_type in RecordType}
    for one in these:
        ids[one.record_type].append(one.id)
    return ids[RecordType.OPPORTUNITY], ids[RecordType.PERSON]
