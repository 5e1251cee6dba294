"""A dossier: all that the state holds of one record, read at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.claim import Claim
from engine.model.mass_change import Mass
from engine.model.named import Named
from engine.model.outbox import Owed
from engine.model.person import Person
from engine.model.reason import Cause, Reason
from engine.model.records import RecordType
from engine.model.report import HistoryLine
from engine.model.states import State
from engine.model.work import Basis, Work

# So many lines of the history are told to whoever asks why.
HISTORY_SHOWN_MAX = 10
# Somebody may be on the People tab of every record: so many are told by name, and counted.
TABS_TOLD = 10
TABS_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Owing:
    """What the source is still to be told, and since when that is tried in vain."""

    owed: Owed
    due_at: float
    attempts: int
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class TabDossier:
    """The People tab as work; `waits_for` are the people whose lines are held back."""

    pending: bool
    mass: Mass
    due_at: float
    doubt_since: float | None
    given_up: bool
    cause: Cause | None
    waits_for: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """An opportunity.

    Args:
        work: as an actor would read it, whatever its state.
        carried: the target id that it carries, as captured.
        flagged: the source may show a refusal of ours.
        owner: another record that the target record belongs to whose id this one carries.
        awaited: references it was synced without, by kind and name.
        people: who is known of those on its tab.
        basis: what its refusal depends on, where that was kept.
        blanks: why fields of its target record were left blank, by name.
    """

    work: Work
    state: State
    due_at: float
    captured_at: float
    cause: Cause | None
    carried: int | None
    flagged: bool
    owing: Owing | None
    owner: Claim | None
    tab: TabDossier | None
    awaited: tuple[tuple[str, str], ...]
    people: tuple[Person, ...]
    history: tuple[HistoryLine, ...]
    basis: Basis | None = None
    blanks: Mapping[str, Reason] = field(default_factory=dict[str, Reason])


@dataclass(frozen=True, slots=True)
class PersonDossier:
    """A person.

    Args:
        opportunities: a few of those whose tab has a line of it, and `tabs` how many there are: so
            many, or more than are counted.
    """

    person: Person
    cause: Cause | None
    owing: Owing | None
    opportunities: tuple[Named, ...]
    tabs: int
    history: tuple[HistoryLine, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """One record of a list: since when it is on it, unix seconds, and why."""

    record_type: RecordType
    id: int
    ref: str
    target_id: int | None
    since: float | None
    cause: Cause | None
