"""Wire formats: what each Workbooks datatype looks like going out and coming in (§6)."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

from connectors.sandbox.workbooks.dates import parse_day, parse_span

HOME_CURRENCY = "GBP"
_TRUE = frozenset({"true", "t", "on", "1", "yes", "y"})
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STRING_CHARACTERS_MAX = 255
_INTEGER_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Money:
    """A currency value; flags: 0 editable, 1 code fixed, 2 amount fixed, 3 both fixed."""

    amount: Decimal
    code: str = HOME_CURRENCY
    flags: int = 0


# What a row holds: a datetime column holds epoch seconds, an array column a tuple.
Value = bool | int | float | str | Decimal | Money | date | tuple[int | str, ...] | None
# What Python callers may hand over; a datetime is a date to the type system, not to a column.
Incoming = Value | datetime | Sequence[int] | Sequence[str]


@dataclass(frozen=True, slots=True)
class OutputFormats:
    """How one answer is to be written; None stands for the default pattern of §6.1."""

    date_format: str | None = None
    datetime_format: str | None = None
    array_output: Literal["string", "json"] = "string"
    array_quote: str = ""
    epoch_as_number: bool = False
    unset_checkbox_is_null: bool = False


def is_true(text: str) -> bool:
    """Read a boolean as Workbooks does: six words for true, anything else is false (§6.1)."""
    return text.strip().lower() in _TRUE


def from_python(datatype: str, value: Incoming) -> Value:
    """Turn what a Python caller gives into what a row holds; naive datetimes are UTC."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.date() if datatype == "date" else int(aware.timestamp())
    if datatype == "datetime" and isinstance(value, int | float):
        return int(value)
    if datatype == "currency" and isinstance(value, int | Decimal):
        return Money(Decimal(value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(value)
    return value


def to_python(datatype: str, value: Value) -> object:
    """Turn what a row holds into what a Python caller reads: aware datetimes, lists."""
    if datatype == "datetime" and isinstance(value, int):
        return datetime.fromtimestamp(value, UTC)
    if datatype == "boolean":
        return bool(value)
    return list(value) if isinstance(value, tuple) else value


def render(datatype: str, value: Value, formats: OutputFormats) -> object:
    """Write one value as the JSON that Workbooks would answer."""
    if datatype == "datetime" and isinstance(value, int):
        return _render_moment(value, formats)
    if datatype == "currency":
        return _render_money(value)
    if datatype == "boolean":
        return None if value is None and formats.unset_checkbox_is_null else bool(value)
    if isinstance(value, tuple):
        return _render_array(value, formats)
    if isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
        if formats.date_format:
            return _strftime(moment, formats.date_format)
        return f"{value.day:2d} {_MONTHS[value.month - 1]} {value.year}"
    if isinstance(value, Decimal):
        if datatype == "percentage":
            return int(value) if value == int(value) else float(value)
        return str(value)
    return value


def parse(datatype: str, text: str, zone_offset_minutes: int) -> Value:
    """Read one submitted value.

    Raises:
        ValueError: the text is not of this datatype; the message completes "attribute …".
    """
    if datatype == "boolean":
        return is_true(text)
    if text.strip() == "" and datatype not in _TEXTUAL:
        return None
    try:
        if datatype in _READERS:
            return _READERS[datatype](text)
        if datatype == "date":
            return parse_day(text, zone_offset_minutes)
        if datatype == "datetime":
            return parse_span(text, zone_offset_minutes)[0]
    except (ValueError, InvalidOperation) as error:
        raise ValueError("is not valid") from error
    if datatype == "string" and len(text) > _STRING_CHARACTERS_MAX:
        raise ValueError(f"is too long (maximum is {_STRING_CHARACTERS_MAX} characters)")
    return text


def parse_money(text: str) -> Money:
    """Read `<amount> <code> <flags>`; code and flags may be left off (§6.1).

    Raises:
        ValueError, InvalidOperation: not a currency value.
    """
    parts = text.split()
    amount = Decimal(parts[0])
    if not amount.is_finite() or len(parts) > 3:
        raise ValueError(text)
    code = parts[1] if len(parts) > 1 else HOME_CURRENCY
    return Money(amount, code, int(parts[2]) if len(parts) > 2 else 0)


def split_list(text: str) -> list[str]:
    """Elements of `[a, 'b', "c"]`, brackets and quotes optional; blank text is no element."""
    inner = text.strip().removeprefix("[").removesuffix("]").strip()
    return [part.strip().strip("'\"") for part in inner.split(",")] if inner else []


def _parse_integer(text: str) -> int:
    number = int(text)
    if abs(number) > _INTEGER_MAX:
        raise ValueError(text)
    return number


def _parse_decimal(text: str) -> Decimal:
    number = Decimal(text.strip())
    if not number.is_finite():
        raise ValueError(text)
    return number


def _parse_id_array(text: str) -> Value:
    return tuple(int(part) for part in split_list(text))


def _parse_text_array(text: str) -> Value:
    return tuple(split_list(text))


_TEXTUAL = frozenset({"string", "text", "picklist", "id_array", "text_array"})
_READERS = {
    "integer": _parse_integer,
    "percentage": _parse_decimal,
    "decimal": _parse_decimal,
    "currency": parse_money,
    "id_array": _parse_id_array,
    "text_array": _parse_text_array,
}


def _render_moment(moment: int, formats: OutputFormats) -> object:
    if formats.datetime_format == "%s":
        return moment if formats.epoch_as_number else str(moment)
    if formats.datetime_format:
        return _strftime(datetime.fromtimestamp(moment, UTC), formats.datetime_format)
    at = time.gmtime(moment)
    return (
        f"{_DAYS[at.tm_wday]} {_MONTHS[at.tm_mon - 1]} {at.tm_mday:02d} "
        f"{at.tm_hour:02d}:{at.tm_min:02d}:{at.tm_sec:02d} UTC {at.tm_year}"
    )


def _strftime(moment: datetime, pattern: str) -> str:
    """`strftime` in the C locale, with the two directives that not every platform has."""
    words = {
        "%e": f"{moment.day:2d}",
        "%s": str(int(moment.timestamp())),
        "%a": _DAYS[moment.weekday()],
        "%b": _MONTHS[moment.month - 1],
    }
    return moment.strftime(re.sub("%[esab]", lambda found: words[found[0]], pattern))


def _render_money(value: Value) -> str:
    if not isinstance(value, Money):
        return "  0"
    plain = f"{value.amount:f}"
    if "." in plain:
        whole, fraction = plain.split(".")
        plain = f"{whole}.{fraction.rstrip('0') or '0'}"
    else:
        plain = f"{plain}.0"
    return f"{plain} {value.code} {value.flags}"


def _render_array(value: tuple[int | str, ...], formats: OutputFormats) -> object:
    if formats.array_output == "json":
        return list(value)
    quote = formats.array_quote
    parts = (str(part) if isinstance(part, int) else f"{quote}{part}{quote}" for part in value)
    return f"[{', '.join(parts)}]"
