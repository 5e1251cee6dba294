"""Conversions, the whole way: numbers, amounts, days and moments.

Three things hold for every value. It survives exactly, or is lost in the declared way, or is
refused with its field named. And a value that did not change never differs, whatever spelling the
target gives it back in: an update that changes nothing would be sent at every poll.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.outreach.fields import FIELDS
from connectors.outreach.prospect_fields import PROSPECT_FIELDS
from engine import FieldKind, Json
from tests.property.ways import custom, number_spellings, quick, way

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
# Zones with half and quarter hours, with a day that is missing, and those that change at midnight,
# so that the day has no midnight at all; those the machine knows of.
ZONE_NAMES = [
    *("UTC", "Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles"),
    *("America/St_Johns", "America/Sao_Paulo", "America/Havana", "Asia/Kolkata"),
    *("Asia/Kathmandu", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Honolulu", "Etc/GMT+12"),
]
ZONES = [ZoneInfo(name) for name in ZONE_NAMES if name in available_timezones()] or [UTC]
# Days on which clocks change: at midnight in Brazil and Lebanon, in the night elsewhere.
DST_DAYS = [date(2018, 11, 4), date(2026, 3, 8), date(2026, 3, 29), date(2026, 10, 25)]
DST_MOMENTS = [
    datetime(2026, month, day, hour, 30, tzinfo=UTC)
    for month, day in ((3, 29), (10, 25))
    for hour in (0, 1, 2)
]
FRACTIONS = ["", ".000", ".5", ".999999"]

AMOUNT = way(FIELDS["amount"], "money")
PRECISE = way(FIELDS["amountPrecise"], "money")
CURRENCY = way(FIELDS["currencyType"], "currency_code")
ODDS = way(FIELDS["probability"], "percent")
CLOSE = way(FIELDS["closeDate"], "date")
CREATED = way(FIELDS["externalCreatedAt"], "datetime")
SCORE = way(PROSPECT_FIELDS["score"], "integer")
BORN = way(PROSPECT_FIELDS["dateOfBirth"], "date")
OWN_NUMBER = way(custom(FieldKind.DECIMAL), "money")
OWN_DATE = way(custom(FieldKind.DATE), "date")
OWN_MOMENT = way(custom(FieldKind.DATETIME), "datetime")
TEXT_OF = {
    conversion: way(FIELDS["custom1"], conversion)
    for conversion in ("integer", "percent", "date", "datetime", "boolean")
}


def half_up(amount: Decimal, places: str) -> Decimal:
    """Rounded as the manual declares it."""
    return amount.quantize(Decimal(places), rounding=ROUND_HALF_UP)


amounts = st.integers(0, 5).flatmap(
    lambda places: st.decimals(1 - 10**11, 10**11 - 1, places=places)
)
currencies = st.sampled_from(["GBP", "EUR", "USD", "JPY"])


def money_text(amount: Decimal, code: str = "GBP", flags: int = 0) -> str:
    """An amount as the source writes it."""
    return f"{amount:f} {code} {flags}"


@quick
@given(amounts, currencies, st.integers(0, 3))
@example(Decimal("0.5"), "GBP", 0)
@example(Decimal("-0.5"), "GBP", 0)
@example(Decimal("-0.00001"), "GBP", 1)
@example(Decimal("-99999999999.99"), "JPY", 3)
@example(Decimal("99999999999.99999"), "EUR", 2)
def test_money_is_rounded_half_up_and_no_further(amount: Decimal, code: str, flags: int) -> None:
    """Whole units in one field, two decimals in the other, every digit in a field of one's own."""
    raw = money_text(amount, code, flags)
    units, precise, own = AMOUNT.sent(raw), PRECISE.sent(raw), OWN_NUMBER.sent(raw)

    assert units == half_up(amount, "1")
    assert isinstance(precise, str)
    assert isinstance(own, str)
    assert Decimal(precise) == half_up(amount, "0.01")
    assert Decimal(own) == amount
    AMOUNT.survives(raw, units, number_spellings(Decimal(str(units))))
    PRECISE.survives(raw, precise, number_spellings(Decimal(precise)))
    OWN_NUMBER.survives(raw, own, number_spellings(Decimal(own)))
    assert CURRENCY.sent(raw) == code
    CURRENCY.survives(raw, code, [f" {code}"])


@quick
@given(st.integers(1 - 2**63, 2**63 - 1))
def test_a_huge_amount_survives_to_the_last_digit(amount: int) -> None:
    """Arithmetic on floats would change the last of nineteen digits."""
    raw = f"{amount}.00 GBP 0"

    assert AMOUNT.sent(raw) == amount
    assert OWN_NUMBER.sent(raw) == str(amount)
    AMOUNT.survives(raw, amount, number_spellings(Decimal(amount)))
    OWN_NUMBER.survives(raw, str(amount), number_spellings(Decimal(amount)))
    if abs(amount) >= 10**12:
        assert "characters long" in PRECISE.refuses(raw)


@quick
@given(st.integers(19, 62), st.sampled_from("+-"))
def test_an_amount_beyond_what_the_target_holds_is_refused(zeros: int, sign: str) -> None:
    """The source takes 63 digits; the target's integers have 64 bits."""
    raw = f"{sign}1{'0' * zeros} GBP 0"

    for beyond in (AMOUNT, PRECISE, OWN_NUMBER):
        beyond.refuses(raw)


@pytest.mark.parametrize("raw", [None, "", " ", "  0", "  3", " GBP 0"])
def test_an_empty_amount_is_blank_and_not_nothing_at_all(raw: Json) -> None:
    """Zero is a price; no price is none (A20)."""
    for blank in (AMOUNT, PRECISE, OWN_NUMBER):
        assert blank.sent(raw) is None
        blank.survives(raw, None, ["", " "])
    assert AMOUNT.sent("0.0 GBP 1") == 0


@pytest.mark.parametrize(
    "raw", ["100.0 !!! 0", " !!! 0", "1.000001 GBP 0", "1,5 GBP 0", "9 GBP 9", "NaN", "ten", [1]]
)
def test_an_amount_that_is_none_is_refused(raw: Json) -> None:
    """A sum of several currencies is no amount, and nothing is guessed."""
    AMOUNT.refuses(raw)
    CURRENCY.refuses(raw)


@quick
@given(st.decimals(0, 100, places=3), st.sampled_from([str, float]))
def test_a_percentage_is_whole_and_half_up(percent: Decimal, kind: type[str] | type[float]) -> None:
    """Whether the source writes it as text or as a number."""
    raw = kind(percent)
    sent = ODDS.sent(raw)

    assert sent == half_up(percent, "1")
    ODDS.survives(raw, sent, number_spellings(Decimal(str(sent))))


@quick
@given(st.one_of(st.integers(max_value=-1), st.integers(101), st.just("12 %"), st.booleans()))
def test_a_percentage_outside_its_range_is_refused(raw: Json) -> None:
    """The target would refuse it, and with it the rest of the record."""
    ODDS.refuses(raw)


@quick
@given(st.integers(-(2**31), 2**31 - 1), st.sampled_from([int, str, float]))
def test_a_whole_number_survives_in_a_number_and_in_a_text(
    number: int, kind: type[int] | type[str] | type[float]
) -> None:
    """Both directions may write it as a number or as its digits."""
    raw = kind(number)
    score, text = SCORE.sent(raw), TEXT_OF["integer"].sent(number)

    assert score == number
    assert text == str(number)
    SCORE.survives(raw, score, number_spellings(Decimal(number)))
    TEXT_OF["integer"].survives(number, text, [number])


dates = st.dates(date(2, 1, 1), date(9998, 12, 30)) | st.sampled_from(DST_DAYS)


def date_texts(day: date) -> list[str]:
    """A date in each form the source may write it in."""
    month = MONTHS[day.month - 1]
    return [f"{day.day:2} {month} {day.year:04}", f"{day.day:02} {month} {day.year:04}", str(day)]


@quick
@given(dates, st.sampled_from(ZONES), st.integers(-12 * 60, 12 * 60 - 1))
def test_a_close_date_keeps_its_day_in_every_zone(day: date, zone: tzinfo, minutes: int) -> None:
    """Noon UTC as we send it; midnight from UTC-12 up to UTC+12 as the web application has it."""
    midnights = [
        datetime.combine(day, time(), zone),
        datetime.combine(day, time(), timezone(timedelta(minutes=minutes))),
    ]
    spellings: list[Json] = [str(day), f"{day}T00:00:00Z", f"{day}T12:00:00+00:00"]
    for midnight in midnights:
        in_utc = midnight.astimezone(UTC).replace(tzinfo=None).isoformat()
        spellings += [midnight.isoformat(), f"{in_utc}.000Z"]

    for raw in date_texts(day):
        sent = CLOSE.sent(raw)
        assert sent == f"{day}T12:00:00.000Z"
        CLOSE.survives(raw, sent, spellings)


@quick
@given(dates)
def test_any_other_date_is_a_bare_day(day: date) -> None:
    """A birthday has no zone; a time that comes back beside it changes nothing."""
    spellings: list[Json] = [str(day), f"{day}T00:00:00", f"{day}T00:00:00.000Z"]
    for raw in date_texts(day):
        for bare in (BORN, OWN_DATE):
            assert bare.sent(raw) == str(day)
            bare.survives(raw, str(day), spellings)
        assert TEXT_OF["date"].sent(raw) == str(day)


@pytest.mark.parametrize("raw", ["31 Feb 2026", "1 Mai 2026", "2026-13-01", "01/02/2026", 5, True])
def test_a_date_that_is_none_is_refused(raw: Json) -> None:
    """A day is never guessed."""
    CLOSE.refuses(raw)
    OWN_DATE.refuses(raw)


moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 # bounds of a strategy
moments |= st.sampled_from(DST_MOMENTS)


@quick
@given(moments, st.sampled_from(ZONES), st.sampled_from(FRACTIONS))
def test_a_moment_is_the_same_second_in_every_zone(
    moment: datetime, zone: tzinfo, fraction: str
) -> None:
    """Both hours of the one that comes twice stay apart; a fraction of a second is dropped."""
    moment = moment.replace(microsecond=0)
    naive = moment.replace(tzinfo=None).isoformat()
    local = moment.astimezone(zone)
    raws: list[Json] = [
        f"{WEEKDAYS[moment.weekday()]} {MONTHS[moment.month - 1]} {moment.day:2}"
        f" {moment:%H:%M:%S} UTC {moment.year:04}",
        f"{naive}{fraction}Z",
        int(moment.timestamp()),
        str(int(moment.timestamp())),
    ]
    spellings: list[Json] = [f"{naive}{fraction}Z", f"{naive}+00:00", local.isoformat()]

    for raw in raws:
        assert CREATED.sent(raw) == f"{naive}.000Z"
        assert OWN_MOMENT.sent(raw) == TEXT_OF["datetime"].sent(raw) == naive
        CREATED.survives(raw, f"{naive}.000Z", spellings)
        OWN_MOMENT.survives(raw, naive, [naive, *spellings])


@pytest.mark.parametrize(
    "raw", ["2026-03-01T10:00:00", "2026-03-01", "Sun Mar  1 25:00:00 UTC 2026", "soon", True, 1e30]
)
def test_a_moment_without_a_zone_or_a_meaning_is_refused(raw: Json) -> None:
    """The source would take it in somebody's zone, and nobody knows whose."""
    CREATED.refuses(raw)
