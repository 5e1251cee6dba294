"""What is said of a record that an operator has told us to leave alone. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.decide.reasons import because
from engine.model.reason import Code, Reason
from engine.model.skip import Skip


def skipped(skip: Skip) -> Reason:
    """Why nothing is sent for it."""
    since = datetime.fromtimestamp(skip.since, UTC).strftime("%Y-%m-%d %H:%M")
    return because(Code.SKIPPED, detail=skip.reason, since=since)
