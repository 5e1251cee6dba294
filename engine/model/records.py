"""Vendor-neutral records: what crosses the border between the engine and a connector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from engine.model.fields import Fields, Json


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its ISO 4217 currency code; a blank code when the source names none."""

    amount: Decimal
    code: str


Value = str | int | Decimal | bool | date | datetime | Money | tuple[str, ...] | None
"""A typed source value, before it is converted for a target field."""


class Kind(StrEnum):
    """What a source column is to be read as."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    LIST = "list"


class RecordType(StrEnum):
    """The two kinds of record that are kept in step."""

    OPPORTUNITY = "opportunity"
    PERSON = "person"


class Malformed(ValueError):
    """A source value that does not have the form its kind demands; the text says how."""


class Position(NamedTuple):
    """A place in the source's change order: (updated_at in unix seconds, record id)."""

    updated_at: int
    id: int


class TabLine(NamedTuple):
    """One line of an opportunity's People tab; a blank relationship is an empty text.

    Order on the tab means nothing, and the same person may stand there several times.
    """

    person_id: int
    role: str


@dataclass(frozen=True, slots=True)
class Captured:
    """One source record as a listing returned it.

    `flagged` when its error flag alone keeps it from being eligible. `payload` is the compact
    JSON of the row exactly as received, kept so that a value that cannot be parsed concerns one
    field of one record and never a whole page. `tab` is the People
    tab in one canonical spelling, so that two looks at it can be compared; None when the row does
    not show it, and no list when it shows one that cannot be told.
    `target_id` is the target id it carries, as it stands there.
    """

    id: int
    ref: str
    version: int
    updated_at: int
    eligible: bool
    linked: bool
    payload: str
    tab: str | None = None
    flagged: bool = False
    target_id: str | None = None

    @property
    def position(self) -> Position:
        """Where this record stands in the change order."""
        return Position(self.updated_at, self.id)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing; `complete` when no further row exists beyond it.

    `served_at` is what the source's answer told of the time, unix seconds by the source's clock.
    Rows of it were skipped, each for a reason in `unreadable`: what it lacks may be one of them.
    `odd` are their ids, as far as those can be read.
    """

    rows: list[Captured]
    complete: bool
    served_at: float | None = None
    unreadable: tuple[str, ...] = ()
    odd: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TabChange:
    """A relationship was added, changed or removed on this opportunity's People tab."""

    position: Position
    opportunity_id: int


@dataclass(frozen=True, slots=True)
class TabPage:
    """One page of tab changes in change order; the others as in `Page`."""

    rows: list[TabChange]
    complete: bool
    served_at: float | None = None
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Newest:
    """Where a change order ends now, None when it is empty; `served_at` as in `Page`."""

    position: Position | None
    served_at: float | None = None


@dataclass(frozen=True, slots=True)
class MappingRow:
    """A mapping line that an administrator keeps in the source itself."""

    record_type: RecordType
    field: str
    column: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the source as its metadata describes it."""

    name: str
    title: str
    datatype: str | None


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A captured row, opened: the plugin's own columns by meaning, the rest by column name.

    `people` is the People tab of an opportunity; None when the row does not show it whole, and
    `people_fault` says why one that is there cannot be told.
    """

    id: int
    ref: str
    version: int
    updated_at: int
    sync: bool
    error: bool
    target_id: str | None
    target_url: str | None
    columns: Mapping[str, Json]
    people: tuple[TabLine, ...] | None = None
    people_fault: str | None = None

    @property
    def eligible(self) -> bool:
        """Mission rule 2, conditions 1 and 2."""
        return self.sync and not self.error


@dataclass(frozen=True, slots=True)
class WriteBack:
    """What the source record shall carry; None leaves a column as it is.

    `version` is the record version this write is based on; the source refuses it when the
    record has moved on.
    """

    id: int
    version: int
    target_id: str | None = None
    target_url: str | None = None
    error: bool | None = None
    message: str | None = None


class Delivery(StrEnum):
    """How one object of a write-back batch ended."""

    DELIVERED = "delivered"
    STALE = "stale"
    MISSING = "missing"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class WriteBackResult:
    """The answer for one object; `version` is the record's version after a delivery."""

    outcome: Delivery
    version: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """A user of the target who can own records; one that is `locked` cannot sign in any more."""

    id: int
    name: str
    username: str
    email: str
    locked: bool = False


Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Roster(Generic[Entry]):
    """A whole listing; what it lacks may be among the rows skipped, as `unreadable` tells."""

    rows: list[Entry]
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """A pipeline stage of the target."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Match:
    """A target record found by its correlation value."""

    id: int
    created_at: str
    trashed: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A target record as a listing of all of them shows it; `fields` are canonical."""

    id: int
    created_at: str
    trashed: bool
    fields: Fields


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of such a listing; `after` asks for the next one, None at the end.

    Rows of it were skipped, each for a reason in `unreadable`.
    """

    rows: list[Listed]
    after: str | None = None
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProspectMatch:
    """A prospect that a look for e-mail addresses has shown."""

    id: int
    emails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """A relation of a prospect to an opportunity in the target; a blank role is an empty text.

    `created_at` in unix seconds by the target's clock, as far as it is told.
    """

    id: int
    prospect_id: int
    role: str
    created_at: float | None = None


class FieldKind(StrEnum):
    """What a target field holds, and so which conversion suits it by default."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    LIST = "list"
    USER = "user"
    STAGE = "stage"
    ACCOUNT = "account"


REFERENCES = frozenset({FieldKind.USER, FieldKind.STAGE, FieldKind.ACCOUNT})
"""Kinds whose value is the id of another target record."""


@dataclass(frozen=True, slots=True)
class TargetField:
    """One writable field of a target record.

    Args:
        chars_max: the most characters a text may have.
        label: the name an administrator gave a custom field.
        choices: the only texts it takes; empty when it takes any.
        as_text: the wire carries every value of it as text.
    """

    name: str
    kind: FieldKind
    chars_max: int | None = None
    required: bool = False
    label: str | None = None
    choices: tuple[str, ...] = ()
    as_text: bool = False

    @property
    def title(self) -> str:
        """The field's name, with its label where it has one: `custom1 (Region)`."""
        return f"{self.name} ({self.label})" if self.label else self.name
