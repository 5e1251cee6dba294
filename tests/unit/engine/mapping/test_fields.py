"""The mapping: lines applied to records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from engine.errors import Rejected
from engine.mapping.fields import Constant, Conversion, FieldMapping, Line, Template, Wanted
from engine.model.fields import Json, Scalar
from engine.model.records import FieldKind, Kind, Malformed, Money, SourceRecord, TargetField, Value

NAME = TargetField("name", FieldKind.TEXT)
OWNER = TargetField("owner", FieldKind.USER)
TAGS = TargetField("tags", FieldKind.LIST)
REGION = TargetField("custom1", FieldKind.TEXT, label="Region")


class Columns:
    """Reads a column as it stands; the word "bad" cannot be read."""

    def parse(self, raw: Json, kind: Kind) -> Value:
        """The raw value itself; a list out of text with commas."""
        if raw == "bad":
            raise Malformed(f"not a {kind}")
        if kind is Kind.LIST and isinstance(raw, str):
            return tuple(part.strip() for part in raw.split(","))
        return raw


class Wire:
    """Encodes by writing the value down."""

    def encode(self, field: TargetField, value: Value) -> Scalar:
        """The value's text after the field's name; blank stays blank."""
        if value is None:
            return [] if field.kind is FieldKind.LIST else None
        return f"{field.name}:{value}"


def record(**columns: Json) -> SourceRecord:
    """A record with these columns."""
    return SourceRecord(1, "OPP-1", 1, 0, True, False, None, None, columns)


def mapping(*lines: Line) -> FieldMapping:
    """A mapping of the given lines."""
    return FieldMapping(lines, Columns(), Wire())


def mapped(line: Line, **columns: Json) -> Mapping[str, Scalar]:
    """What one line makes of a record."""
    return mapping(line).fields(record(**columns), {})


def templated(text: str, conversion: Conversion = Conversion.TEXT) -> Line:
    """A line that takes a template."""
    template = Template.parse(text)
    return Line(NAME, template.columns, conversion, template=template)


def picklist(values: Mapping[str, Constant], default: Constant | None = None) -> Line:
    """A line that takes a table of values."""
    return Line(REGION, ("area",), Conversion.PICKLIST, values=values, default=default)


def test_the_first_column_that_is_not_blank_wins() -> None:
    """An owner stands in one of two columns, depending on the tenant."""
    both = Line(NAME, ("first", "second"), Conversion.TEXT)

    assert mapped(both, first=None, second="b") == {"name": "name:b"}
    assert mapped(both, first="a", second="b") == {"name": "name:a"}
    assert mapped(both, second="b") == {"name": "name:b"}
    assert mapped(both, second=None) == {"name": None}


def test_what_is_not_given_is_left_out_unless_the_record_is_new() -> None:
    """What the target holds may be right; of a new record there is nothing to be lost."""
    both = Line(NAME, ("first", "second"), Conversion.TEXT)
    whole = templated("{first} ({second})")
    owner = Line(OWNER, ("assigned",), Conversion.USER)
    lines = mapping(both, owner)

    assert mapped(both) == mapped(whole, first="a") == {}
    assert lines.fields(record(), {}, new=True) == {"name": None, "owner": None}
    assert lines.fields(record(first="a", assigned="b"), {}, untold={"owner"}) == {"name": "name:a"}
    assert lines.absent(record(assigned=None)) == {"name": ("first", "second")}
    assert mapping(whole).absent(record(first="a")) == {"name": ("second",)}
    assert mapping(Line(NAME, (), Conversion.TEXT, constant="x")).absent(record()) == {}


def test_a_column_whose_converted_value_is_blank_gives_way_to_the_next() -> None:
    """An amount without a currency has no code, and an array of nothing has no member."""
    code = Line(NAME, ("net", "gross"), Conversion.CURRENCY_CODE)
    members = Line(TAGS, ("few", "many"), Conversion.LIST)

    assert mapped(code, net=Money(Decimal(5), ""), gross=Money(Decimal(6), "GBP")) == {
        "name": "name:GBP"
    }
    assert mapped(members, few=("", " "), many=("a",)) == {"tags": "tags:('a',)"}
    assert mapped(members, few=(), many=()) == {"tags": []}


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
    assert mapped(Line(NAME, ("name",), conversion), name=value) == {"name": expected}


def test_a_percentage_of_any_size_is_rounded_and_not_a_crash() -> None:
    """What is out of range is for the target to refuse, with the field named."""
    line = Line(NAME, ("name",), Conversion.PERCENT)

    assert mapped(line, name=Decimal("1e40")) == {"name": f"name:{10**40}"}


def test_a_value_that_cannot_be_read_refuses_the_record_and_names_the_field() -> None:
    """The reason written back must tell the seller which field to correct."""
    with pytest.raises(Rejected) as refused:
        mapped(Line(REGION, ("area",), Conversion.MONEY), area="bad")

    assert refused.value.field == "custom1"
    assert "custom1 (Region), from area: not a money" in str(refused.value)


def test_references_are_named_without_blanks_and_filled_from_what_was_resolved() -> None:
    """A reference that cannot be resolved leaves that one relationship blank."""
    lines = mapping(Line(OWNER, ("assigned",), Conversion.USER))

    assert lines.references(record(assigned=" Jo Example ")) == [
        Wanted("owner", FieldKind.USER, "Jo Example")
    ]
    assert lines.references(record(assigned=None)) == []
    assert lines.fields(record(assigned="Jo"), {"owner": 7}) == {"owner": 7}
    assert lines.fields(record(assigned="Jo"), {"owner": None}) == {"owner": None}
    assert lines.fields(record(assigned="Jo"), {}) == {"owner": None}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (Line(OWNER, (), Conversion.USER, constant="Jo"), "Jo"),
        (Line(OWNER, ("assigned",), Conversion.USER, default="Kim"), "Kim"),
        (Line(OWNER, ("team",), Conversion.PICKLIST, values={"North": "Lee"}), "Lee"),
    ],
)
def test_a_reference_may_be_named_by_a_constant_a_default_or_a_picklist(
    line: Line, name: str
) -> None:
    """Stages are called differently on both sides more often than not."""
    assert mapping(line).references(record(team="North")) == [Wanted("owner", FieldKind.USER, name)]


@pytest.mark.parametrize("constant", ["x", 0, False, Decimal("1.5")])
def test_a_constant_is_the_same_for_every_record(constant: Constant) -> None:
    """Zero and false are values, not blanks."""
    line = Line(NAME, (), Conversion.TEXT, constant=constant)

    assert mapped(line) == {"name": f"name:{constant}"}


@pytest.mark.parametrize("default", ["x", 0, False])
def test_a_default_stands_in_for_a_blank_value_and_for_no_other(default: Constant) -> None:
    """The value of the record comes first, always."""
    line = Line(NAME, ("name",), Conversion.TEXT, default=default)

    assert mapped(line, name=None) == {"name": f"name:{default}"}
    assert mapped(line, name="its own") == {"name": "name:its own"}


def test_a_blank_value_under_skip_blank_is_neither_sent_nor_cleared() -> None:
    """What somebody entered in the target stays."""
    lines = mapping(
        Line(NAME, ("name",), Conversion.TEXT, skip_blank=True),
        Line(TAGS, ("tags",), Conversion.LIST, skip_blank=True),
        Line(OWNER, ("assigned",), Conversion.USER, skip_blank=True),
    )

    assert lines.fields(record(), {}) == {}
    assert lines.fields(record(name="n", assigned="Jo"), {"owner": None}) == {"name": "name:n"}
    assert lines.fields(record(assigned="Jo"), {"owner": 7}) == {"owner": 7}
    assert lines.field_names == ["name", "tags", "owner"]


def test_a_picklist_is_looked_up_without_outer_blanks() -> None:
    """A padded value is the same value."""
    values: dict[str, Constant] = {"North": "EMEA", "South": 2}

    assert mapped(picklist(values), area=" North ") == {"custom1": "custom1:EMEA"}
    assert mapped(picklist(values), area="South") == {"custom1": "custom1:2"}
    assert mapped(picklist(values), area=" ") == {"custom1": None}


def test_a_value_that_is_not_in_the_picklist_becomes_the_default_or_refuses_the_record() -> None:
    """A wrong guess in a report is worse than a reason on the record; it is not quoted."""
    assert mapped(picklist({"North": "EMEA"}, "Other"), area="West") == {"custom1": "custom1:Other"}

    with pytest.raises(Rejected) as refused:
        mapped(picklist({"North": "EMEA"}), area="secret plan")

    assert refused.value.field == "custom1"
    assert "custom1 (Region), from area: the value is not in" in str(refused.value)
    assert "secret plan" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("{title} ({ref})", {"title": " Deal ", "ref": "OPP-1"}, "name:Deal (OPP-1)"),
        ("{title} ({ref})", {"title": None, "ref": "OPP-1"}, "name: (OPP-1)"),
        ("{title} ({ref})", {"title": None, "ref": " "}, None),
        ("{{{title}}} 100 %", {"title": "x"}, "name:{x} 100 %"),
        ("{ title }{title}", {"title": "x"}, "name:xx"),
        ("{title}", {"title": "{ref}", "ref": "y"}, "name:{ref}"),
    ],
)
def test_a_template_puts_columns_into_a_text(
    text: str, columns: dict[str, Json], expected: Scalar
) -> None:
    """Blank when every column is; what a column holds is never read as a template."""
    assert mapped(templated(text), **columns) == {"name": expected}


def test_a_template_takes_related_columns_and_can_be_converted() -> None:
    """Two addresses of one person make one list."""
    line = templated("{work[email]}, {home[email]}", Conversion.LIST)

    assert line.columns == ("work[email]", "home[email]")
    assert mapped(line, **{"work[email]": "a@x", "home[email]": "b@x"}) == {
        "name": "name:('a@x', 'b@x')"
    }
    assert mapped(line, **{"work[email]": "", "home[email]": None}) == {"name": None}


def test_a_column_of_a_template_that_cannot_be_read_is_named() -> None:
    """Two columns, and only one of them is at fault."""
    with pytest.raises(Rejected, match="name, from ref: not a text"):
        mapped(templated("{title} ({ref})"), title="x", ref="bad")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{title", "single '{'"),
        ("title}", "single '}'"),
        ("{title} {}", "without a column"),
        ("{a{b}}", "single '{'"),
        ("no column {{}}", "use constant"),
        ("", "use constant"),
    ],
)
def test_a_template_that_is_not_well_formed_is_refused(text: str, words: str) -> None:
    """A brace forgotten is found at start, not in a customer's text."""
    with pytest.raises(ValueError, match=words):
        Template.parse(text)
