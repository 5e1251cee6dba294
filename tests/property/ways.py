"""The whole way of a value: source text, mapping, wire, and back from the target."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings

from connectors.outreach import mapping as wire
from connectors.outreach.fields import FIELDS
from connectors.workbooks import values
from engine import FieldKind, Json, Kind, Rejected, Scalar, SourceRecord, TargetField, Value
from engine.mapping.fields import FieldMapping, LineSetting
from engine.mapping.lines import Layer, compose

COLUMN = "cf_column"

# A busy machine must not fail a test.
quick = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])


class Reader:
    """The source's own reading of a column."""

    def parse(self, raw: Json, kind: Kind) -> Value:
        """See `Source.parse`."""
        return values.parse(raw, kind)


@dataclass(frozen=True)
class Way:
    """One target field and the line that fills it."""

    field: TargetField
    mapping: FieldMapping

    def sent(self, raw: Json) -> Scalar:
        """What the target is sent for a column's raw value."""
        record = SourceRecord(1, "OPP-1", 1, 0, True, False, None, None, {COLUMN: raw})
        return self.mapping.fields(record, {})[self.field.name]

    def survives(self, raw: Json, sent: Scalar, spellings: Sequence[Json]) -> None:
        """Nothing differs: mapped again, kept on disk, or given back in any spelling."""
        assert self.sent(raw) == sent
        assert json.loads(json.dumps(sent)) == sent
        for spelling in (sent, *spellings):
            assert wire.observe(self.field, json.loads(json.dumps(spelling))) == sent

    def refuses(self, raw: Json) -> str:
        """The reason a value is refused for; the field is named in it."""
        with pytest.raises(Rejected) as refused:
            self.sent(raw)
        assert refused.value.field == self.field.name
        assert self.field.name in refused.value.message
        return refused.value.message


def way(field: TargetField, conversion: str, **settled: Json) -> Way:
    """The whole way to a field; `settled` are further members of the line."""
    line = LineSetting((COLUMN,), conversion, **settled)
    composition = compose([Layer("test", {field.name: line})], {field.name: field}, None, "mapping")
    assert composition.mistakes == []
    return Way(field, FieldMapping(composition.lines, Reader(), wire))


def custom(kind: FieldKind, choices: tuple[str, ...] = ()) -> TargetField:
    """A custom field an administrator gave a type."""
    return replace(FIELDS["custom7"], kind=kind, label="Own field", choices=choices)


def normalised(text: str) -> str:
    """Text as the manual declares it: line ends in one form, no outer blanks."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def number_spellings(number: Decimal) -> list[Json]:
    """A number as text, with and without trailing zeros, and as the JSON numbers that equal it."""
    digits = f"{number:f}"
    texts: list[Json] = [digits, f"{digits}00" if "." in digits else f"{digits}.00", f" {digits} "]
    if number == number.to_integral_value():
        texts.append(int(number))
    if Decimal(str(float(number))) == number:
        texts.append(float(number))
    return texts
