"""What an operator is told of the state."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.records import RecordType
from engine.model.write import Write


@dataclass(frozen=True, slots=True)
class Counts:
    """The state of the work; times in unix seconds.

    `tabs` are opportunities whose roles may differ, `lines_held_back` opportunities with a
    line that waits for its person.
    """

    pending: int
    pending_oldest_at: int | None
    in_doubt: int
    refused: int
    linked: int
    outbox: int
    outbox_stuck: int
    in_doubt_oldest_at: float | None = None
    tabs: int = 0
    lines_held_back: int = 0
    people_refused: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """What there is to do and what is refused, each found by an index of those alone.

    `oldest_at` is since when the oldest record waits that nothing holds, unix seconds.
    """

    records: int
    oldest_at: float | None
    tabs: int
    outbox: int
    refused: int
    people_refused: int


@dataclass(frozen=True, slots=True)
class Populations:
    """Records by what becomes of them, each in one of these but for `linked`.

    Of opportunities `linked` has those whose target record is known, whatever else is so of them,
    and `vanished` those that the source shows no more. `tabs` are People tabs: those that wait,
    those held, and those with a line that the target refuses; `lines_waiting` are opportunities
    with a line that waits for its person.
    """

    linked: int
    waiting: int
    held: int
    refused: int
    in_doubt: int
    vanished: int
    tabs_waiting: int
    tabs_held: int
    tabs_refused: int
    lines_waiting: int
    people_refused: int


@dataclass(frozen=True, slots=True)
class RefusedTab:
    """A People tab with a line that the target refuses; times in unix seconds.

    Args:
        roles: what is known of the roles there are, as (prospect id, role).
    """

    record_id: int
    ref: str
    payload: str
    reason: str
    reason_class: str | None
    reason_code: str | None
    since: float | None
    due_at: float
    roles: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A record that is left out until somebody resets its error flag."""

    id: int
    ref: str
    reason_class: str
    field: str | None
    reason: str
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class RefusedReason:
    """A reason with the number of opportunities and people refused for it."""

    records: int
    reason_class: str
    field: str | None
    reason: str
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class WaitingReason:
    """A reason with the number of opportunities that wait for it, or whose people do."""

    records: int
    reason: str
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One decision about a record; `at` in unix seconds.

    `reason_code` is None where there was no reason to give, and in lines older than the codes;
    `run` is None in lines older than runs. `requests` were spent on it, where they were counted.
    """

    at: float
    version: int
    decision: str
    detail: str
    reason_code: str | None = None
    run: int | None = None
    writes: tuple[Write, ...] = ()
    record_type: RecordType = RecordType.OPPORTUNITY
    record_id: int = 0
    ref: str = ""
    seq: int = 0
    requests: int | None = None
