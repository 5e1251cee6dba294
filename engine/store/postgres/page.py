"""The records of a captured page: what is known of them, and what becomes of them.

All that is known is read at once, and what the page makes of its records is written at once. A
record that occurs in a page twice is read again where it was written in between, so that its later
row meets what the earlier one has made of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any

from engine.decide.capture import Before, Taken
from engine.decide.version import Known
from engine.model.identity import id_of
from engine.model.lane import Lane
from engine.model.mass_change import NEVER, Mass
from engine.model.records import Captured
from engine.model.skip import Skip
from engine.model.states import State
from engine.store.postgres import intents
from engine.store.postgres.session import Session
from engine.store.rows.capture import before_of, known_of


@dataclass(slots=True)
class Present:
    """A record as it is; all but `skip` says nothing of one that is not known.

    Args:
        tab: its People tab, as last captured.
        owes_flag: an error flag waits to be written back.
        made_roles: some role on its opportunity is ours.
    """

    known: Known | None
    before: Before | None
    tab: str | None
    lane: Lane
    owes_flag: bool
    skip: Skip | None
    made_roles: bool

    def is_of(self, version: int) -> bool:
        """Whether that is the version that is known."""
        return self.known is not None and self.known.version == version


_KNOWN = (
    "record.version, record.updated_at, timed, known_at, lower_at, delivered_version, delivered_id"
)
_BEFORE = (
    "state, version, pending_since, known_at, mass, record.target_id, flagged,"
    f" {intents.RECORD_OPEN},"
    # Ours is still shown while its reset is owed, however it came to be.
    " (flagged = 1 AND lifted = 1) OR o.error IS NOT DISTINCT FROM 0"
)
_PRESENT = (
    f"SELECT wanted.id, {_KNOWN}, {_BEFORE}, tab, lane, o.error = 1, s.reason, s.since, EXISTS"  # noqa: S608 # constants
    " (SELECT 1 FROM people_tab t JOIN role ON role.target_id = t.target_id"
    "  WHERE t.record_id = wanted.id AND role.made = 1)"
    " FROM unnest(%s::bigint[]) AS wanted (id) LEFT JOIN record ON record.id = wanted.id"
    " LEFT JOIN outbox o ON o.record_type = 'opportunity' AND o.record_id = wanted.id"
    " LEFT JOIN skip s ON s.record_type = 'opportunity' AND s.record_id = wanted.id"
)
_DIFFERING = (
    "SELECT record.id, payload FROM unnest(%s::bigint[], %s::text[]) AS wanted (id, mark)"
    " JOIN record ON record.id = wanted.id WHERE md5(payload) <> mark"
)
# One document for all rows: planned once, and read faster than as many parameters.
_TAKE = (
    "INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload, tab,"
    " carried, state, lane, due_at, pending_since, known_at, mass, lifted, proved_at, timed,"
    " seen_unlinked, swept)"
    " SELECT id, ref, version, updated_at, captured_at, linked, payload, tab,"
    " carried, state, lane, due_at, pending_since, known_at, mass, lifted, captured_at, 1,"
    " 1 - linked, swept FROM json_to_recordset(%s::json) AS taken (id bigint, ref text,"
    " version bigint, updated_at bigint, captured_at double precision, linked smallint,"
    " payload text, tab text, carried bigint, state text, lane smallint, due_at double precision,"
    " pending_since double precision, known_at double precision, mass smallint, lifted smallint,"
    " swept bigint)"
    " ON CONFLICT (id) DO UPDATE SET ref = excluded.ref, version = excluded.version,"
    " updated_at = excluded.updated_at, captured_at = excluded.captured_at,"
    " linked = excluded.linked, payload = excluded.payload, tab = excluded.tab,"
    " carried = excluded.carried, state = excluded.state, lane = excluded.lane,"
    " due_at = excluded.due_at, pending_since = excluded.pending_since,"
    " known_at = excluded.known_at, mass = excluded.mass, lifted = excluded.lifted,"
    " proved_at = excluded.proved_at, timed = 1, lower_at = NULL, reread = 0,"
    " seen_unlinked = greatest(record.seen_unlinked, excluded.seen_unlinked),"
    " revision = record.revision + 1,"
    " swept = CASE WHEN excluded.swept <> 0 THEN excluded.swept ELSE record.swept END,"
    " attempts = 0, failed_since = NULL, failed_at = NULL"
)


@dataclass(slots=True)
class Records:
    """The records of a page.

    Args:
        sweep: the one that the page belongs to; 0 for none.
        differing: what was kept of those that were compared, where it is not as shown.
    """

    connection: Session
    now: float
    sweep: int = 0
    differing: dict[int, str] = field(default_factory=dict[int, str], init=False)
    _present: dict[int, Present] = field(default_factory=dict[int, Present], init=False)
    _taken: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]], init=False)

    def read(self, ids: Iterable[int]) -> None:
        """Look what is known of these."""
        rows = self.connection.execute(_PRESENT, (list(dict.fromkeys(ids)),))
        self._present.update((row[0], _present(row)) for row in rows)

    def compare(self, rows: Iterable[Captured]) -> None:
        """Look which of these rows are not as they were kept."""
        marks = {row.id: _mark(row.payload) for row in rows}
        if marks:
            asked = (list(marks), list(marks.values()))
            self.differing.update(self.connection.execute(_DIFFERING, asked).fetchall())

    def of(self, record_id: int) -> Present:
        """The record as it is by now."""
        if record_id not in self._present:
            self.write()
            self.read([record_id])
        return self._present[record_id]

    def take(self, row: Captured, became: Taken, lane: Lane, *, held: bool = False) -> None:
        """The row is what is known of its record from now on.

        Args:
            held: it waits to be counted.
        """
        self._taken.append(
            {
                "id": row.id,
                # As every text is sent; payload and tab are JSON, which has no such character.
                "ref": row.ref.replace("\x00", "\ufffd"),
                "version": row.version,
                "updated_at": row.updated_at,
                "captured_at": self.now,
                "linked": int(row.linked),
                "payload": row.payload,
                "tab": row.tab,
                "carried": id_of(row.target_id or ""),
                "state": became.state,
                "lane": lane,
                "due_at": NEVER if held else self.now,
                "pending_since": became.pending_since,
                "known_at": became.known_at,
                "mass": Mass.EVALUATING if held else became.mass,
                "lifted": int(became.lifted),
                "swept": self.sweep,
            }
        )
        self._present.pop(row.id, None)

    def write(self) -> None:
        """Write what was taken so far."""
        if self._taken:
            self.connection.execute(_TAKE, (json.dumps(self._taken, ensure_ascii=False),))
            self._taken = []


def _mark(payload: str) -> str:
    return md5(payload.encode(), usedforsecurity=False).hexdigest()


def _present(row: tuple[Any, ...]) -> Present:
    tab, lane, owes_flag, reason, since, made_roles = row[17:]
    skip = None if since is None else Skip(reason, since)
    if row[1] is None:
        return Present(None, None, None, Lane.BACKLOG, owes_flag=False, skip=skip, made_roles=False)
    before = before_of(row[8:17])
    return Present(
        known_of(row[1:8]),
        before,
        tab,
        # One that waits keeps its lane; anything else joins the backlog.
        Lane(lane) if before.state is State.PENDING else Lane.BACKLOG,
        owes_flag=bool(owes_flag),
        skip=skip,
        made_roles=made_roles,
    )
