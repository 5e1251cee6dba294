"""Waits that a clock set back has stretched: at start, none is longer than any is meant to be.

What a clock that was ahead has left on disk lies ahead of the clock that is right. It is taken back
by as much as the clock was: a record that was due soon is due soon.
"""

from __future__ import annotations

import sqlite3

from engine.model.mass_change import NEVER

# When something is to happen.
_DUE = (
    ("record", "due_at"),
    ("people_tab", "due_at"),
    ("outbox", "due_at"),
    ("intent", "look_at"),
    ("person", "retry_at"),
    ("refused_role", "retry_at"),
)
# When something has happened, which cannot be ahead of us.
_HAPPENED = (
    ("record", "captured_at"),
    ("record", "pending_since"),
    ("record", "failed_since"),
    ("record", "failed_at"),
    ("record", "proved_at"),
    ("record", "known_at"),
    ("record", "lower_at"),
    ("people_tab", "pending_since"),
    ("people_tab", "failed_at"),
    ("people_tab", "taken_since"),
    ("intent", "opened_at"),
    ("intent", "doubt_since"),
    ("person", "read_at"),
    ("person", "failed_at"),
    ("person", "taken_at"),
    ("role", "seen_at"),
    ("role_edit", "sent_at"),
    ("claim", "since"),
    ("skip", "since"),
    ("listed", "missing_since"),
    ("vanished", "since"),
    ("left_blank", "since"),
    ("setting_change", "at"),
    ("run", "began_at"),
)


def bound(
    connection: sqlite3.Connection, now: float, longest_s: float, set_back_s: float = 0.0
) -> int:
    """See `Provenance.bound_waits`."""
    latest = now + longest_s
    stretched = now if set_back_s > 0 else latest
    shortened = 0
    for table, column in _DUE:
        shortened += connection.execute(
            f"UPDATE {table} SET {column} = max(?, min({column} - ?, ?))"  # noqa: S608 # names above
            f" WHERE {column} > ? AND {column} < ?",
            (now, set_back_s, latest, stretched, NEVER),
        ).rowcount
    for table, column in _HAPPENED:
        connection.execute(
            f"UPDATE {table} SET {column} = min({column} - ?, ?) WHERE {column} > ?",  # noqa: S608 # names above
            (set_back_s, now, now),
        )
    return shortened
