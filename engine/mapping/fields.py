"""The mapping: what each target field is filled with, and through which conversion.

Pure. A line takes columns (the first that is not blank wins), a template of columns, or a
constant; the target says how the converted value looks on its wire and what it would refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as member
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Protocol

from engine.decide.reasons import because
from engine.errors import Rejected
from engine.model.fields import Json, Scalar
from engine.model.reason import Code
from engine.model.records import (
    REFERENCES,
    FieldKind,
    Kind,
    Malformed,
    Money,
    SourceRecord,
    TargetField,
    Value,
)

Constant = str | bool | int | Decimal
"""A value that is written in a line itself."""

BUILT_IN = "default"
"""Origin of the lines that apply when nobody says otherwise."""


class Conversion(StrEnum):
    """The small named set of conversions."""

    TEXT = "text"
    INTEGER = "integer"
    MONEY = "money"
    CURRENCY_CODE = "currency_code"
    PERCENT = "percent"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    PICKLIST = "picklist"
    LIST = "list"
    USER = "user"
    STAGE = "stage"
    ACCOUNT = "account"


# How the source is to read the column for each conversion.
_READ_AS = {
    Conversion.TEXT: Kind.TEXT,
    Conversion.INTEGER: Kind.NUMBER,
    Conversion.MONEY: Kind.MONEY,
    Conversion.CURRENCY_CODE: Kind.MONEY,
    Conversion.PERCENT: Kind.NUMBER,
    Conversion.DATE: Kind.DATE,
    Conversion.DATETIME: Kind.DATETIME,
    Conversion.BOOLEAN: Kind.BOOLEAN,
    Conversion.PICKLIST: Kind.TEXT,
    Conversion.LIST: Kind.LIST,
    Conversion.USER: Kind.TEXT,
    Conversion.STAGE: Kind.TEXT,
    Conversion.ACCOUNT: Kind.TEXT,
}

_TEMPLATE_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Template:
    """A text with columns in it: `pieces` are (text, column behind it or None) in order."""

    text: str
    pieces: tuple[tuple[str, str | None], ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read `"{first} ({second})"`; doubled braces stand for themselves.

        Raises:
            ValueError: a brace without its partner, an empty pair, or no column at all.
        """
        pieces: list[tuple[str, str | None]] = []
        literal, end = "", 0
        for token in _TEMPLATE_TOKEN.finditer(text):
            literal += text[end : token.start()]
            end = token.end()
            if token[0] in ("{{", "}}"):
                literal += token[0][0]
            elif token[1] is None:
                raise ValueError(f"the template has a single {token[0]!r}; write it twice")
            elif not token[1].strip():
                raise ValueError("the template has braces without a column")
            else:
                pieces.append((literal, token[1].strip()))
                literal = ""
        if not pieces:
            raise ValueError("the template has no column in braces; use constant instead")
        return cls(text, (*pieces, (literal + text[end:], None)))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in it, each once."""
        return tuple(dict.fromkeys(column for _, column in self.pieces if column is not None))

    def render(self, texts: Mapping[str, str]) -> str | None:
        """The text with every column filled in; None when all of them are blank."""
        if not any(texts.values()):
            return None
        return "".join(
            literal + (texts[column] if column is not None else "")
            for literal, column in self.pieces
        )


@dataclass(frozen=True, slots=True)
class LineSetting:
    """A mapping line as configured; the conversion only where it is not the default one.

    Exactly one of `columns`, `constant` and `template` is there; the members mean what they mean
    for `Line`.
    """

    columns: tuple[str, ...] = ()
    conversion: str | None = None
    values: Mapping[str, Constant] = member(default_factory=dict[str, Constant])
    constant: Constant | None = None
    template: str | None = None
    skip_blank: bool = False
    default: Constant | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One target field and what it is filled with.

    Args:
        columns: every column that is read, a template's included.
        origin: who asked for it, in words.
        values: the table of a picklist, target value by source text.
        constant: the value of every record, in place of columns.
        skip_blank: a blank value leaves the field as it is in the target.
        default: what stands in for a blank value, or for one a picklist does not know.
    """

    field: TargetField
    columns: tuple[str, ...]
    conversion: Conversion
    origin: str = BUILT_IN
    values: Mapping[str, Constant] = member(default_factory=dict[str, Constant])
    constant: Constant | None = None
    template: Template | None = None
    skip_blank: bool = False
    default: Constant | None = None
    reference: FieldKind | None = member(init=False, compare=False)
    """The kind of target record the line refers to, or None for a plain value."""

    def __post_init__(self) -> None:
        kind = self.field.kind
        object.__setattr__(self, "reference", kind if kind in REFERENCES else None)

    def absent(self, record: SourceRecord) -> tuple[str, ...]:
        """Columns the row does not have, where the line cannot be told without them.

        A template needs each of its columns; of several others, one that never comes is usual.
        """
        absent = tuple(column for column in self.columns if column not in record.columns)
        told = self.template is None and len(absent) < len(self.columns)
        return () if told else absent


@dataclass(frozen=True, slots=True)
class Wanted:
    """A reference a record needs: the field, the kind of target record, and its name."""

    field: str
    kind: FieldKind
    name: str


class Reader(Protocol):
    """The part of a source the mapping needs."""

    def parse(self, raw: Json, kind: Kind) -> Value:
        """See `Source.parse`."""
        ...


class Encoder(Protocol):
    """The part of a target the mapping needs."""

    def encode(self, field: TargetField, value: Value) -> Scalar:
        """See `Target.encode`."""
        ...


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Every line in force, ready to be applied to records."""

    lines: Sequence[Line]
    reader: Reader
    encoder: Encoder

    @property
    def field_names(self) -> list[str]:
        """The target fields the mapping fills."""
        return [line.field.name for line in self.lines]

    def references(self, record: SourceRecord) -> list[Wanted]:
        """The references the record names; blank ones are left out.

        Raises:
            Rejected: a name cannot be read, or a picklist does not know it.
        """
        wanted = [self._wanted(record, line) for line in self.lines if line.reference is not None]
        return [one for one in wanted if one is not None]

    def absent(self, record: SourceRecord) -> dict[str, tuple[str, ...]]:
        """Fields that cannot be told, each with the columns that the row does not have."""
        found = {line.field.name: line.absent(record) for line in self.lines}
        return {name: columns for name, columns in found.items() if columns}

    def readable_references(self, record: SourceRecord) -> list[Wanted]:
        """As `references`, each line by itself: one that cannot be read names none."""
        wanted: list[Wanted] = []
        for line in self.lines:
            try:
                one = self._wanted(record, line)
            except Rejected:
                continue
            if one is not None:
                wanted.append(one)
        return wanted

    def _wanted(self, record: SourceRecord, line: Line) -> Wanted | None:
        if line.reference is None:
            return None
        name = self.value(record, line)
        return None if name is None else Wanted(line.field.name, line.reference, str(name).strip())

    def fields(
        self,
        record: SourceRecord,
        references: Mapping[str, int | None],
        *,
        untold: Collection[str] = (),
        new: bool = False,
    ) -> dict[str, Scalar]:
        """What the target shall hold: mapped fields in canonical form, None for blank.

        A field whose value is blank under `skip_blank` is left out: the target may hold anything.
        So is one that cannot be told, since what is not given need not be blank.

        Args:
            references: target id by field name; a missing or None one leaves the field blank.
            untold: fields whose reference cannot be told.
            new: the target record is to be made, and holds nothing that could be lost.

        Raises:
            Rejected: a value the target would refuse for certain, with its field.
        """
        fields: dict[str, Scalar] = {}
        for line in self.lines:
            if not new and (line.field.name in untold or line.absent(record)):
                continue
            value = self.filled(record, line, references.get(line.field.name))
            if not (line.skip_blank and value in (None, [])):
                fields[line.field.name] = value
        return fields

    def filled(self, record: SourceRecord, line: Line, reference: int | None) -> Scalar:
        """What one field is filled with.

        Args:
            reference: the target id, where the line refers to a record.

        Raises:
            Rejected: a value the target would refuse for certain, with its field.
        """
        if line.reference is not None:
            return reference
        return self.encoder.encode(line.field, self.value(record, line))

    def value(self, record: SourceRecord, line: Line) -> Value:
        """The converted value, or what stands in for it; None for blank.

        Raises:
            Rejected: it cannot be read, or a picklist does not know it.
        """
        if line.constant is not None:
            return line.constant
        if line.template is not None:
            value = self._templated(record, line, line.template)
        else:
            value = self._first(record, line)
        return line.default if value is None else value

    def _first(self, record: SourceRecord, line: Line) -> Value:
        for column in line.columns:
            value = self._converted(line, record.columns.get(column), column)
            if not _blank(value):
                return value
        return None

    def _templated(self, record: SourceRecord, line: Line, template: Template) -> Value:
        texts: dict[str, str] = {}
        for column in line.columns:
            text = self._parsed(line, record.columns.get(column), Kind.TEXT, column)
            # A padded value would tear a hole into the sentence around it.
            texts[column] = "" if text is None else str(text).strip()
        value = self._converted(line, template.render(texts), "its template")
        return None if _blank(value) else value

    def _converted(self, line: Line, raw: Json, place: str) -> Value:
        value = self._parsed(line, raw, _READ_AS[line.conversion], place)
        if line.conversion is Conversion.PICKLIST:
            return _picked(line, value, place)
        convert = _CONVERT.get(line.conversion)
        return convert(value) if convert is not None else value

    def _parsed(self, line: Line, raw: Json, kind: Kind, place: str) -> Value:
        try:
            return self.reader.parse(raw, kind)
        except Malformed as error:
            raise _rejected(line, Code.VALUE_UNREADABLE, place, str(error)) from error


def _blank(value: Value) -> bool:
    if isinstance(value, tuple):
        return not any(part.strip() for part in value)
    return value is None or (isinstance(value, str) and not value.strip())


def _rejected(line: Line, code: Code, place: str, detail: str = "") -> Rejected:
    reason = because(code, field=line.field.title, place=place, detail=detail)
    return Rejected(reason, field=line.field.name)


def _picked(line: Line, value: Value, place: str) -> Value:
    if _blank(value):
        return None
    picked = line.values.get(str(value).strip(), line.default)
    if picked is None:
        raise _rejected(line, Code.VALUE_NOT_LISTED, place)
    return picked


def _currency_code(value: Value) -> Value:
    return (value.code or None) if isinstance(value, Money) else None


def _percent(value: Value) -> Value:
    # Half up like the amounts: 12.5 % reads as 13 for a person, and 49.5 must not become 49.
    if isinstance(value, Decimal):
        return int(value.to_integral_value(rounding=ROUND_HALF_UP))
    return value


def _date(value: Value) -> Value:
    return value.date() if isinstance(value, datetime) else value


_CONVERT: Mapping[Conversion, Callable[[Value], Value]] = {
    Conversion.CURRENCY_CODE: _currency_code,
    Conversion.PERCENT: _percent,
    Conversion.DATE: _date,
}
