"""Mapping: one canonical form per value, whichever side it comes from."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.outreach.fields import FIELDS
from connectors.outreach.mapping import encode, observe
from engine import Money, Rejected, Value


@pytest.mark.parametrize(
    ("field", "value", "canonical"),
    [
        ("name", "  Big\r\ndeal\r ", "Big\ndeal"),
        ("description", " \r\n ", None),
        ("description", None, None),
        ("custom1", True, "true"),
        ("custom1", 12, "12"),
        ("custom1", Decimal("1E+3"), "1000"),
        ("custom1", date(2026, 9, 30), "2026-09-30"),
        ("custom1", datetime(2026, 9, 30, 8, 5, 1, tzinfo=UTC), "2026-09-30T08:05:01"),
        ("custom1", Money(Decimal("12.50"), "GBP"), "12.50 GBP"),
        ("custom1", ("EMEA", "AMER"), "EMEA;AMER"),
        ("amount", Money(Decimal("12500.50"), "GBP"), 12501),
        ("amount", Decimal("-0.4"), 0),
        ("amount", 7, 7),
        ("amount", "12500.49", 12500),
        ("amountPrecise", Decimal("10.005"), "10.01"),
        ("amountPrecise", Decimal("-0.001"), "0.00"),
        ("probability", Decimal("39.5"), 40),
        ("probability", 0, 0),
        ("closeDate", date(2026, 9, 30), "2026-09-30T12:00:00.000Z"),
        ("closeDate", date(999, 1, 2), "0999-01-02T12:00:00.000Z"),
        ("closeDate", "2026-09-30", "2026-09-30T12:00:00.000Z"),
        ("externalCreatedAt", datetime(2026, 8, 1, 9, 15), "2026-08-01T09:15:00.000Z"),  # noqa: DTZ001 # a source without zones
        (
            "externalCreatedAt",
            datetime(2026, 8, 1, 9, 15, 0, 999, tzinfo=timezone(timedelta(hours=2))),
            "2026-08-01T07:15:00.000Z",
        ),
        ("externalCreatedAt", date(2026, 8, 1), "2026-08-01T00:00:00.000Z"),
        ("owner", 3, 3),
        ("owner", " 42 ", 42),
        ("owner", "", None),
        ("account", None, None),
        ("tags", ("b", " a ", "", "b"), ["a", "b"]),
        ("tags", "solo", ["solo"]),
        ("tags", None, []),
    ],
)
def test_a_typed_value_has_one_canonical_form(field: str, value: Value, canonical: Any) -> None:
    """What is sent is decided here and nowhere else."""
    encoded = encode(FIELDS[field], value)

    assert encoded == canonical
    assert type(encoded) is type(canonical)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None),
        ("name", " \n"),
        ("name", "x" * 256),
        ("customId", "x" * 256),
        ("custom150", "x" * 32_001),
        ("description", "x" * 65_536),
        ("amount", "a lot"),
        ("amount", True),
        ("amount", Decimal("NaN")),
        ("amount", Decimal("1E+400")),
        ("amount", 10**30),
        ("amount", date(2026, 1, 1)),
        ("amountPrecise", Decimal("9999999999999.99")),
        ("probability", 101),
        ("probability", Decimal("-0.5")),
        ("probability", "100.4"),
        ("closeDate", "soon"),
        ("closeDate", 5),
        ("externalCreatedAt", "yesterday"),
        ("externalCreatedAt", datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))),
        ("owner", "Ada Lovelace"),
        ("owner", "0"),
        ("owner", -3),
        ("owner", True),
        ("account", "12.0"),
        ("opportunityStage", Decimal(3)),
        ("opportunityStage", "9" * 30),
        ("tags", 5),
    ],
)
def test_a_value_outreach_would_refuse_is_rejected_with_its_field(field: str, value: Value) -> None:
    """Over-long values earn a refusal that does not name the field, so lengths are checked here."""
    with pytest.raises(Rejected) as caught:
        encode(FIELDS[field], value)

    assert caught.value.field == field


@pytest.mark.parametrize("field", ["amount", "custom1"])
def test_a_number_beyond_all_bounds_is_rejected(field: str) -> None:
    """It cannot even be printed, and must not end in another error for it."""
    with pytest.raises(Rejected, match=field):
        encode(FIELDS[field], 10**5000)


@pytest.mark.parametrize("number", ["9" * 63, 1e300, Decimal(2**64)])
def test_a_number_that_is_too_large_is_not_said_to_be_none(number: Value) -> None:
    """Whoever reads that it is no number looks for a letter in it."""
    with pytest.raises(Rejected, match="too large"):
        encode(FIELDS["amount"], number)


def test_a_rejection_does_not_quote_the_value() -> None:
    """Messages are logged and written back; record contents stay out of them."""
    with pytest.raises(Rejected) as caught:
        encode(FIELDS["amount"], "salary of Jane Roe")

    assert "Jane" not in str(caught.value)


def test_length_is_counted_in_characters() -> None:
    """A byte count would refuse names that fit."""
    assert encode(FIELDS["name"], "é" * 255) == "é" * 255


@pytest.mark.parametrize(
    ("field", "raw", "canonical"),
    [
        ("amount", 1000, 1000),
        ("amount", 1000.0, 1000),
        ("amount", "1000.00", 1000),
        ("amount", 1000.5, 1000.5),
        ("amount", "many", "many"),
        ("amountPrecise", "1000.5", "1000.50"),
        ("probability", None, None),
        ("description", " a\r\nb ", "a\nb"),
        ("description", "", None),
        ("custom3", 5, "5"),
        ("custom3", True, "true"),
        ("custom3", {"b": 1}, '{"b": 1}'),
        ("closeDate", "2024-08-24T14:15:22.000Z", "2024-08-25T12:00:00.000Z"),
        ("closeDate", "2026-09-30", "2026-09-30T12:00:00.000Z"),
        ("closeDate", "someday", "someday"),
        ("closeDate", "9999-12-31T23:00:00Z", "9999-12-31T23:00:00Z"),
        ("externalCreatedAt", "2026-08-01T09:15:00.123456+02:00", "2026-08-01T07:15:00.000Z"),
        ("externalCreatedAt", "2026-08-01T09:15:00Z", "2026-08-01T09:15:00.000Z"),
        ("externalCreatedAt", 5, "5"),
        ("externalCreatedAt", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("tags", ["b", "a"], ["a", "b"]),
        ("tags", None, []),
        ("owner", {"data": {"type": "user", "id": 2}}, 2),
        ("owner", {"data": {"type": "user", "id": "2"}}, 2),
        ("owner", {"data": None}, None),
        ("owner", {"links": {"related": "x"}}, None),
        ("owner", None, None),
        ("owner", 5, None),
    ],
)
def test_what_the_api_returns_reads_in_the_same_form(field: str, raw: Any, canonical: Any) -> None:
    """A different spelling of the same value must not cost an update."""
    assert observe(FIELDS[field], raw) == canonical


@pytest.mark.parametrize("hours", range(-12, 12))
def test_a_close_date_typed_in_any_zone_keeps_its_day(hours: int) -> None:
    """The web application stores local midnight, which in UTC may be the day before."""
    zone = timezone(timedelta(hours=hours))
    midnight = datetime(2021, 12, 10, tzinfo=zone).astimezone(UTC)

    assert observe(FIELDS["closeDate"], midnight.strftime("%Y-%m-%dT%H:%M:%S.000Z")) == encode(
        FIELDS["closeDate"], date(2021, 12, 10)
    )


texts = st.text(max_size=300)
# A busy machine must not fail a test.
unhurried = settings(deadline=None)


@unhurried
@given(texts)
def test_text_survives_the_round_trip_in_any_line_ending(text: str) -> None:
    """Editors and stores exchange line ends; that is no edit."""
    sent = encode(FIELDS["description"], text)
    returned = sent.replace("\n", "\r\n") + " " if isinstance(sent, str) else ""

    assert observe(FIELDS["description"], returned) == sent


@unhurried
@given(st.decimals(min_value=-(10**12), max_value=10**12, places=3))
def test_amounts_survive_the_round_trip_in_any_notation(amount: Decimal) -> None:
    """Whole units may come back as number or text."""
    sent = encode(FIELDS["amount"], Money(amount, "EUR"))

    assert isinstance(sent, int)
    assert abs(sent - amount) <= Decimal("0.5")
    for returned in (sent, float(sent), str(sent), f"{sent}.00"):
        assert observe(FIELDS["amount"], returned) == sent


@unhurried
@given(st.dates(min_value=date(2, 1, 1), max_value=date(9998, 12, 30)), st.integers(-12, 11))
def test_dates_survive_the_round_trip_through_any_zone(day: date, hours: int) -> None:
    """Noon, local midnight and the bare date all mean the same day."""
    sent = encode(FIELDS["closeDate"], day)
    midnight = datetime(day.year, day.month, day.day, tzinfo=timezone(timedelta(hours=hours)))

    for returned in (sent, day.isoformat(), midnight.isoformat()):
        assert observe(FIELDS["closeDate"], returned) == sent


@unhurried
@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 30)),  # noqa: DTZ001 # bounds of a strategy
    st.integers(-14 * 60, 14 * 60),
)
def test_moments_survive_the_round_trip_through_any_offset(moment: datetime, minutes: int) -> None:
    """An instant is the same in every zone."""
    sent = encode(FIELDS["externalCreatedAt"], moment)
    elsewhere = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))

    assert observe(FIELDS["externalCreatedAt"], elsewhere.isoformat()) == sent


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


@unhurried
@given(st.sampled_from(sorted(set(FIELDS) - {f"custom{n}" for n in range(2, 151)})), json_values)
def test_observing_never_fails(field: str, raw: Any) -> None:
    """One odd value in an answer must not stop a record, let alone a worker."""
    observe(FIELDS[field], raw)
