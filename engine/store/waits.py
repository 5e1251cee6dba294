"""Waits that a clock set back has stretched: at start, none is longer than any is meant to be."""

from __future__ import annotations

import sqlite3

from engine.store.fuse import NEVER


def bound(connection: sqlite3.Connection, now: float, longest_s: float) -> int:
    """Have everything due within `longest_s` seconds, and doubted since now at the latest.

    What the fuse holds waits for somebody, whatever the time is. Returns how many waited too long.
    """
    latest = now + longest_s
    shortened = 0
    for table in ("record", "contacts", "outbox"):
        shortened += connection.execute(
            f"UPDATE {table} SET due_at = ? WHERE due_at > ? AND due_at < ?",  # noqa: S608 # names above
            (latest, latest, NEVER),
        ).rowcount
    for table in ("intent", "contacts", "person"):
        connection.execute(
            f"UPDATE {table} SET doubt_since = ? WHERE doubt_since > ?",  # noqa: S608 # names above
            (now, now),
        )
    connection.execute("UPDATE intent SET look_at = ? WHERE look_at > ?", (latest, latest))
    return shortened
