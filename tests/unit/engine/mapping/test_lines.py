"""Mapping lines: layers composed, every mistake found, the effect told."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from engine.errors import Misconfigured
from engine.mapping.fields import Conversion, LineSetting
from engine.mapping.lines import (
    Composition,
    Layer,
    columns_of,
    compose,
    describe,
    fingerprint,
    refuse,
)
from engine.model.records import Column, FieldKind, TargetField

FIELDS = {
    field.name: field
    for field in (
        TargetField("name", FieldKind.TEXT, required=True),
        TargetField("amount", FieldKind.INTEGER),
        TargetField("currency", FieldKind.TEXT, chars_max=3),
        TargetField("rate", FieldKind.DECIMAL),
        TargetField("close", FieldKind.DATE),
        TargetField("seen", FieldKind.DATETIME),
        TargetField("hot", FieldKind.BOOLEAN),
        TargetField("tags", FieldKind.LIST),
        TargetField("owner", FieldKind.USER),
        TargetField("account", FieldKind.ACCOUNT),
        TargetField("custom1", FieldKind.TEXT, label="Region", choices=("EMEA", "AMER")),
        TargetField("custom2", FieldKind.TEXT, label="Twin"),
        TargetField("custom3", FieldKind.TEXT, label="twin "),
    )
}
DEFAULTS = Layer(
    "default", {"name": LineSetting(("title",)), "amount": LineSetting(("value",), "money")}
)
COLUMNS = {
    name: Column(name, title, datatype)
    for name, title, datatype in (
        ("title", "Title", "string"),
        ("cf_value", "Own value", "currency"),
        ("cf_day", "Day", "date"),
        ("cf_moment", "Moment", "datetime"),
        ("cf_flag", "Flag", "boolean"),
        ("cf_odd", "Odd", "icon_class"),
        ("cf_none", "None", None),
    )
}


def composed(
    lines: Mapping[str, LineSetting | None],
    columns: Mapping[str, Column] | None = None,
    origin: str = "config.toml",
) -> Composition:
    """The defaults and one layer above them."""
    return compose([DEFAULTS, Layer(origin, lines)], FIELDS, columns, "mapping.x")


def mistake(
    name: str, setting: LineSetting | None, columns: Mapping[str, Column] | None = None
) -> str:
    """The only mistake of a line."""
    composition = composed({name: setting}, columns)
    [found] = composition.mistakes
    assert found.origin == "config.toml"
    assert [line.origin for line in composition.lines] == ["default", "default"]
    return found.text


def test_later_layers_replace_add_and_drop_lines() -> None:
    """An operator changes one line without repeating the others."""
    above = Layer(
        "config.toml", {"amount": None, "currency": LineSetting(("value",), "currency_code")}
    )
    rows = Layer("the source", {"name": LineSetting(("other",))})

    composition = compose([DEFAULTS, above, rows], FIELDS, None, "mapping.x")

    assert composition.mistakes == []
    assert [(one.field.name, one.columns, one.origin) for one in composition.lines] == [
        ("name", ("other",), "the source"),
        ("currency", ("value",), "config.toml"),
    ]
    assert columns_of(composition.lines) == ["other", "value"]


def test_a_wrong_line_is_left_out_and_the_line_below_it_stays() -> None:
    """A slip in the source must not stop what worked before."""
    composition = composed({"amount": LineSetting(("value",), "date")})

    assert [one.conversion for one in composition.lines] == [Conversion.TEXT, Conversion.MONEY]
    assert len(composition.mistakes) == 1


def test_every_mistake_is_refused_at_once() -> None:
    """A start for each mistake would be a start too many."""
    composition = composed(
        {"nmae": LineSetting(("title",)), "close": LineSetting(("closing",), "money"), "name": None}
    )

    with pytest.raises(Misconfigured) as wrong:
        refuse(composition.mistakes, "mapping.x")

    text = str(wrong.value)
    assert "[mapping.x] nmae: no such writable field; did you mean 'name'?" in text
    assert "[mapping.x] close: conversion 'money' does not suit it; possible: date" in text
    assert "[mapping.x] name: the target demands this field" in text
    assert "[mapping.x]" in (wrong.value.remedy or "")


def test_no_mistake_refuses_nothing() -> None:
    """The caller need not ask first."""
    refuse(composed({}).mistakes, "mapping.x")


def test_a_field_that_is_dropped_must_exist_too() -> None:
    """A slip would leave in force what was meant to be switched off."""
    assert "did you mean 'amount'?" in mistake("amont", None)


def test_a_required_field_is_reported_to_whoever_dropped_it() -> None:
    """The line at fault is the one to correct; its failure is not told twice."""
    dropped = composed({"name": None}, origin="the source")
    failed = compose(
        [Layer("default", {"name": LineSetting(("a",), "list of")})], FIELDS, None, "mapping.x"
    )

    assert [one.origin for one in dropped.mistakes] == ["the source"]
    assert len(failed.mistakes) == 1


def test_a_required_field_may_be_skipped_only_with_a_default() -> None:
    """A create without it would be refused every time."""
    skipping = LineSetting(("title",), skip_blank=True)
    with_default = LineSetting(("title",), skip_blank=True, default="Untitled")

    assert "so skip_blank needs a default" in mistake("name", skipping)
    assert composed({"name": with_default}).mistakes == []


def test_a_field_may_be_named_by_its_label_in_any_letter_case() -> None:
    """Nobody remembers which number a custom field has."""
    composition = composed({" REGION": LineSetting(("area",))})

    assert composition.mistakes == []
    assert composition.lines[-1].field.name == "custom1"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ({"Twin": LineSetting(("a",))}, "several fields have this label; use a name instead"),
        ({"Regoin": LineSetting(("a",))}, "did you mean 'Region'?"),
        (
            {"custom1": LineSetting(("a",)), "Region": LineSetting(("b",))},
            "[mapping.x] Region: 'custom1' is the same field",
        ),
        ({"custom1": None, "Region": LineSetting(("b",))}, "'custom1' is the same field"),
    ],
)
def test_a_label_that_does_not_say_which_field_is_a_mistake(
    lines: dict[str, LineSetting | None], words: str
) -> None:
    """Two lines for one field would overwrite each other at every sync."""
    [found] = composed(lines).mistakes

    assert words in found.text


@pytest.mark.parametrize("kind", list(FieldKind))
def test_every_kind_of_field_has_a_default_conversion(kind: FieldKind) -> None:
    """A custom field of any type can be mapped by naming a column."""
    fields = {"custom": TargetField("custom", kind)}
    layer = Layer("config.toml", {"custom": LineSetting(("column",))})

    [line] = compose([layer], fields, None, "mapping.x").lines

    assert line.reference == (kind if kind.value in {"user", "stage", "account"} else None)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("cf_valeu", "there is no column 'cf_valeu'; did you mean 'cf_value'?"),
        ("own value", "there is no column 'own value'; did you mean 'cf_value'?"),
        ("zzzzzz", "there is no column 'zzzzzz'"),
        ("party[name", "'party[name' is not a related column"),
        ("party]name[", "is not a related column"),
        ("party[]", "is not a related column"),
        ("[name]", "is not a related column"),
        ("party[queue[name]", "is not a related column"),
        ("party[name]s", "is not a related column"),
    ],
)
def test_a_column_that_cannot_be_there_is_a_mistake(column: str, words: str) -> None:
    """A title instead of a name is the usual slip; a blank field forever its effect."""
    assert words in mistake("custom2", LineSetting((column,)), COLUMNS)
    assert words in mistake("custom2", LineSetting(template=f"{{{column}}}"), COLUMNS)


@pytest.mark.parametrize("column", ["party[name]", "queue_entry[queue[name]]", "value", "cf_odd"])
def test_related_and_built_in_columns_need_not_be_in_the_metadata(column: str) -> None:
    """It describes the record alone, and the built-in lines may be written out as they are."""
    assert composed({"custom2": LineSetting((column,))}, COLUMNS).mistakes == []


def test_columns_are_not_checked_when_nobody_could_read_them() -> None:
    """A right that is missing must not look like a mistake."""
    assert composed({"custom2": LineSetting(("whatever",))}, None).mistakes == []


@pytest.mark.parametrize(
    ("field", "column", "conversion", "words"),
    [
        ("close", "cf_value", None, "the column 'cf_value' holds a currency"),
        ("custom2", "cf_value", "date", "cannot be read as date; possible: text"),
        ("amount", "cf_value", "percent", "cannot be read as percent"),
        ("close", "cf_moment", "date", "holds a datetime"),
        ("seen", "cf_day", "datetime", "holds a date"),
        ("hot", "cf_day", None, "cannot be read as boolean"),
        ("rate", "cf_flag", None, "holds a boolean"),
    ],
)
def test_a_conversion_that_must_fail_is_a_mistake(
    field: str, column: str, conversion: str | None, words: str
) -> None:
    """Better one line at start than a reason on every record."""
    assert words in mistake(field, LineSetting((column,), conversion), COLUMNS)


@pytest.mark.parametrize(
    ("field", "column", "conversion"),
    [
        ("amount", "cf_value", Conversion.MONEY),
        ("amount", "cf_none", Conversion.INTEGER),
        ("close", "cf_moment", Conversion.DATETIME),
        ("close", "cf_day", Conversion.DATE),
        ("seen", "cf_day", Conversion.DATE),
        ("custom2", "cf_value", Conversion.TEXT),
        ("close", "cf_odd", Conversion.DATE),
    ],
)
def test_a_column_without_a_conversion_takes_the_first_that_can_work(
    field: str, column: str, conversion: Conversion
) -> None:
    """A line kept in the source can name a column, and no conversion."""
    composition = composed({field: LineSetting((column,))}, COLUMNS)
    [line] = [line for line in composition.lines if line.field.name == field]

    assert composition.mistakes == []
    assert line.conversion is conversion


@pytest.mark.parametrize(
    ("field", "setting", "words"),
    [
        ("hot", LineSetting(constant="yes"), 'it takes true or false, not "yes"'),
        ("amount", LineSetting(constant="many"), "it takes a number"),
        ("amount", LineSetting(constant=True), "it takes a number, not true"),
        ("rate", LineSetting(("a",), default="x"), "it takes a number"),
        ("close", LineSetting(constant="soon"), "it takes a date such as"),
        ("close", LineSetting(constant=5), "it takes a date such as"),
        ("owner", LineSetting(constant=7), "it takes a name, not 7"),
        ("currency", LineSetting(constant="euros"), "it takes at most 3 characters"),
        ("custom1", LineSetting(constant="APAC"), "it takes one of EMEA, AMER"),
        (
            "custom1",
            LineSetting(("a",), "picklist", values={"x": "APAC"}),
            "it takes one of EMEA, AMER",
        ),
        ("account", LineSetting(constant="7"), "it takes from alone"),
        ("account", LineSetting(template="{a}"), "it takes from alone"),
        ("account", LineSetting(("a",), default="7"), "it takes from alone"),
        ("custom2", LineSetting(template="{a"), "single '{'"),
        ("custom2", LineSetting(), "it names no column"),
        ("custom2", LineSetting(("a",), "txet"), "did you mean 'text'?"),
    ],
)
def test_what_the_target_would_refuse_for_every_record_is_a_mistake(
    field: str, setting: LineSetting, words: str
) -> None:
    """One line of the configuration is at fault, not ten thousand records."""
    assert words in mistake(field, setting)


@pytest.mark.parametrize(
    ("field", "setting"),
    [
        ("hot", LineSetting(constant=False)),
        ("amount", LineSetting(constant="12")),
        ("rate", LineSetting(("a",), default=Decimal("0.5"))),
        ("close", LineSetting(constant="2026-01-31")),
        ("owner", LineSetting(constant="Jo Example")),
        ("owner", LineSetting(template="{first} {last}")),
        ("custom1", LineSetting(constant="EMEA")),
        ("tags", LineSetting(template="{a}, {b}", conversion="list")),
        ("amount", LineSetting(template="{a}00")),
        ("hot", LineSetting(("a",), "picklist", values={"Yes": True}, default=False)),
    ],
)
def test_what_suits_the_field_is_taken(field: str, setting: LineSetting) -> None:
    """Constants, defaults and templates, for every kind that can hold them."""
    composition = composed({field: setting})

    assert composition.mistakes == []
    assert field in {line.field.name for line in composition.lines}


def test_the_fingerprint_tells_effects_apart_and_nothing_else() -> None:
    """A change of it reconciles every record; an origin or an order changes none."""
    settings = [
        LineSetting(("a",)),
        LineSetting(("a", "b")),
        LineSetting(("b", "a")),
        LineSetting(("a",), "money"),
        LineSetting(("a",), skip_blank=True),
        LineSetting(("a",), default="1"),
        LineSetting(("a",), default=1),
        LineSetting(("a",), default=True),
        LineSetting(("a",), default=Decimal(1)),
        LineSetting(constant="a"),
        LineSetting(template="{a}"),
        LineSetting(template="{a}!"),
        LineSetting(("a",), "picklist", values={"x": "y"}),
        LineSetting(("a",), "picklist", values={"x": "z"}),
    ]
    prints = [fingerprint(composed({"custom2": setting}).lines) for setting in settings]
    lines = composed({"custom2": settings[0]}).lines
    elsewhere = composed({"custom2": settings[0]}, origin="the source").lines

    # An integer and a decimal of one value do the same.
    assert len(set(prints)) == len(settings) - 1
    assert fingerprint(lines[::-1]) == fingerprint(elsewhere) == prints[0]
    assert len(prints[0]) == 64


def test_lines_are_described_by_field_filling_and_origin() -> None:
    """An administrator sees what is in force, and whom to ask about it."""
    composition = composed(
        {
            "Region": LineSetting(
                ("area", "party[area]"),
                "picklist",
                values={"a": "EMEA"},
                default="AMER",
                skip_blank=True,
            ),
            "currency": LineSetting(constant="GBP"),
            "custom2": LineSetting(template="{a} ({b})"),
        }
    )

    assert describe(composition.lines)[1:] == [
        ("amount", "value (as money)", "default"),
        (
            "custom1 (Region)",
            'area, party[area] (as picklist, 1 value, default "AMER", skip blank)',
            "config.toml",
        ),
        ("currency", 'constant "GBP"', "config.toml"),
        ("custom2 (Twin)", 'template "{a} ({b})" (as text)', "config.toml"),
    ]
