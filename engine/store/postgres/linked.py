"""Records that were reconciled: their outcomes kept, those of many that end at one moment at once.

Each step is one statement for all of them, in the order in which one alone would take the steps;
what is rare is written for each. Records that concern each other, which want one target record or
one that is another's, are settled one after the other.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from contextvars import Context
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import NamedTuple

from engine.decide import settling
from engine.decide.journal import written
from engine.model.fields import Fields
from engine.model.history import Note
from engine.model.intent import IntentKind
from engine.model.outbox import Key, Owed
from engine.model.present import RecordNow
from engine.model.reason import NOTHING_BLANK, Reason
from engine.model.records import RecordType
from engine.model.states import State
from engine.model.work import Work
from engine.store.grouping import Call
from engine.store.postgres import blanks as blank
from engine.store.postgres import claims, history, intents, outbox, present, tabs, undone
from engine.store.postgres.awaited import PERSON
from engine.store.postgres.session import Session, document
from engine.store.postgres.work import read_again
from engine.store.rows.present import of_record
from engine.store.writes import announced


@dataclass(frozen=True, slots=True)
class Linked:
    """A record that was reconciled, as `Records.settle_linked` is told of it."""

    work: Work
    _: KW_ONLY
    target_id: int
    synced: Fields
    owed: Owed | None
    awaited: Collection[tuple[str, str]]
    note: Note
    now: float
    created: bool = False
    answered: bool = False
    blanks: Mapping[str, Reason] = field(default_factory=lambda: NOTHING_BLANK)
    people_read_since: float = -math.inf


class _Beside(NamedTuple):
    """What else is kept of a record that is being settled.

    Args:
        sending: the edits that were announced.
        owner: the record that the target record belongs to.
        owns_others: whether the record has claims on other target records.
        announced: whether there is a create of it.
        awaits: whether it was synced without something, people apart.
        has_blanks: whether fields of it were left blank.
        is_owed: whether the source is owed anything of it.
        followed: its People tab.
    """

    sending: str | None
    owner: int | None
    owns_others: bool
    announced: bool
    awaits: bool
    has_blanks: bool
    is_owed: bool
    followed: tabs.Followed


@dataclass(frozen=True, slots=True)
class _Settling:
    """One that is being settled, as it is by now.

    Args:
        context: of whoever has reconciled it.
    """

    said: Linked
    context: Context
    found: RecordNow
    beside: _Beside
    becomes: settling.Settled

    @property
    def id(self) -> int:
        """Of the record."""
        return self.said.work.id

    @property
    def is_free(self) -> bool:
        """Whether the target record is nobody else's."""
        return self.beside.owner in (None, self.id)

    @property
    def owed(self) -> Owed | None:
        """What the source is to be told."""
        if not self.found.flagged:
            return self.said.owed
        # Nobody else would ever take the reason back, nor the flag where it counts as reset.
        owed = replace(self.said.owed or Owed(), message="")
        return replace(owed, error=False) if self.said.work.lifted else owed


def settle_each(connection: Session, calls: Sequence[Call]) -> list[bool]:
    """`Records.settle_linked` for each of these calls."""
    return settle(connection, [(Linked(*one.args, **one.kwargs), one.context) for one in calls])


def settle(connection: Session, said: Sequence[tuple[Linked, Context]]) -> list[bool]:
    """The same for each of these, on behalf of whoever has reconciled it."""
    found = _as_they_are(connection, said)
    together = found[: _apart(found)]
    if together[0].is_free or together[0].said.created:
        _settle(connection, together)
        done = [one.becomes.state is not State.PENDING for one in together]
    else:
        _read_again(connection, together[0])
        done = [False]
    rest = said[len(together) :]
    return [*done, *settle(connection, rest)] if rest else done


def _apart(found: Sequence[_Settling]) -> int:
    """How many of them, the first among them, have nothing to do with each other."""
    records: set[int] = set()
    targets: set[int] = set()
    for place, one in enumerate(found):
        if one.id in records or one.said.target_id in targets:
            return place
        if not one.is_free:
            # Its owner may be any of them.
            return max(1, place)
        records.add(one.id)
        targets.add(one.said.target_id)
    return len(found)


def _read_again(connection: Session, one: _Settling) -> None:
    """The target record is another's: what it holds may be of either."""
    for record_id in (one.beside.owner, one.id):
        if record_id is not None:
            read_again(connection, record_id, one.said.now)


_FOUND = (
    f"SELECT {present.RECORD}, asked.place, r.sending,"  # noqa: S608 # constants
    " (SELECT record_id FROM claim WHERE target_id = asked.target_id),"
    " EXISTS (SELECT FROM claim WHERE record_id = asked.id AND target_id <> asked.target_id),"
    " EXISTS (SELECT FROM intent WHERE kind = 'opportunity' AND record_id = asked.id),"
    f" EXISTS (SELECT FROM awaited WHERE record_id = asked.id AND kind <> '{PERSON}'),"
    " EXISTS (SELECT FROM left_blank WHERE record_id = asked.id),"
    " EXISTS (SELECT FROM outbox WHERE record_type = 'opportunity' AND record_id = asked.id),"
    f" {tabs.FOLLOWED} FROM unnest(%s::bigint[], %s::bigint[], %s::double precision[])"
    " WITH ORDINALITY AS asked (id, target_id, people_read_since, place)"
    " JOIN record r ON r.id = asked.id LEFT JOIN people_tab t ON t.record_id = asked.id"
)


def _as_they_are(connection: Session, said: Sequence[tuple[Linked, Context]]) -> list[_Settling]:
    """Everything that has to be known of them, in one look.

    Raises:
        KeyError: there is no such record.
    """
    rows = connection.execute(
        _FOUND,
        (
            [one.work.id for one, _ in said],
            [one.target_id for one, _ in said],
            [one.people_read_since for one, _ in said],
        ),
    )
    width = len(RecordNow._fields)
    found = {row[width]: row for row in rows}
    settled: list[_Settling] = []
    for place, (one, context) in enumerate(said, start=1):
        if place not in found:
            raise KeyError(one.work.id)
        row = found[place]
        *beside, tab, target, settled_tab, mass, outdated = row[width + 1 :]
        followed = tabs.Followed(tab, target, settled_tab, mass, outdated)
        known = of_record(row)
        becomes = settling.settled(known, one.work.revision)
        settled.append(_Settling(one, context, known, _Beside._make([*beside, followed]), becomes))
    return settled


def _settle(connection: Session, settled: Sequence[_Settling]) -> None:
    """Keep the outcome of each, in the order in which one alone is kept."""
    _claim(connection, settled)
    ended = [one.id for one in settled if one.beside.announced]
    if ended:
        intents.end_each(connection, IntentKind.OPPORTUNITY, ended)
    _keep(connection, settled)
    for one in settled:
        if one.said.awaited or one.beside.awaits:
            _await(connection, one.id, one.said.awaited)
        if one.said.blanks or one.beside.has_blanks:
            blank.keep(connection, one.id, one.said.blanks, one.said.now)
    _owe(connection, settled)
    tabs.follow_each(connection, [_following(one) for one in settled])
    for one in settled:
        if one.said.work.undone is not None:
            undone.drop_outdated(connection, one.id)
    history.remember_each(connection, [_line(one) for one in settled])


def _claim(connection: Session, settled: Sequence[_Settling]) -> None:
    """The target record of each is its own: one that was created for it is by that."""
    claims.enter(
        connection,
        [(one.said.target_id, one.id, one.said.now) for one in settled if one.beside.owner is None],
    )
    for one in settled:
        if not one.is_free:
            claims.pass_on(connection, one.beside.owner, one.id, one.said.target_id, one.said.now)
        if one.beside.owns_others:
            claims.keep_only(connection, one.id, one.said.target_id)


def _keep(connection: Session, settled: Sequence[_Settling]) -> None:
    connection.execute(
        "UPDATE record SET target_id = one.target_id, synced = one.synced, attempts = 0,"
        " failed_since = NULL, failed_at = NULL, reason = NULL, reason_code = NULL,"
        " reason_class = NULL, reason_field = NULL, sending = NULL,"
        " pending_since = one.pending_since, state = one.state"
        " FROM json_to_recordset(%s::json) AS one (id bigint, target_id bigint, synced text,"
        " pending_since double precision, state text) WHERE record.id = one.id",
        (
            document(
                [
                    {
                        "id": one.id,
                        "target_id": one.said.target_id,
                        "synced": json.dumps(one.said.synced, separators=(",", ":")),
                        "pending_since": one.becomes.pending_since,
                        "state": one.becomes.state,
                    }
                    for one in settled
                ]
            ),
        ),
    )
    # Either is rare, and the schema looks at more than the column where it is written.
    for one in settled:
        if one.found.flagged:
            connection.execute("UPDATE record SET flagged = 0 WHERE id = %s", (one.id,))
        if one.becomes.mass is not one.found.mass:
            connection.execute(
                "UPDATE record SET mass = %s WHERE id = %s", (one.becomes.mass, one.id)
            )


def _await(connection: Session, record_id: int, awaited: Collection[tuple[str, str]]) -> None:
    """What it was synced without, and nothing else; people are those of its tab."""
    connection.execute(
        "DELETE FROM awaited WHERE record_id = %s AND kind <> %s", (record_id, PERSON)
    )
    connection.execute(
        "INSERT INTO awaited (kind, name, record_id)"
        " SELECT one.kind, one.name, %s FROM unnest(%s::text[], %s::text[]) AS one (kind, name)"
        " ON CONFLICT DO NOTHING",
        (record_id, [kind for kind, _ in awaited], [name for _, name in awaited]),
    )


def _owe(connection: Session, settled: Sequence[_Settling]) -> None:
    fresh: list[outbox.Owing] = []
    for one in settled:
        key, since = Key(RecordType.OPPORTUNITY, one.id), int(one.said.work.pending_since)
        owed, now = one.owed, one.said.now
        if one.beside.is_owed:
            outbox.owe(connection, key, owed, clears_error=True, changed_at=since, now=now)
        elif owed is not None:
            fresh.append(outbox.Owing(key, owed, since, now))
    outbox.enter(connection, fresh)


def _following(one: _Settling) -> tabs.Following:
    work = one.said.work
    return tabs.Following(
        work.id,
        one.said.target_id,
        work.lane,
        one.said.now,
        known=one.beside.followed,
        since=work.pending_since,
        created=one.said.created,
        mass=work.mass,
        let_go=work.let_go,
    )


def _line(one: _Settling) -> history.Line:
    said = one.said
    writes = written(
        said.target_id,
        said.synced,
        announced(one.beside.sending, said.target_id),
        created=said.created,
        answered=said.answered,
    )
    note = replace(said.note, writes=writes)
    return one.context.run(history.line, one.id, said.work.version, note, said.now)
