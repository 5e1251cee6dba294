"""Single values between their wire form and a Python type (workbooks-api §6).

Reading is strict: a form the reference does not name is Malformed, never guessed. Month and
weekday names are spelled out here because the wire is English whatever the host's locale is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import cast

from engine import Json, Kind, Malformed, Money, Value, excerpt, made_whole

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

TRUE_TEXTS = frozenset({"true", "t", "on", "1", "yes", "y"})
FALSE_TEXTS = frozenset({"false", "f", "off", "0", "no", "n"})

# The service's own bounds of a currency amount (§6.1).
AMOUNT_DIGITS_MAX = 63
AMOUNT_DECIMALS_MAX = 5
MIXED_CURRENCIES = "!!!"

# Enough of a foreign value to recognise it, too little to carry a record's content into a log.
FOUND_CHARS_MAX = 80

_INTEGER = re.compile(r"[+-]?[0-9]{1,1000}")
# The exponent is bounded because 1e999999999 would expand to a gigabyte further on.
_DECIMAL = re.compile(r"[+-]?[0-9]{1,1000}(?:\.[0-9]{1,1000})?(?:[eE][+-]?[0-9]{1,3})?")
_AMOUNT = re.compile(r"[+-]?([0-9]+)(?:\.([0-9]+))?")
_CURRENCY = re.compile(r"(?:[A-Z]{3})?")
_QUOTED = re.compile(r"(?P<quote>['\"])(?P<text>.*?)(?P=quote)\s*(?:(?P<more>,)\s*|$)", re.DOTALL)
_FLAGS = re.compile(r"[0-3]")
_DATE = re.compile(rf" ?([0-9]{{1,2}}) ({'|'.join(MONTHS)}) ([0-9]{{4}})")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MOMENT = re.compile(
    rf"(?:{'|'.join(WEEKDAYS)}) ({'|'.join(MONTHS)}) ([ 0-9][0-9])"
    r" ([0-9]{2}):([0-9]{2}):([0-9]{2}) UTC ([0-9]{4})"
)
_ISO_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


def parse(raw: Json, kind: Kind) -> Value:
    """Read a column's raw JSON value as `kind`.

    Blank gives None, except for a list, where it gives the empty tuple.

    Raises:
        Malformed: the value does not have that form; the text quotes what was found.
    """
    return READERS[kind](raw)


def utc_text(unix_s: int) -> str:
    """A moment in the service's default form, `Sun Mar 09 12:09:12 UTC 2025` (§6.1)."""
    moment = datetime.fromtimestamp(unix_s, UTC)
    weekday, month = WEEKDAYS[moment.weekday()], MONTHS[moment.month - 1]
    return f"{weekday} {month} {moment:%d %H:%M:%S} UTC {moment.year:04d}"


def whole(raw: Json) -> int | None:
    """An integer from a JSON number or decimal text; None for anything else."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw
    if isinstance(raw, str) and _INTEGER.fullmatch(raw):
        return int(raw)
    return None


def text(raw: Json) -> str | None:
    """Text as it stands; a number or a boolean becomes text; None when blank."""
    if raw is None:
        return None
    if isinstance(raw, str):
        return raw if raw.strip() else None
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float):
        return str(raw)
    raise _malformed("text", raw)


def number(raw: Json) -> int | Decimal | None:
    """An int when the wire shows an integer, else a Decimal: nothing is rounded (§6.1)."""
    if _blank(raw):
        return None
    written = repr(raw) if isinstance(raw, float) else raw
    found = whole(written)
    if found is not None:
        return found
    if isinstance(written, str) and _DECIMAL.fullmatch(written):
        return Decimal(written)
    raise _malformed("a number", raw)


def money(raw: Json) -> Money | None:
    """A currency text `<amount> <code> <flags>`; without an amount it is blank (§6.1, A20)."""
    if _blank(raw):
        return None
    found = number(raw) if not isinstance(raw, str) else None
    amount, code, flags = (
        (str(found), "", "0") if found is not None else _currency_parts(cast(str, raw))
    )
    if code == MIXED_CURRENCIES:
        raise Malformed(f"the amount mixes currencies, so it is no sum: {_found(raw)}")
    if not _FLAGS.fullmatch(flags) or not _CURRENCY.fullmatch(code):
        raise _malformed("a currency amount", raw)
    if not amount:
        return None
    shape = _AMOUNT.fullmatch(amount)
    if shape is None:
        raise _malformed("a currency amount", raw)
    units, decimals = shape.group(1), shape.group(2) or ""
    if len(units) + len(decimals) > AMOUNT_DIGITS_MAX or len(decimals) > AMOUNT_DECIMALS_MAX:
        raise _malformed(
            f"an amount of at most {AMOUNT_DIGITS_MAX} digits"
            f" and {AMOUNT_DECIMALS_MAX} decimal places",
            raw,
        )
    return Money(Decimal(amount), code)


def day(raw: Json) -> date | None:
    """A date: `22 May 2009`, space-padded ` 2 May 2010`, or ISO `2018-01-31` (§6.1)."""
    if _blank(raw):
        return None
    if isinstance(raw, str):
        try:
            if shown := _DATE.fullmatch(raw):
                return date(int(shown[3]), MONTHS.index(shown[2]) + 1, int(shown[1]))
            if iso := _ISO_DATE.fullmatch(raw):
                return date(int(iso[1]), int(iso[2]), int(iso[3]))
        except ValueError as error:
            raise _malformed("a date", raw) from error
    raise _malformed("a date", raw)


def moment(raw: Json) -> datetime | None:
    """A UTC datetime: epoch seconds, the default form, or ISO 8601 with a zone (§6.1, §6.2)."""
    if _blank(raw):
        return None
    try:
        seconds = int(raw) if isinstance(raw, float) and raw.is_integer() else whole(raw)
        if seconds is not None:
            return datetime.fromtimestamp(seconds, UTC)
        if isinstance(raw, str):
            if shown := _MOMENT.fullmatch(raw):
                month, days, hours, minutes, secs, year = shown.groups()
                calendar = int(year), MONTHS.index(month) + 1, int(days)
                return datetime(*calendar, int(hours), int(minutes), int(secs), tzinfo=UTC)
            if _ISO_MOMENT.fullmatch(raw):
                return datetime.fromisoformat(raw).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise _malformed("a UTC date and time", raw) from error
    raise _malformed("a UTC date and time", raw)


def boolean(raw: Json) -> bool | None:
    """A checkbox: JSON true and false, and the texts the service takes for them (§6.1)."""
    if _blank(raw):
        return None
    if isinstance(raw, bool):
        return raw
    word = str(raw).lower() if isinstance(raw, str | int) else ""
    if word in TRUE_TEXTS:
        return True
    if word in FALSE_TEXTS:
        return False
    raise _malformed("true or false", raw)


def items(raw: Json) -> tuple[str, ...]:
    """An array as text `[1, 2]`, quoted or not, as a JSON list, or `a, b` (§6.1, A4).

    Empty elements stay, since parallel arrays are matched by position.
    """
    if _blank(raw):
        return ()
    if isinstance(raw, list):
        return tuple(_element(element, raw) for element in cast(list[Json], raw))
    if not isinstance(raw, str):
        raise _malformed("an array", raw)
    found = raw.strip()
    if found == "[]":
        return ()
    if found.startswith("[") != found.endswith("]"):
        raise _malformed("an array", raw)
    if not found.startswith("["):
        return _quoted(found) or tuple(part.strip() for part in found.split(","))
    return _quoted_json(found) or _quoted(found[1:-1]) or _split(found[1:-1])


READERS: dict[Kind, Callable[[Json], Value]] = {
    Kind.TEXT: text,
    Kind.NUMBER: number,
    Kind.MONEY: money,
    Kind.DATE: day,
    Kind.DATETIME: moment,
    Kind.BOOLEAN: boolean,
    Kind.LIST: items,
}


def _currency_parts(raw: str) -> tuple[str, str, str]:
    parts = raw.split(" ")
    if len(parts) > 3:
        raise _malformed("a currency amount", raw)
    # Flags may be left off, and the code with them (§6.1).
    amount, code, flags = (*parts, *("", "0")[len(parts) - 1 :])
    return amount, code, flags


def _split(inside: str) -> tuple[str, ...]:
    if not inside.strip():
        return ()
    return tuple(_unquoted(part.strip()) for part in inside.split(","))


def _quoted(inside: str) -> tuple[str, ...] | None:
    """The members where each stands in quotes, so that a comma may be in one; otherwise None.

    A quote ends a member only before a comma or the end, so that an apostrophe may be in one too.
    """
    found: list[str] = []
    rest = inside.strip()
    while member := _QUOTED.match(rest):
        found.append(member.group("text"))
        rest = rest[member.end() :]
        if not member.group("more"):
            return tuple(found) if not rest else None
    return None


def _unquoted(part: str) -> str:
    if len(part) > 1 and part[0] == part[-1] and part[0] in "'\"":
        return part[1:-1]
    return part


def _quoted_json(found: str) -> tuple[str, ...] | None:
    # Only a list of JSON strings is read as JSON: its escapes would survive a plain split, while
    # JSON numbers would lose leading zeros.
    try:
        # The answer was put right as a whole, where this was a text like any other.
        decoded = json.loads(made_whole(found.encode(errors="surrogatepass")))
    except (ValueError, RecursionError):
        return None
    elements = cast(list[Json], decoded)
    return tuple(elements) if all(isinstance(element, str) for element in elements) else None


def _element(element: Json, raw: Json) -> str:
    if element is None:
        return ""
    if isinstance(element, bool) or not isinstance(element, str | int):
        raise _malformed("an array of texts or integers", raw)
    return str(element)


def _blank(raw: Json) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


def _found(raw: Json) -> str:
    shown = excerpt(repr(raw))
    return shown if len(shown) <= FOUND_CHARS_MAX else shown[: FOUND_CHARS_MAX - 1] + "…"


def _malformed(expected: str, raw: Json) -> Malformed:
    return Malformed(f"expected {expected}, found {_found(raw)}")
