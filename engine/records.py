"""Vendor-neutral records: what crosses the border between the engine and a connector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

Json = Any
"""A JSON value as the standard parser returns it."""

Scalar = str | int | float | bool | list[str] | None
"""A target field's value in its canonical wire form: comparable with ==, storable as JSON."""

Fields = Mapping[str, Scalar]
"""Target field name to canonical value."""


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


class Malformed(ValueError):
    """A source value that does not have the form its kind demands; the text says how."""


class Position(NamedTuple):
    """A place in the source's change order: (updated_at in unix seconds, record id)."""

    updated_at: int
    id: int


@dataclass(frozen=True, slots=True)
class Captured:
    """One source record as a listing returned it.

    `payload` is the compact JSON of the row exactly as received, kept so that a value that
    cannot be parsed concerns one field of one record and never a whole page.
    """

    id: int
    ref: str
    version: int
    updated_at: int
    eligible: bool
    linked: bool
    payload: str

    @property
    def position(self) -> Position:
        """Where this record stands in the change order."""
        return Position(self.updated_at, self.id)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing; `complete` when no further row exists beyond it."""

    rows: list[Captured]
    complete: bool


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A captured row, opened: the plugin's own columns by meaning, the rest by column name."""

    id: int
    ref: str
    version: int
    updated_at: int
    sync: bool
    error: bool
    target_id: str | None
    target_url: str | None
    columns: Mapping[str, Json]

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
    """A user of the target who can own records."""

    id: int
    name: str
    username: str
    email: str


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
    """One writable field of the target's opportunity; `chars_max` applies to text."""

    name: str
    kind: FieldKind
    chars_max: int | None = None
    required: bool = False
