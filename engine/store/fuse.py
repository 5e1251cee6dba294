"""The mass-change fuse, as kept: which edits of one sweep or mapping wait for an approval.

A record or tab taken in by a sweep, an audit or a changed mapping is first evaluated and, when it
would be changed in the target, held. Only when the last of them is evaluated it is known how many
there are, and they go on together or wait for somebody.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from enum import IntEnum

from engine.records import Fields
from engine.store import kept

SETTING = "fuse"
# A due time nothing reaches by itself; any capture or approval replaces it.
NEVER = 99_999_999_999.0
# Set while linked records are being read anew for another mapping: those with a greater id are
# still to be read.
MAPPING = "mapping_cursor"
# Set from the first page of a sweep, or of a slice of the audit, to its last.
SWEEP = "sweep_unfinished"
AUDIT = "audit_unfinished"
MARKS = (SWEEP, AUDIT)
# What the reason of everything held begins with, and the decision its history tells.
HELD = "held by the fuse"


class Mass(IntEnum):
    """What a record is to the fuse."""

    NONE = 0
    EVALUATING = 1
    HELD = 2
    APPROVED = 3


@dataclass(frozen=True, slots=True)
class Held:
    """Edits that wait: `records` of so many `linked`; `tripped` when an approval is needed."""

    records: int
    linked: int
    tripped: bool


def hold_record(
    connection: sqlite3.Connection,
    record_id: int,
    revision: int,
    known: Fields | None,
    would: str,
) -> None:
    """The record would be changed or refused; it waits, unless a newer change was captured.

    Args:
        known: what the target holds, so that it need not be read again; None where that is not
            known.
        would: what would happen, without a value of the record.
    """
    synced = None if known is None else json.dumps(known, separators=(",", ":"))
    connection.execute(
        "UPDATE record SET mass = ?, due_at = ?, synced = ?, reason = ?,"
        " reason_class = 'held_back' WHERE id = ? AND revision = ?",
        (Mass.HELD, NEVER, synced, f"{HELD}: {would}", record_id, revision),
    )


def hold_contacts(
    connection: sqlite3.Connection, record_id: int, revision: int, would: str
) -> None:
    """Roles of the opportunity would be changed or removed; they wait likewise."""
    connection.execute(
        "UPDATE contacts SET mass = ?, due_at = ?, given_up = 0, reason = ?,"
        " reason_class = 'held_back' WHERE record_id = ? AND revision = ?",
        (Mass.HELD, NEVER, f"{HELD}: {would}", record_id, revision),
    )


def held(connection: sqlite3.Connection) -> Held:
    """What waits now."""
    # Without the index's own condition SQLite would read every record.
    records, linked = connection.execute(
        "SELECT (SELECT count(*) FROM record WHERE mass > 0 AND mass = 2)"
        " + (SELECT count(*) FROM contacts WHERE mass > 0 AND mass = 2),"
        " (SELECT count(*) FROM record WHERE target_id IS NOT NULL)"
    ).fetchone()
    return Held(records, linked, kept.setting(connection, SETTING) is not None)


def held_since(connection: sqlite3.Connection) -> float | None:
    """When the fuse tripped, unix seconds; None while nothing needs an approval."""
    tripped = kept.setting(connection, SETTING)
    return None if tripped is None else float(json.loads(tripped)["at"])


def waiting(connection: sqlite3.Connection) -> bool:
    """Whether anything waits, or did when the fuse tripped; cheap enough for every other second."""
    return bool(
        connection.execute(
            "SELECT EXISTS (SELECT 1 FROM record WHERE mass > 0 AND mass = 2)"
            " OR EXISTS (SELECT 1 FROM contacts WHERE mass > 0 AND mass = 2)"
            " OR EXISTS (SELECT 1 FROM setting WHERE name = ?)",
            (SETTING,),
        ).fetchone()[0]
    )


def decide(
    connection: sqlite3.Connection, share: float, records_min: int, now: float
) -> Held | None:
    """Once everything is read and evaluated: let what is held go on, or trip.

    None while nothing is new, or more of the same may follow: the first pages of a mass change look
    like a small one.

    Args:
        share: part of the linked records that may change at once, 0 to 1.
        records_min: so many may always change at once.
    """
    # A record that keeps failing is no reason to keep all the others waiting.
    evaluating = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM record WHERE mass > 0 AND mass = 1"
        " AND state = 'pending' AND attempts = 0)"
        " OR EXISTS (SELECT 1 FROM contacts WHERE mass > 0 AND mass = 1"
        " AND state = 'pending' AND attempts = 0)"
    ).fetchone()[0]
    unfinished = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM setting WHERE name IN (SELECT value FROM json_each(?)))",
        (json.dumps([MAPPING, *MARKS]),),
    ).fetchone()[0]
    present = held(connection)
    if present.tripped and not present.records:
        # Whoever made the mistake has taken it back; the next change is another one.
        kept.forget_setting(connection, SETTING)
    if unfinished or evaluating or present.tripped or not present.records:
        return None
    if present.records <= max(records_min, int(share * present.linked)):
        release(connection, now)
        return present
    kept.set_setting(connection, SETTING, json.dumps({"records": present.records, "at": now}))
    return Held(present.records, present.linked, tripped=True)


def forget_unfinished(connection: sqlite3.Connection) -> None:
    """At start: nobody goes on with what a former process was reading."""
    connection.executemany("DELETE FROM setting WHERE name = ?", [(mark,) for mark in MARKS])


def release(connection: sqlite3.Connection, now: float) -> int:
    """Let everything held go on at once; returns how many that were."""
    released = 0
    for table in ("record", "contacts"):
        released += connection.execute(
            f"UPDATE {table} SET mass = ?, due_at = 0, pending_since = ?, reason = NULL,"  # noqa: S608 # names above
            " reason_class = NULL WHERE mass > 0 AND mass = ?",
            (Mass.APPROVED, now, Mass.HELD),
        ).rowcount
    kept.forget_setting(connection, SETTING)
    return released
