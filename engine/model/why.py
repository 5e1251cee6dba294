"""The closed list of what may be said of a record."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What becomes of a record, in one word; there are no others."""

    IN_STEP = "in step"
    WAITS = "waits"
    HELD = "held"
    REFUSED = "refused"
    NOT_ELIGIBLE = "not eligible"
    NOT_VISIBLE = "not visible"
    DELETED = "deleted"
    IN_DOUBT = "in doubt"
    UNKNOWN = "unknown"
