"""What an operator asks for, in the engine's terms."""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.lane import Lane
from engine.model.named import Named
from engine.model.outbox import Owed

# Named one by one they are fresh edits; more of them than this are a backlog.
FRESH_MAX = 25
# What the source is told of a flag of ours that is taken back.
RESET = Owed(error=False, message="")


def lane(named: Sequence[Named]) -> Lane:
    """The lane of these."""
    return Lane.FRESH if len(named) <= FRESH_MAX else Lane.BACKLOG
