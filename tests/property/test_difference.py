"""Difference and mapping: what was sent once is not sent again."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.decide.opportunity import difference
from engine.mapping.fields import Conversion, FieldMapping, Line, LineSetting
from engine.mapping.lines import Layer, columns_of, compose
from engine.model.fields import Json, Scalar
from engine.model.records import FieldKind, Kind, Money, SourceRecord, TargetField, Value

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.lists(st.text(max_size=5), max_size=3),
)
FIELDS = st.dictionaries(st.sampled_from("abcdef"), SCALARS)
VALUES: dict[Conversion, st.SearchStrategy[Value]] = {
    Conversion.TEXT: st.none() | st.text(max_size=20),
    Conversion.PERCENT: st.none() | st.decimals(0, 100, places=3),
    Conversion.CURRENCY_CODE: st.none()
    | st.builds(Money, st.decimals(-1000, 1000, places=2), st.sampled_from(["", "GBP"])),
    Conversion.DATE: st.none() | st.dates() | st.datetimes(timezones=st.just(UTC)),
    Conversion.BOOLEAN: st.none() | st.booleans(),
}
LINES = [
    Line(TargetField(conversion.value, FieldKind.TEXT), (conversion.value,), conversion)
    for conversion in VALUES
]
RECORDS = st.fixed_dictionaries({conversion.value: values for conversion, values in VALUES.items()})


class Columns:
    """Reads a column as it stands."""

    def parse(self, raw: Json, kind: Kind) -> Value:  # noqa: ARG002 # the port has it
        """The raw value itself."""
        return raw


class Wire:
    """Encodes as JSON can carry it."""

    def encode(self, field: TargetField, value: Value) -> Scalar:  # noqa: ARG002 # the port has it
        """Plain values as they are, the others as text."""
        return value if value is None or isinstance(value, bool | int) else str(value)


def fields_of(columns: dict[str, Value]) -> dict[str, Scalar]:
    """What the target shall hold."""
    record = SourceRecord(1, "OPP-1", 1, 0, True, False, None, None, columns)
    return FieldMapping(LINES, Columns(), Wire()).fields(record, {})


@given(desired=FIELDS, known=FIELDS)
def test_after_the_difference_is_sent_nothing_differs(
    desired: dict[str, Scalar], known: dict[str, Scalar]
) -> None:
    """And what was not ours to say stays as it was."""
    sent = difference(desired, known)
    held = {**known, **sent}

    assert difference(desired, held) == {}
    assert all(held[name] == value for name, value in desired.items() if value is not None)
    assert all(held[name] == value for name, value in known.items() if name not in desired)
    assert sent.keys() <= desired.keys()


@given(desired=FIELDS)
def test_what_the_store_gives_back_does_not_differ(desired: dict[str, Scalar]) -> None:
    """Fields go through JSON on disk; a difference that is none would be sent at every poll."""
    assert difference(desired, json.loads(json.dumps(desired))) == {}


@given(columns=RECORDS)
def test_mapping_a_record_twice_gives_the_same_fields(columns: dict[str, Value]) -> None:
    """No edit, no write: the steady state costs the target nothing."""
    once = fields_of(columns)

    assert fields_of(columns) == once
    assert set(once) == {line.field.name for line in LINES}
    assert difference(once, json.loads(json.dumps(once))) == {}
    assert all(once[name] is None for name, value in columns.items() if value is None)


@given(percent=st.decimals(0, 100, places=4))
def test_a_percentage_is_rounded_half_up_and_never_further_than_a_half(percent: Decimal) -> None:
    """Python's own rounding would make 12.5 a 12."""
    encoded = fields_of({Conversion.PERCENT.value: percent})[Conversion.PERCENT.value]

    assert isinstance(encoded, int)
    assert Decimal("-0.5") < encoded - percent <= Decimal("0.5")


@given(moment=st.datetimes(timezones=st.just(UTC)))
def test_a_moment_mapped_to_a_date_keeps_its_own_day(moment: datetime) -> None:
    """A deal must not close a day early."""
    encoded = fields_of({Conversion.DATE.value: moment})[Conversion.DATE.value]

    assert encoded == str(date(moment.year, moment.month, moment.day))


@given(
    settings=st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.none() | st.sampled_from("uvw")),
        max_size=3,
    )
)
def test_composing_gives_each_field_the_last_line_that_names_it(
    settings: list[dict[str, str | None]],
) -> None:
    """Two lines for one field would overwrite each other at every sync."""
    fields = {name: TargetField(name, FieldKind.TEXT) for name in "abcdef"}
    layers = [
        Layer(
            str(number),
            {name: None if column is None else LineSetting((column,)) for name, column in its},
        )
        for number, its in enumerate(one.items() for one in settings)
    ]
    last: dict[str, str | None] = {}
    for one in settings:
        last |= one

    composition = compose(layers, fields, None, "mapping.x")

    lines = {line.field.name: line for line in composition.lines}
    assert composition.mistakes == []
    assert len(lines) == len(composition.lines)
    assert {name: line.columns for name, line in lines.items()} == {
        name: (column,) for name, column in last.items() if column is not None
    }
    assert set(columns_of(composition.lines)) == set(last.values()) - {None}
