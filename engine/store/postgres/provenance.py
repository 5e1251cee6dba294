"""Provenance: whether the state is the one that was last at work here, and what follows if not.

A backup put back, a standby that was promoted before it had everything or the snapshot of a machine
is older than both systems: what it takes for known about the target may not hold any more, and
creates that it takes for pending may have been executed. Then everything of that kind counts as
unknown: it is read before it is written, and looked for before it is created.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.decide import age
from engine.installation import Installation
from engine.model.age import Aged, Seen
from engine.model.history import Note
from engine.model.kept import CREATES_PAUSED
from engine.model.run import RunKind
from engine.model.work import Work
from engine.store.postgres import kept, runs
from engine.store.postgres.history import remember
from engine.store.postgres.session import Session
from engine.store.rows import provenance as rows
from engine.store.rows.provenance import AGED, COPIED, INSTALLATION, MOVED, NAME, TELLING, WRITES


def begin(connection: Session, here: Installation, mark: Seen | None, now: float) -> Aged | None:
    """See `Provenance.begin`."""
    looked = connection.execute("SELECT EXISTS (SELECT 1 FROM record)")
    setting = _telling(connection).get
    (holds_records,) = looked.fetchone()
    mark = rows.of_a_machine(mark, setting(NAME))
    decision = age.decide(rows.evidence(setting, mark, here, holds_records=holds_records), now)
    if decision.verdict is age.Verdict.REFUSE:
        raise rows.foreign(setting, here)
    kept.set_setting(connection, INSTALLATION, here.text)
    if decision.aged is not None:
        _forget(connection, decision.aged, decision.doubt_since)
    if decision.renamed:
        kept.set_setting(connection, NAME, rows.name_at(now))
    kept.set_setting(connection, WRITES, str(decision.writes))
    kept.forget_setting(connection, COPIED)
    runs.begin(connection, RunKind.STARTED, now)
    return decision.aged


def _telling(connection: Session) -> dict[str, str]:
    """The settings that tell the age of the state."""
    known = connection.execute(
        "SELECT name, value FROM setting WHERE name = ANY(%s::text[])", (list(TELLING),)
    )
    return dict[str, str](known.fetchall())


def _forget(connection: Session, aged: Aged, since: float) -> None:
    """Nothing that is known of the target counts any more; it is read when it is needed.

    Args:
        since: no doubt is older than that, unix seconds.
    """
    connection.execute("UPDATE record SET synced = NULL WHERE synced IS NOT NULL")
    connection.execute("UPDATE people_tab SET listed = 0, settled_tab = NULL")
    # No list that may lag behind what another life did proves that a role is gone.
    connection.execute("UPDATE role SET seen_at = %s", (aged.since,))
    connection.execute("DELETE FROM refused_role")
    connection.execute("UPDATE person SET read_at = 0")
    connection.execute(
        "UPDATE intent SET doubt_since = %s WHERE doubt_since < %s",
        (since, since),
    )
    _keep_age(connection, aged)


def _keep_age(connection: Session, aged: Aged) -> None:
    kept.set_setting(connection, AGED, rows.encoded(aged))


def adopt(connection: Session, here: Installation) -> None:
    """Take a state over for this installation; its age is not known then."""
    kept.set_setting(connection, INSTALLATION, here.text)
    kept.set_setting(connection, COPIED, rows.ADOPTED)
    kept.forget_setting(connection, MOVED)
    kept.forget_setting(connection, CREATES_PAUSED)


def pause_creates(connection: Session, work: Work, note: Note, reason: str, *, now: float) -> None:
    """See `Provenance.pause_creates`."""
    kept.set_setting(connection, CREATES_PAUSED, reason)
    remember(connection, work.id, work.version, note, now)


def take_over(connection: Session, work: Work, target_id: int, now: float) -> None:
    """See `Provenance.take_over`."""
    if not knows(connection, work.id, target_id):
        remember(connection, work.id, work.version, rows.taken_over(target_id), now)


def knows(connection: Session, record_id: int, target_id: int) -> bool:
    """See `Provenance.knows`."""
    # Lines that have the number at all; only we know where it ends.
    details = connection.execute(
        "SELECT detail FROM history WHERE record_type = 'opportunity' AND record_id = %s"
        " AND strpos(detail, %s) > 0",
        (record_id, str(target_id)),
    )
    return any(rows.tells_of(row[0], target_id) for row in details)


def aged(connection: Session) -> Aged | None:
    """See `Provenance.aged`."""
    return rows.aged(_telling(connection).get)


def note_life(
    connection: Session, now: float, dates: Mapping[str, float], *, ended: bool = False
) -> None:
    """See `Provenance.note_life`."""
    for name, value in rows.of_life(now, dates, ended=ended).items():
        kept.set_setting(connection, name, value)


def resume(
    connection: Session,
    now: float,
    dates: Mapping[str, float],
    source: str | None = None,
) -> float:
    """See `Provenance.resume`."""
    setting = _telling(connection).get
    found = age.resumed(rows.rest(setting, dates, source), rows.aged(setting), now)
    connection.execute(
        "UPDATE intent SET doubt_since = least(doubt_since + %s, %s) WHERE doubt_since IS NOT NULL",
        (found.moved_s, now),
    )
    # What was made under an announcement is as old as that, however long we were away.
    if found.turned_s > 0:
        connection.execute(
            "UPDATE intent SET opened_at = opened_at - %s WHERE kind = 'role'", (found.turned_s,)
        )
    if found.aged is not None:
        _keep_age(connection, found.aged)
    note_life(connection, now, dates)
    return found.set_back_s


def counted(connection: Session) -> Seen | None:
    """What the mark of a machine that stands by is to repeat; None while there is nothing."""
    setting = _telling(connection).get
    name = setting(NAME)
    return None if name is None else Seen(name, int(setting(WRITES) or 0), moved=False)


def count(connection: Session, writes: int) -> tuple[str, int] | None:
    """Count writes that are about to be acknowledged; what the mark is to repeat afterwards."""
    row = connection.execute(
        "UPDATE setting SET value = (value::bigint + %s)::text WHERE name = %s"
        " RETURNING (SELECT value FROM setting WHERE name = %s), value::bigint",
        (writes, WRITES, NAME),
    ).fetchone()
    return None if row is None or row[0] is None else (row[0], row[1])
