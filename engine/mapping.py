"""The mapping: which source columns make which target field, and through which conversion.

Pure. A line names its columns (the first that is not blank wins) and a conversion; the target
says how the converted value looks on its wire and what it would refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import Protocol

from engine.errors import Misconfigured, Rejected
from engine.records import (
    REFERENCES,
    FieldKind,
    Json,
    Kind,
    Malformed,
    Money,
    Scalar,
    SourceRecord,
    TargetField,
    Value,
)


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
    Conversion.LIST: Kind.LIST,
    Conversion.USER: Kind.TEXT,
    Conversion.STAGE: Kind.TEXT,
    Conversion.ACCOUNT: Kind.TEXT,
}

# Which conversions make sense for each kind of target field; the first is the default.
_ALLOWED: Mapping[FieldKind, tuple[Conversion, ...]] = {
    FieldKind.TEXT: (
        Conversion.TEXT,
        Conversion.CURRENCY_CODE,
        Conversion.MONEY,
        Conversion.INTEGER,
        Conversion.PERCENT,
        Conversion.DATE,
        Conversion.DATETIME,
        Conversion.BOOLEAN,
    ),
    FieldKind.INTEGER: (Conversion.INTEGER, Conversion.MONEY, Conversion.PERCENT),
    FieldKind.DECIMAL: (Conversion.MONEY, Conversion.INTEGER, Conversion.PERCENT),
    FieldKind.DATE: (Conversion.DATE, Conversion.DATETIME),
    FieldKind.DATETIME: (Conversion.DATETIME, Conversion.DATE),
    FieldKind.BOOLEAN: (Conversion.BOOLEAN,),
    FieldKind.LIST: (Conversion.LIST,),
    FieldKind.USER: (Conversion.USER,),
    FieldKind.STAGE: (Conversion.STAGE,),
    FieldKind.ACCOUNT: (Conversion.ACCOUNT,),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One target field, the source columns it takes, and the conversion between them."""

    field: TargetField
    columns: tuple[str, ...]
    conversion: Conversion

    @property
    def reference(self) -> FieldKind | None:
        """The kind of target record the line refers to, or None for a plain value."""
        return self.field.kind if self.field.kind in REFERENCES else None


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

    def encode(self, field_name: str, value: Value) -> Scalar:
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
        """The references the record names; blank ones are left out."""
        wanted: list[Wanted] = []
        for line in self.lines:
            if line.reference is not None:
                name = self._value(record, line)
                if name is not None:
                    wanted.append(Wanted(line.field.name, line.reference, str(name).strip()))
        return wanted

    def fields(
        self, record: SourceRecord, references: Mapping[str, int | None]
    ) -> dict[str, Scalar]:
        """What the target shall hold: every mapped field in canonical form, None for blank.

        Args:
            references: target id by field name; a missing or None one leaves the field blank.

        Raises:
            Rejected: a value the target would refuse for certain, with its field.
        """
        fields: dict[str, Scalar] = {}
        for line in self.lines:
            name = line.field.name
            if line.reference is not None:
                fields[name] = references.get(name)
            else:
                fields[name] = self.encoder.encode(name, self._converted(record, line))
        return fields

    def _value(self, record: SourceRecord, line: Line) -> Value:
        for column in line.columns:
            try:
                value = self.reader.parse(record.columns.get(column), _READ_AS[line.conversion])
            except Malformed as error:
                raise Rejected(
                    f"{line.field.name}, from {column}: {error}",
                    field=line.field.name,
                ) from error
            if value is not None:
                return value
        return None

    def _converted(self, record: SourceRecord, line: Line) -> Value:
        value = self._value(record, line)
        if value is None:
            return None
        convert = _CONVERT.get(line.conversion)
        return convert(value) if convert is not None else value


def _currency_code(value: Value) -> Value:
    return (value.code or None) if isinstance(value, Money) else None


def _percent(value: Value) -> Value:
    # Half up like the amounts: 12.5 % reads as 13 for a person, and 49.5 must not become 49.
    if isinstance(value, Decimal):
        return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return value


def _date(value: Value) -> Value:
    return value.date() if isinstance(value, datetime) else value


_CONVERT: Mapping[Conversion, Callable[[Value], Value]] = {
    Conversion.CURRENCY_CODE: _currency_code,
    Conversion.PERCENT: _percent,
    Conversion.DATE: _date,
}


@dataclass(frozen=True, slots=True)
class LineSetting:
    """A mapping line as configured: columns, and the conversion where it is not the default."""

    columns: tuple[str, ...]
    conversion: str | None = None


def compose(
    settings: Mapping[str, LineSetting | None],
    defaults: Mapping[str, LineSetting],
    fields: Mapping[str, TargetField],
    table: str,
) -> list[Line]:
    """The lines in force: the defaults, each replaced or (None) dropped by the settings.

    Raises:
        Misconfigured: every mistake at once, each with its line.
    """
    lines: list[Line] = []
    mistakes: list[str] = []
    merged: dict[str, LineSetting | None] = {**defaults, **settings}
    for name, setting in merged.items():
        if setting is None:
            continue
        try:
            lines.append(_line(name, setting, fields))
        except ValueError as error:
            mistakes.append(f"[{table}] {name}: {error}")
    required = {name for name, field in fields.items() if field.required}
    for name in sorted(required - {line.field.name for line in lines}):
        mistakes.append(f"[{table}] {name}: the target demands this field, so it must be mapped")
    if mistakes:
        raise Misconfigured(
            "the mapping cannot be used:\n  " + "\n  ".join(mistakes),
            remedy=f"correct these lines of [{table}] in config.toml",
        )
    return lines


def _line(name: str, setting: LineSetting, fields: Mapping[str, TargetField]) -> Line:
    field = fields.get(name)
    if field is None:
        raise ValueError("no such writable field" + _nearest(name, list(fields)))
    allowed = _ALLOWED[field.kind]
    if setting.conversion is None:
        return Line(field, setting.columns, allowed[0])
    names = [conversion.value for conversion in allowed]
    if setting.conversion not in names:
        raise ValueError(
            f"conversion {setting.conversion!r} does not suit it; possible: {', '.join(names)}"
        )
    return Line(field, setting.columns, Conversion(setting.conversion))


def _nearest(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def columns_of(
    settings: Mapping[str, LineSetting | None], defaults: Mapping[str, LineSetting]
) -> list[str]:
    """Every source column the lines in force name, each once."""
    columns: dict[str, None] = {}
    for line in {**defaults, **settings}.values():
        for column in line.columns if line is not None else ():
            columns[column] = None
    return list(columns)
