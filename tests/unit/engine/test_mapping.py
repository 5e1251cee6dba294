"""The mapping: lines composed from defaults and settings, applied to records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from engine.errors import Misconfigured, Rejected
from engine.mapping import (
    Conversion,
    FieldMapping,
    Line,
    LineSetting,
    Wanted,
    columns_of,
    compose,
)
from engine.records import (
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

FIELDS = {
    field.name: field
    for field in (
        TargetField("name", FieldKind.TEXT, required=True),
        TargetField("amount", FieldKind.INTEGER),
        TargetField("currency", FieldKind.TEXT),
        TargetField("odds", FieldKind.INTEGER),
        TargetField("close", FieldKind.DATE),
        TargetField("owner", FieldKind.USER),
    )
}
DEFAULTS = {
    "name": LineSetting(("title",)),
    "amount": LineSetting(("value",), "money"),
}


class Columns:
    """Reads a column as it stands; the word "bad" cannot be read."""

    def parse(self, raw: Json, kind: Kind) -> Value:
        """The raw value itself."""
        if raw == "bad":
            raise Malformed(f"not a {kind}")
        return raw


class Wire:
    """Encodes by writing the value down."""

    def encode(self, field_name: str, value: Value) -> Scalar:
        """The value's text; None stays None."""
        return None if value is None else f"{field_name}:{value}"


def record(**columns: Json) -> SourceRecord:
    """A record with these columns."""
    return SourceRecord(1, "OPP-1", 1, 0, True, False, None, None, columns)


def mapping(*lines: Line) -> FieldMapping:
    """A mapping of the given lines."""
    return FieldMapping(lines, Columns(), Wire())


def line(name: str, conversion: Conversion, *columns: str) -> Line:
    """A line of a known field."""
    return Line(FIELDS[name], columns or (name,), conversion)


def mapped(conversion: Conversion, value: Value) -> Mapping[str, Scalar]:
    """What one line makes of a value."""
    return mapping(line("name", conversion)).fields(record(name=value), {})


def test_the_first_column_that_is_not_blank_wins() -> None:
    """An owner stands in one of two columns, depending on the tenant."""
    both = mapping(line("name", Conversion.TEXT, "first", "second"))

    assert both.fields(record(first=None, second="b"), {}) == {"name": "name:b"}
    assert both.fields(record(first="a", second="b"), {}) == {"name": "name:a"}
    assert both.fields(record(), {}) == {"name": None}


@pytest.mark.parametrize(
    ("conversion", "value", "expected"),
    [
        (Conversion.CURRENCY_CODE, Money(Decimal(5), "GBP"), "name:GBP"),
        (Conversion.CURRENCY_CODE, Money(Decimal(5), ""), None),
        (Conversion.PERCENT, Decimal("12.5"), "name:13"),
        (Conversion.PERCENT, Decimal("49.4"), "name:49"),
        (Conversion.PERCENT, 50, "name:50"),
        (Conversion.DATE, datetime(2026, 3, 1, 23, 59, tzinfo=UTC), "name:2026-03-01"),
        (Conversion.DATE, date(2026, 3, 1), "name:2026-03-01"),
        (Conversion.TEXT, "as it is", "name:as it is"),
    ],
)
def test_a_conversion_makes_the_value_a_person_expects(
    conversion: Conversion, value: Value, expected: Scalar
) -> None:
    """Half up like the amounts: a person reads 12.5 % as 13."""
    assert mapped(conversion, value) == {"name": expected}


def test_a_value_that_cannot_be_read_refuses_the_record_and_names_the_field() -> None:
    """The reason written back must tell the seller which field to correct."""
    with pytest.raises(Rejected) as refused:
        mapped(Conversion.MONEY, "bad")

    assert refused.value.field == "name"
    assert "not a money" in str(refused.value)


def test_references_are_named_without_blanks_and_filled_from_what_was_resolved() -> None:
    """A reference that cannot be resolved leaves that one relationship blank."""
    lines = mapping(line("owner", Conversion.USER, "assigned"))

    assert lines.references(record(assigned=" Jo Example ")) == [
        Wanted("owner", FieldKind.USER, "Jo Example")
    ]
    assert lines.references(record(assigned=None)) == []
    assert lines.fields(record(assigned="Jo"), {"owner": 7}) == {"owner": 7}
    assert lines.fields(record(assigned="Jo"), {"owner": None}) == {"owner": None}
    assert lines.fields(record(assigned="Jo"), {}) == {"owner": None}


def test_settings_replace_add_and_drop_default_lines() -> None:
    """An operator changes one line without repeating the others."""
    settings = {"amount": None, "currency": LineSetting(("value",), "currency_code")}

    lines = compose(settings, DEFAULTS, FIELDS, "mapping.x")

    assert [(one.field.name, one.columns, one.conversion) for one in lines] == [
        ("name", ("title",), Conversion.TEXT),
        ("currency", ("value",), Conversion.CURRENCY_CODE),
    ]
    assert columns_of(settings, DEFAULTS) == ["title", "value"]


def test_every_mistake_of_a_mapping_is_reported_at_once() -> None:
    """A start for each mistake would be a start too many."""
    settings = {
        "nmae": LineSetting(("title",)),
        "close": LineSetting(("closing",), "money"),
        "name": None,
    }

    with pytest.raises(Misconfigured) as wrong:
        compose(settings, DEFAULTS, FIELDS, "mapping.x")

    text = str(wrong.value)
    assert "[mapping.x] nmae: no such writable field; did you mean 'name'?" in text
    assert "[mapping.x] close: conversion 'money' does not suit it; possible: date" in text
    assert "[mapping.x] name: the target demands this field" in text


@pytest.mark.parametrize("kind", list(FieldKind))
def test_every_kind_of_field_has_a_default_conversion(kind: FieldKind) -> None:
    """A custom field of any type can be mapped by naming a column."""
    fields = {"custom": TargetField("custom", kind)}

    [composed] = compose({"custom": LineSetting(("column",))}, {}, fields, "mapping.x")

    assert composed.reference == (kind if kind.value in {"user", "stage", "account"} else None)
