"""What requests are spent on."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """Whose requests they are."""

    FRESH = "fresh"
    BACKLOG = "backlog"
    AUDIT = "audit"
    PEOPLE = "people"
    WRITE_BACK = "write_back"
    AUTH = "auth"
