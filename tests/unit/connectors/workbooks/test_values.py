"""Values: every documented wire form is read, everything else is refused with what was found."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.workbooks.values import FOUND_CHARS_MAX, parse, utc_text, whole
from engine import Kind, Malformed, Money, Value

MOMENT = datetime(2025, 3, 9, 12, 9, 12, tzinfo=UTC)

READABLE: list[tuple[Kind, Any, Value]] = [
    (Kind.TEXT, "Rollout", "Rollout"),
    (Kind.TEXT, " padded ", " padded "),
    (Kind.TEXT, 12, "12"),
    (Kind.TEXT, 1.5, "1.5"),
    (Kind.TEXT, True, "true"),
    (Kind.NUMBER, 60, 60),
    (Kind.NUMBER, "-7", -7),
    (Kind.NUMBER, "12.50", Decimal("12.50")),
    (Kind.NUMBER, 0.1, Decimal("0.1")),
    (Kind.NUMBER, "1.0e-05", Decimal("0.000010")),
    (Kind.NUMBER, "9" * 60, int("9" * 60)),
    (Kind.MONEY, "100.0 GBP 0", Money(Decimal("100.0"), "GBP")),
    (Kind.MONEY, "-0.12345 USD 3", Money(Decimal("-0.12345"), "USD")),
    (Kind.MONEY, "12500000 GBP", Money(Decimal(12500000), "GBP")),
    (Kind.MONEY, "10000000", Money(Decimal(10000000), "")),
    (Kind.MONEY, "5.0  1", Money(Decimal("5.0"), "")),
    (Kind.MONEY, 7, Money(Decimal(7), "")),
    (Kind.MONEY, "  0", None),
    (Kind.MONEY, " GBP 1", None),
    (Kind.DATE, "22 May 2009", date(2009, 5, 22)),
    (Kind.DATE, " 2 May 2010", date(2010, 5, 2)),
    (Kind.DATE, "01 Oct 2010", date(2010, 10, 1)),
    (Kind.DATE, "2018-01-31", date(2018, 1, 31)),
    (Kind.DATETIME, "Sun Mar 09 12:09:12 UTC 2025", MOMENT),
    (Kind.DATETIME, "Sun Mar  9 12:09:12 UTC 2025", MOMENT),
    (Kind.DATETIME, 1741522152, MOMENT),
    (Kind.DATETIME, 1741522152.0, MOMENT),
    (Kind.DATETIME, "1741522152", MOMENT),
    (Kind.DATETIME, "2025-03-09T12:09:12Z", MOMENT),
    (Kind.DATETIME, "2025-03-09T13:09:12+01:00", MOMENT),
    (Kind.BOOLEAN, True, True),
    (Kind.BOOLEAN, "True", True),
    (Kind.BOOLEAN, 1, True),
    (Kind.BOOLEAN, "0", False),
    (Kind.LIST, "[1, 2]", ("1", "2")),
    (Kind.LIST, "[1,2]", ("1", "2")),
    (Kind.LIST, "['Partner', 'Competitor']", ("Partner", "Competitor")),
    (Kind.LIST, '["Decision Maker", "It\\u0027s"]', ("Decision Maker", "It's")),
    (
        Kind.LIST,
        r'["Half \ud800 a character", "\ud83d\ude00"]',
        ("Half \ufffd a character", "\U0001f600"),
    ),
    (Kind.LIST, "[Decision Maker, 't Hooft]", ("Decision Maker", "'t Hooft")),
    (Kind.LIST, "[Partner, , Partner]", ("Partner", "", "Partner")),
    (Kind.LIST, [1, "Partner", None], ("1", "Partner", "")),
    (Kind.LIST, "Red, Blue", ("Red", "Blue")),
    (Kind.LIST, "[]", ()),
    (Kind.LIST, [], ()),
]


@pytest.mark.parametrize(("kind", "raw", "value"), READABLE)
def test_every_documented_form_is_read(kind: Kind, raw: Any, value: Value) -> None:
    """A value read wrongly would be written wrongly, in silence, to every record."""
    found = parse(raw, kind)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("raw", [None, "", "  "])
def test_blank_is_no_value(kind: Kind, raw: Any) -> None:
    """The service writes blank as an empty text or as null, as it pleases."""
    assert parse(raw, kind) == (() if kind is Kind.LIST else None)


MALFORMED: list[tuple[Kind, Any]] = [
    (Kind.TEXT, ["a"]),
    (Kind.NUMBER, "1,000"),
    (Kind.NUMBER, "12 %"),
    (Kind.NUMBER, True),
    (Kind.NUMBER, float("nan")),
    (Kind.NUMBER, "1e99999"),
    (Kind.NUMBER, "١٢"),
    (Kind.MONEY, "1.123456 GBP 0"),
    (Kind.MONEY, "9" * 64 + " GBP 0"),
    (Kind.MONEY, "1 gbp 0"),
    (Kind.MONEY, "1 GBP 4"),
    (Kind.MONEY, "1 GBP 0 0"),
    (Kind.MONEY, "£1"),
    (Kind.MONEY, "  banana"),
    (Kind.MONEY, True),
    (Kind.DATE, "31 Feb 2025"),
    (Kind.DATE, "2 Mai 2010"),
    (Kind.DATE, "2 mai 2010"),
    (Kind.DATE, "05/06/2025"),
    (Kind.DATE, 20250509),
    (Kind.DATE, "Sun Mar 09 12:09:12 UTC 2025"),
    (Kind.DATETIME, "2025-03-09T12:09:12"),
    (Kind.DATETIME, "2025-03-09"),
    (Kind.DATETIME, "Sun Mar 09 12:09:12 BST 2025"),
    (Kind.DATETIME, "Sun Mar 09 25:09:12 UTC 2025"),
    (Kind.DATETIME, 10**30),
    (Kind.DATETIME, 1.5),
    (Kind.DATETIME, True),
    (Kind.BOOLEAN, "maybe"),
    (Kind.BOOLEAN, 2),
    (Kind.BOOLEAN, 1.0),
    (Kind.LIST, "[1, 2"),
    (Kind.LIST, 5),
    (Kind.LIST, [[1]]),
    (Kind.LIST, [True]),
]


@pytest.mark.parametrize(("kind", "raw"), MALFORMED)
def test_another_form_is_refused_and_quoted(kind: Kind, raw: Any) -> None:
    """The operator finds the value at fault in the record's history."""
    with pytest.raises(Malformed, match="found"):
        parse(raw, kind)


def test_mixed_currencies_are_called_that() -> None:
    """The sum of mixed currencies looks like an amount and is none."""
    with pytest.raises(Malformed, match="mixes currencies"):
        parse("10.0 !!! 1", Kind.MONEY)


def test_a_long_foreign_value_is_quoted_in_part() -> None:
    """A message must not carry a whole record into the log."""
    with pytest.raises(Malformed) as raised:
        parse("x" * 5000, Kind.NUMBER)

    assert len(str(raised.value)) < FOUND_CHARS_MAX + 40


def test_a_moment_is_written_in_the_default_form_and_read_back() -> None:
    """The poll's filter and the rows it returns must mean the same second."""
    assert utc_text(1741522152) == "Sun Mar 09 12:09:12 UTC 2025"
    assert parse(utc_text(1741522152), Kind.DATETIME) == MOMENT


@pytest.mark.parametrize(
    ("raw", "number"), [(7, 7), ("7", 7), ("7.0", None), (True, None), (None, None)]
)
def test_a_whole_number_is_a_number_or_digits(raw: Any, number: int | None) -> None:
    """Ids and versions decide what is written where."""
    assert whole(raw) == number
