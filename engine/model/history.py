"""A line of history."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.write import Write

# The decision about a record that may not be synced as it stands.
LEFT_OUT = "left out"
# Something that was written for it was taken back.
UNDONE = "undone"
# It waits for something; once for each thing it waits for.
WAITS = "waits"
PEOPLE_WAIT = "people wait"
# It may be synced again, after it was left out.
CAME_BACK = "taken up again"


@dataclass(frozen=True, slots=True)
class Note:
    """A line of history: the decision in one word, its reason, and what was written for it."""

    decision: str
    detail: str
    writes: tuple[Write, ...] = ()
