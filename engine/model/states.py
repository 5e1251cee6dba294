"""States and legal moves: of a record, a People tab, a create and a person.

    record   a change is captured ─► pending ─► settled      the target agrees
                                       ▲  ├──► refused      somebody must act; our flag is set
                                       │  └──► ineligible   not to be synced as it stands
                                       └── any of these, when there is a reason to look again
    tab      pending ◄─► settled, each time with or without roles that could not be told
    create   none ─► announced ─► none       the answer says what became of it
                        └──► in doubt ─► none        found, or past the bound and not wanted
                               ▲  └────► announced   past the bound: it was never executed
                               └ looked for in vain, before the bound
    person   waiting ◄─► linked ◄─► refused ◄─► waiting
                                             found in the target, or by the id it carries; refused
                                             until somebody acts, or a rare look finds it

What is not a move: a record is settled only by an attempt at it while it is pending, so what was
left out meanwhile is never taken for synced, and what agrees is never flagged; nothing that was
announced is announced again before it was in doubt and looked for, which is how a create would be
sent twice. Creates of opportunities, roles and prospects are one journal; what links a person ends
the create of its prospect, and none is announced of one who is linked. The schema holds the same
table and lets no statement make another move (`moves` and `intents` among its steps); whoever tries
has its whole operation undone, and only that.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class IllegalMove(Exception):
    """An operation would have made a move that is none; nothing of it was done."""


class Subject(StrEnum):
    """What has a state."""

    RECORD = "record"
    TAB = "tab"
    CREATE = "create"
    PERSON = "person"


class State(StrEnum):
    """Every state of every subject."""

    PENDING = "pending"
    SETTLED = "settled"
    REFUSED = "refused"
    INELIGIBLE = "ineligible"
    NONE = "none"
    ANNOUNCED = "announced"
    IN_DOUBT = "in_doubt"
    WAITING = "waiting"
    LINKED = "linked"


S = State

MOVES: Mapping[Subject, Mapping[State, frozenset[State]]] = {
    Subject.RECORD: {
        S.PENDING: frozenset({S.SETTLED, S.REFUSED, S.INELIGIBLE}),
        S.SETTLED: frozenset({S.PENDING, S.INELIGIBLE}),
        S.REFUSED: frozenset({S.PENDING, S.INELIGIBLE}),
        # Ticked again while our own flag still stands, it is refused as before.
        S.INELIGIBLE: frozenset({S.PENDING, S.REFUSED}),
    },
    Subject.TAB: {S.PENDING: frozenset({S.SETTLED}), S.SETTLED: frozenset({S.PENDING})},
    Subject.CREATE: {
        # A state of unknown age looks for what another life of it may have created.
        S.NONE: frozenset({S.ANNOUNCED, S.IN_DOUBT}),
        S.ANNOUNCED: frozenset({S.NONE, S.IN_DOUBT}),
        S.IN_DOUBT: frozenset({S.NONE, S.ANNOUNCED}),
    },
    Subject.PERSON: {
        S.WAITING: frozenset({S.LINKED, S.REFUSED}),
        S.LINKED: frozenset({S.WAITING, S.REFUSED}),
        S.REFUSED: frozenset({S.WAITING, S.LINKED}),
    },
}
"""From each state the others that may follow it; staying is no move."""


def legal(subject: Subject, former: State, later: State) -> bool:
    """Whether that is a move, or none at all."""
    return former is later or later in MOVES[subject][former]
