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
_HAPPENED = {
    "record": (
        "captured_at",
        "pending_since",
        "failed_since",
        "failed_at",
        "proved_at",
        "known_at",
        "lower_at",
    ),
    "people_tab": ("pending_since", "failed_at", "taken_since"),
    "intent": ("opened_at", "doubt_since"),
    "person": ("read_at", "failed_at", "taken_at"),
    "role": ("seen_at",),
    "role_edit": ("sent_at",),
    "claim": ("since",),
    "skip": ("since",),
    "listed": ("missing_since",),
    "vanished": ("since",),
    "left_blank": ("since",),
    "setting_change": ("at",),
    "run": ("began_at",),
}


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
    for table, columns in _HAPPENED.items():
        # Each table is read through once, however many of its columns are times.
        taken_back = ", ".join(
            f"{column} = iif({column} > :now, min({column} - :set_back_s, :now), {column})"
            for column in columns
        )
        ahead = " OR ".join(f"{column} > :now" for column in columns)
        connection.execute(
            f"UPDATE {table} SET {taken_back} WHERE {ahead}",  # noqa: S608 # names above
            {"now": now, "set_back_s": set_back_s},
        )
    return shortened
