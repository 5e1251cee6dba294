"""What SQLite could not do, as the error that the engine knows."""

from __future__ import annotations

import sqlite3

from engine import descriptors
from engine.errors import StateUnusable
from engine.model.states import IllegalMove
from engine.store.sqlite import statefile

# What the schema says of a move that is none.
NO_MOVE = "no such move"


def refused(error: sqlite3.DatabaseError) -> StateUnusable | IllegalMove:
    """The error for a write that was not done: the caller's own, or that of the file."""
    text = str(error)
    if isinstance(error, sqlite3.IntegrityError) and text.startswith(NO_MOVE):
        return IllegalMove(text)
    return unusable("written", error)


def unusable(what: str, error: sqlite3.DatabaseError) -> StateUnusable:
    """The error for a state file that could not be written or read."""
    if statefile.damaged(error):
        return StateUnusable(
            f"the state file is damaged and cannot be {what}: {error}",
            remedy="see docs/state.md, When the state is damaged or lost",
        )
    if descriptors.none_left():
        return StateUnusable(
            f"the state file cannot be {what}: no file descriptor is left",
            remedy=descriptors.REMEDY,
        )
    return StateUnusable(
        f"the state file cannot be {what}: {error}",
        remedy="check the free space and the permissions of [service] state_dir, then start again;"
        " nothing acknowledged is lost",
    )
