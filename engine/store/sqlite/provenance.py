"""Provenance: whether the state is the one that was last at work here, and what follows if not.

A backup put back, a file without its write-ahead log or the snapshot of a machine is older than
both systems: what it takes for known about the target may not hold any more, and creates that it
takes for pending may have been executed. Then everything of that kind counts as unknown: it is read
before it is written, and looked for before it is created.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from functools import partial

from engine.decide import age
from engine.installation import Installation
from engine.model.age import Aged, Evidence, Seen
from engine.model.history import Note
from engine.model.kept import CREATES_PAUSED
from engine.model.run import RunKind
from engine.model.work import Work
from engine.store.rows import provenance as rows
from engine.store.rows.provenance import AGED, COPIED, INSTALLATION, MOVED, NAME, WRITES
from engine.store.sqlite import kept, runs
from engine.store.sqlite.history import remember


def begin(
    connection: sqlite3.Connection, here: Installation, mark: Seen | None, now: float
) -> Aged | None:
    """See `Provenance.begin`."""
    evidence = _evidence(connection, mark, here)
    decision = age.decide(evidence, now)
    if decision.verdict is age.Verdict.REFUSE:
        raise rows.foreign(partial(kept.setting, connection), here)
    kept.set_setting(connection, INSTALLATION, here.text)
    if decision.aged is not None:
        _forget(connection, decision.aged, decision.doubt_since)
    if decision.renamed:
        kept.set_setting(connection, NAME, rows.name_at(now))
    kept.set_setting(connection, WRITES, str(decision.writes))
    kept.forget_setting(connection, COPIED)
    runs.begin(connection, RunKind.STARTED, now)
    return decision.aged


def _evidence(connection: sqlite3.Connection, mark: Seen | None, here: Installation) -> Evidence:
    (holds_records,) = connection.execute("SELECT EXISTS (SELECT 1 FROM record)").fetchone()
    setting = partial(kept.setting, connection)
    return rows.evidence(setting, mark, here, holds_records=bool(holds_records))


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
    kept.set_setting(connection, AGED, rows.encoded(aged))


def adopt(connection: sqlite3.Connection, here: Installation) -> None:
    """Take a state over for this installation; its age is not known then."""
    kept.set_setting(connection, INSTALLATION, here.text)
    kept.set_setting(connection, COPIED, rows.ADOPTED)
    kept.forget_setting(connection, MOVED)
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
        remember(connection, work.id, work.version, rows.taken_over(target_id), now)


def knows(connection: sqlite3.Connection, record_id: int, target_id: int) -> bool:
    """See `Provenance.knows`."""
    details = connection.execute(
        "SELECT detail FROM history WHERE record_type = 'opportunity' AND record_id = ?",
        (record_id,),
    )
    return any(rows.tells_of(row[0], target_id) for row in details)


def aged(connection: sqlite3.Connection) -> Aged | None:
    """See `Provenance.aged`."""
    return rows.aged(partial(kept.setting, connection))


def note_life(
    connection: sqlite3.Connection, now: float, dates: Mapping[str, float], *, ended: bool = False
) -> None:
    """See `Provenance.note_life`."""
    for name, value in rows.of_life(now, dates, ended=ended).items():
        kept.set_setting(connection, name, value)


def resume(
    connection: sqlite3.Connection,
    now: float,
    dates: Mapping[str, float],
    source: str | None = None,
) -> float:
    """See `Provenance.resume`."""
    rest = rows.rest(partial(kept.setting, connection), dates, source)
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
