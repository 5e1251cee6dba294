"""Spellings both directions of the mapping share: numbers, moments, texts, ids.

Everything here takes a value of either side and gives its canonical spelling, or None when the
value has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from engine import Json, id_of

# Beyond this no number is an amount; the API's integers are 64 bits wide at most.
NUMBER_MAX = Decimal(2**63 - 1)
# Written without an exponent, a number of more places would fill memory before it is refused.
PLACES_MAX = 65_535
CENT = Decimal("0.01")
# Separator of a custom field that takes several choices (outreach-api §10).
CHOICES_SEPARATOR = ";"
# A close date travels as an instant: noon survives in all zones from UTC-12 to UTC+11 as the same
# calendar day (outreach-api §8.1).
NOON = "T12:00:00.000Z"


class Unfit(ValueError):
    """The value cannot be put into the field; the text says why, without the value."""


class TooLong(Unfit):
    """A text of more characters than are taken: `length` and `most`, in characters."""

    def __init__(self, length: int, most: int) -> None:
        super().__init__(f"{length} characters long, at most {most} are taken")
        self.length = length
        self.most = most


def normalised(text: str) -> str | None:
    """Text with LF line ends and no outer whitespace; None when nothing is left."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip() or None


def as_set(texts: Iterable[str]) -> list[str]:
    """A list that is a set in meaning: no blanks, no repeats, in one fixed order."""
    return sorted({text for raw in texts if (text := normalised(raw)) is not None})


def canonical_datetime(moment: datetime) -> str:
    """UTC, whole seconds, `YYYY-MM-DDTHH:MM:SS.000Z` (outreach-api §1); without a zone it is UTC.

    Raises:
        OverflowError: the moment has no representation in UTC.
    """
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.replace(tzinfo=None, microsecond=0).isoformat() + ".000Z"


def zoneless(moment: datetime) -> str:
    """UTC, whole seconds, `YYYY-MM-DDThh:mm:ss`: how a custom field holds it (outreach-api §10).

    Raises:
        OverflowError: the moment has no representation in UTC.
    """
    return canonical_datetime(moment).removesuffix(".000Z")


def parse_moment(text: str) -> datetime | None:
    """A moment or a day in ISO 8601; a day alone is its midnight, without a zone."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def to_moment(value: Json) -> datetime | None:
    """A moment out of a text, a day (its midnight in UTC) or a moment."""
    if isinstance(value, str):
        value = parse_moment(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value if isinstance(value, datetime) else None


def observed_datetime(raw: Json) -> str | None:
    """A moment as the API returned it, with any offset and fraction, canonical; else None."""
    moment = parse_moment(raw) if isinstance(raw, str) else None
    try:
        return None if moment is None else canonical_datetime(moment)
    except OverflowError:
        return None


def parse_number(raw: Json) -> Decimal | None:
    """A number out of any type that holds one, within NUMBER_MAX; None for anything else."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        return None
    try:
        # A float by way of its shortest text, which is the number that was written.
        number = Decimal(str(raw) if isinstance(raw, float) else raw)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) <= NUMBER_MAX else None


def whole(number: Decimal) -> int:
    """Rounded half up, away from zero, to a whole number."""
    return int(number.to_integral_value(rounding=ROUND_HALF_UP))


def two_decimals(number: Decimal) -> str:
    """Rounded half up to two decimals."""
    # Adding zero turns a rounded-away negative into plain 0.00.
    return f"{number.quantize(CENT, rounding=ROUND_HALF_UP) + 0:f}"


def plain(number: Decimal) -> str:
    """Every digit as it stands, without an exponent.

    Raises:
        Unfit: more places than anything could hold.
    """
    if number.is_finite() and abs(number.adjusted()) > PLACES_MAX:
        raise Unfit("outside the range that can be represented")
    return f"{number:f}"


def shortest(number: Decimal) -> str:
    """Plain, without trailing zeros; zero has no sign.

    Raises:
        Unfit: more places than anything could hold.
    """
    if not number:
        return "0"
    text = plain(number)
    return text.rstrip("0").rstrip(".") if "." in text else text


def reference_id(value: str | int) -> int | None:
    """A positive id, from a number or its digits."""
    return id_of(str(value).strip())
