"""Provenance: whether the state is the one that was last at work here, and what follows if not.

A backup put back, a file without its write-ahead log or the snapshot of a machine is older than
both systems: what it takes for known about the target may not hold any more, and creates that it
takes for pending may have been executed. Then everything of that kind counts as unknown: it is read
before it is written, and looked for before it is created.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict

from engine.decide import age
from engine.errors import StateUnusable
from engine.installation import Installation
from engine.model.age import Aged, Evidence, Rest, Seen
from engine.model.history import Note
from engine.model.kept import CREATES_PAUSED
from engine.model.run import RunKind
from engine.model.work import Work
from engine.store.sqlite import kept, runs
from engine.store.sqlite.history import remember

# Which state this is, and how many writes it has acknowledged; the mark repeats both.
NAME = "state_name"
WRITES = "state_writes"
INSTALLATION = "installation"
# Set in a copy, and by whoever takes a state over: why it is of unknown age.
COPIED = "copied"
AGED = "aged"
# The service was alive then, and whether it ended in order since.
LIVED_AT = "lived_at"
DATES = "lived_at_by_dates"
ENDED = "ended_in_order"


def begin(
    connection: sqlite3.Connection, here: Installation, mark: Seen | None, now: float
) -> Aged | None:
    """See `Provenance.begin`."""
    known = kept.setting(connection, INSTALLATION)
    there = here if known is None else Installation.read(known)
    evidence = _evidence(connection, mark, elsewhere=not here.is_that_of(there))
    decision = age.decide(evidence, now)
    if decision.verdict is age.Verdict.REFUSE:
        raise StateUnusable(
            f"this state belongs to {there}, and this is {here}",
            remedy="two services with copies of one state create everything twice; if the"
            " other one will never run again, take it over: wosync state adopt",
        )
    kept.set_setting(connection, INSTALLATION, here.text)
    if decision.aged is not None:
        _forget(connection, decision.aged, decision.doubt_since)
    if decision.renamed:
        kept.set_setting(connection, NAME, f"{int(now * 1e6):016x}")
    kept.set_setting(connection, WRITES, str(decision.writes))
    kept.forget_setting(connection, COPIED)
    runs.begin(connection, RunKind.STARTED, now)
    return decision.aged


def _evidence(connection: sqlite3.Connection, mark: Seen | None, *, elsewhere: bool) -> Evidence:
    lived_at = kept.setting(connection, LIVED_AT)
    return Evidence(
        name=kept.setting(connection, NAME),
        writes=int(kept.setting(connection, WRITES) or 0),
        holds_records=bool(
            connection.execute("SELECT EXISTS (SELECT 1 FROM record)").fetchone()[0]
        ),
        copied=kept.setting(connection, COPIED),
        lived_at=None if lived_at is None else float(lived_at),
        ended=bool(kept.setting(connection, ENDED)),
        mark=mark,
        elsewhere=elsewhere,
    )


def _forget(connection: sqlite3.Connection, aged: Aged, since: float) -> None:
    """Nothing that is known of the target counts any more; it is read when it is needed.

    Args:
        since: no doubt is older than that, unix seconds.
    """
    connection.execute("UPDATE record SET synced = NULL WHERE synced IS NOT NULL")
    connection.execute("UPDATE people_tab SET listed = 0, settled_tab = NULL")
    # No list that may lag behind what another life did proves that a role is gone.
    connection.execute("UPDATE role SET seen_at = ?", (aged.since,))
    connection.execute("DELETE FROM refused_role")
    connection.execute("UPDATE person SET read_at = 0")
    connection.execute(
        "UPDATE intent SET doubt_since = ? WHERE doubt_since < ?",
        (since, since),
    )
    _keep_age(connection, aged)


def _keep_age(connection: sqlite3.Connection, aged: Aged) -> None:
    kept.set_setting(connection, AGED, json.dumps(asdict(aged)))


def adopt(connection: sqlite3.Connection, here: Installation) -> None:
    """Take a state over for this installation; its age is not known then."""
    kept.set_setting(connection, INSTALLATION, here.text)
    kept.set_setting(connection, COPIED, "it was taken over by wosync state adopt")
    kept.forget_setting(connection, CREATES_PAUSED)


def pause_creates(
    connection: sqlite3.Connection, work: Work, note: Note, reason: str, *, now: float
) -> None:
    """See `Provenance.pause_creates`."""
    kept.set_setting(connection, CREATES_PAUSED, reason)
    remember(connection, work.id, work.version, note, now)


def take_over(connection: sqlite3.Connection, work: Work, target_id: int, now: float) -> None:
    """See `Provenance.take_over`."""
    if not knows(connection, work.id, target_id):
        note = Note("linked", f"id {target_id} carries the reference of another record")
        remember(connection, work.id, work.version, note, now)


def knows(connection: sqlite3.Connection, record_id: int, target_id: int) -> bool:
    """See `Provenance.knows`."""
    rows = connection.execute(
        "SELECT detail FROM history WHERE record_type = 'opportunity' AND record_id = ?",
        (record_id,),
    )
    return any(re.search(rf"\bid {target_id}\b", row[0]) for row in rows)


def aged(connection: sqlite3.Connection) -> Aged | None:
    """See `Provenance.aged`."""
    known = kept.setting(connection, AGED)
    return None if known is None else Aged(**json.loads(known))


def note_life(
    connection: sqlite3.Connection, now: float, dates: Mapping[str, float], *, ended: bool = False
) -> None:
    """See `Provenance.note_life`."""
    kept.set_setting(connection, LIVED_AT, str(now))
    kept.set_setting(connection, DATES, json.dumps(dates))
    kept.set_setting(connection, ENDED, "1" if ended else "")


def resume(
    connection: sqlite3.Connection,
    now: float,
    dates: Mapping[str, float],
    source: str | None = None,
) -> float:
    """See `Provenance.resume`."""
    lived_at = kept.setting(connection, LIVED_AT)
    rest = Rest(
        None if lived_at is None else float(lived_at),
        json.loads(kept.setting(connection, DATES) or "{}"),
        dates,
        source,
    )
    found = age.resumed(rest, aged(connection), now)
    connection.execute(
        "UPDATE intent SET doubt_since = min(doubt_since + ?, ?) WHERE doubt_since IS NOT NULL",
        (found.moved_s, now),
    )
    # What was made under an announcement is as old as that, however long we were away.
    if found.turned_s > 0:
        connection.execute(
            "UPDATE intent SET opened_at = opened_at - ? WHERE kind = 'role'", (found.turned_s,)
        )
    if found.aged is not None:
        _keep_age(connection, found.aged)
    note_life(connection, now, dates)
    return found.set_back_s


def count(connection: sqlite3.Connection, writes: int) -> tuple[str, int] | None:
    """Count writes that are about to be acknowledged; what the mark is to repeat afterwards."""
    row = connection.execute(
        "UPDATE setting SET value = CAST(CAST(value AS INTEGER) + ? AS TEXT) WHERE name = ?"
        " RETURNING value",
        (writes, WRITES),
    ).fetchone()
    name = kept.setting(connection, NAME)
    return None if row is None or name is None else (name, int(row[0]))
