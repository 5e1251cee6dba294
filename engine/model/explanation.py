"""Why a record is as it is: the facts that are looked at, and what they are explained as."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.dossier import Dossier, PersonDossier
from engine.model.fields import Fields, Scalar
from engine.model.person import Person, PersonFacts
from engine.model.reason import Cause, Code, Words
from engine.model.records import RecordType, SourceRecord
from engine.model.report import HistoryLine
from engine.model.why import Verdict


@dataclass(frozen=True, slots=True)
class SourceLook:
    """What the source showed just now.

    Args:
        record: None when it does not show the record.
        deleted: it shows it among those that were deleted.
    """

    at: float
    record: SourceRecord | None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class TargetLook:
    """What the target showed just now; `fields` is None when the record is not there."""

    at: float
    target_id: int
    fields: Fields | None


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing is sent to a system at present; `until` in unix seconds, None while nobody knows."""

    of_source: bool
    system: str
    code: Code
    cause: str
    until: float | None


@dataclass(frozen=True, slots=True)
class FieldFact:
    """What the mapping makes of one field.

    Args:
        title: the field as people know it.
        source: what the columns hold, as text.
        wanted: the value for the target; None for blank.
        left_alone: it is blank, and blank values are not sent.
        refusal: why the value cannot be sent.
        blank: why a reference that is named is left blank.
        nearest: names that may be meant, or whom it may mean.
    """

    field: str
    title: str
    source: str
    wanted: Scalar = None
    left_alone: bool = False
    refusal: Cause | None = None
    blank: Cause | None = None
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineFact:
    """A line of the People tab; `facts` is None while the person was not looked at.

    Args:
        name: as people know the person, blank where it is not known.
        hidden: the source does not show the person.
        known: what the state knows of the person.
        cause: why there is no prospect, as it was kept.
    """

    person_id: int
    role: str
    ref: str
    name: str = ""
    hidden: bool = False
    facts: PersonFacts | None = None
    known: Person | None = None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """All that an explanation of an opportunity rests on.

    Args:
        record: the record as it is known best: as it was just read, or as it was captured.
        source, target: None where they were not looked at.
        fields: empty where they cannot be told.
        next_look_at: when the source is polled next.
        unseen: what could not be looked at, in words.
        others: further records of the same name.
        left_out: lines of the mapping that cannot work, in words.
        healing: what was refused is tried again by itself once that is another.
    """

    now: float
    words: Words
    ref: str
    dossier: Dossier | None
    record: SourceRecord | None
    source: SourceLook | None = None
    target: TargetLook | None = None
    fields: tuple[FieldFact, ...] = ()
    lines: tuple[LineFact, ...] = ()
    holds: tuple[Hold, ...] = ()
    creates_paused: str | None = None
    recreate_missing: bool = False
    next_look_at: float | None = None
    unseen: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    healing: bool = True


@dataclass(frozen=True, slots=True)
class PersonWhy:
    """All that an explanation of a person rests on; members as in `RecordFacts`."""

    now: float
    words: Words
    ref: str
    dossier: PersonDossier | None
    line: LineFact
    source: SourceLook | None = None
    holds: tuple[Hold, ...] = ()
    unseen: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    healing: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict with its reason; `subject` is a person it is about, or a field, where it is."""

    verdict: Verdict
    cause: Cause | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition on the way; `passed` is None where it was not looked at."""

    name: str
    passed: bool | None
    seen: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field, compared: `held` is what the target holds, as far as that is known."""

    title: str
    source: str
    wanted: str
    held: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One line of the People tab, and where its person stands."""

    ref: str
    name: str
    role: str
    state: str
    code: Code | None = None


@dataclass(frozen=True, slots=True)
class Remedy:
    """What is to be done about one reason, step by step; `subject` as in `Finding`."""

    code: Code
    steps: tuple[str, ...]
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Requests:
    """What was spent on a record since then, unix seconds, as far as its history is kept."""

    number: int
    since: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a record is as it is, and what helps."""

    ref: str
    record_type: RecordType
    verdict: Verdict
    cause: Cause | None
    subject: str = ""
    gates: tuple[Gate, ...] = ()
    fields: tuple[FieldLine, ...] = ()
    people: tuple[PersonLine, ...] = ()
    history: tuple[HistoryLine, ...] = ()
    follows: str = ""
    follows_at: float | None = None
    remedies: tuple[Remedy, ...] = ()
    unseen: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    requests: Requests | None = None
