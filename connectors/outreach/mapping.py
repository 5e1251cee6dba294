"""Total functions between typed values and the canonical wire form of an opportunity's fields.

`encode` turns a typed value into what we send; `observe` turns what the API returns into the same
form. Both meet in one canonical scalar per value, so that == tells a real difference from another
spelling of the same value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import cast

from connectors.outreach.fields import FIELDS
from engine import FieldKind, Json, Money, Rejected, Scalar, TargetField, Value

# Beyond this no number is an amount or an id; the API's integers are 64 bits wide at most.
NUMBER_MAX = Decimal(2**63 - 1)
ID_DIGITS_MAX = 19
CENT = Decimal("0.01")
# Separator of a custom field that takes several choices (outreach-api §10).
CHOICES_SEPARATOR = ";"
NOON = "T12:00:00.000Z"
# From noon, the last second of the same day; see `_observe_date`.
HALF_A_DAY = timedelta(hours=11, minutes=59, seconds=59)


class _Unfit(ValueError):
    """The value cannot be put into the field; the text says why, without the value."""


def normalised(text: str) -> str | None:
    """Text with LF line ends and no outer whitespace; None when nothing is left."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip() or None


def canonical_datetime(moment: datetime) -> str:
    """UTC, whole seconds, `YYYY-MM-DDTHH:MM:SS.000Z` (outreach-api §1); without a zone it is UTC.

    Raises:
        OverflowError: the moment has no representation in UTC.
    """
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.replace(tzinfo=None, microsecond=0).isoformat() + ".000Z"


def _parse_number(raw: str | int | Decimal) -> Decimal | None:
    try:
        number = Decimal(raw)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) <= NUMBER_MAX else None


def _parse_moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


# --- typed value to canonical form -------------------------------------------------------------


def _number(value: Value) -> Decimal:
    if isinstance(value, Money):
        value = value.amount
    number = None
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        number = _parse_number(value)
    if number is None:
        raise _Unfit("not a number")
    return number


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(rounding=ROUND_HALF_UP))


def _encode_integer(field: TargetField, value: Value) -> Scalar:
    number = _number(value)
    if field.name == "amount":
        return _whole(number)
    if field.name == "probability":
        if not 0 <= number <= 100:
            raise _Unfit("not a percentage between 0 and 100")
        return _whole(number)
    if number != number.to_integral_value():
        raise _Unfit("not a whole number")
    return int(number)


def _encode_decimal(field: TargetField, value: Value) -> Scalar:
    return _fitting(field, _two_decimals(_number(value)))


def _two_decimals(number: Decimal) -> str:
    # Adding zero turns a rounded-away negative into plain 0.00.
    return f"{number.quantize(CENT, rounding=ROUND_HALF_UP) + 0:f}"


def _as_text(value: Value) -> str:
    # bool before int, datetime before date: each is a subclass of the other.
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Money):
        return f"{value.amount:f} {value.code}"
    if isinstance(value, datetime):
        # Custom fields of type date_time take no zone and no fraction (outreach-api §10).
        return canonical_datetime(value).removesuffix(".000Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return CHOICES_SEPARATOR.join(value)
    return "" if value is None else str(value)


def _encode_text(field: TargetField, value: Value) -> Scalar:
    text = normalised(_as_text(value))
    return None if text is None else _fitting(field, text)


def _fitting(field: TargetField, text: str) -> str:
    if field.chars_max is not None and len(text) > field.chars_max:
        raise _Unfit(f"{len(text)} characters long, at most {field.chars_max} are taken")
    return text


def _encode_date(_field: TargetField, value: Value) -> Scalar:
    if isinstance(value, str):
        value = _parse_moment(value)
    if isinstance(value, datetime):
        value = value.date() if value.tzinfo is None else value.astimezone(UTC).date()
    if not isinstance(value, date):
        raise _Unfit("not a date")
    # Noon survives in all zones from UTC-12 to UTC+11 as the same calendar day (§8.1).
    return value.isoformat() + NOON


def _encode_datetime(_field: TargetField, value: Value) -> Scalar:
    if isinstance(value, str):
        value = _parse_moment(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        raise _Unfit("not a date and time")
    return canonical_datetime(value)


def _encode_reference(_field: TargetField, value: Value) -> Scalar:
    if isinstance(value, str | int) and not isinstance(value, bool):
        identifier = _reference_id(value)
        if identifier is not None:
            return identifier
    raise _Unfit("not the id of a record")


def _reference_id(value: str | int) -> int | None:
    if isinstance(value, str):
        digits = value.strip()
        if not digits.isascii() or not digits.isdigit() or len(digits) > ID_DIGITS_MAX:
            return None
        value = int(digits)
    return value if 0 < value <= NUMBER_MAX else None


def _encode_list(_field: TargetField, value: Value) -> Scalar:
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, tuple):
        raise _Unfit("not a list of texts")
    return _as_set(value)


def _as_set(texts: tuple[str, ...]) -> list[str]:
    # Tags are a set in meaning; one fixed order keeps a reordered answer from looking changed.
    return sorted({text for raw in texts if (text := normalised(raw)) is not None})


def _encode_boolean(_field: TargetField, value: Value) -> Scalar:
    if not isinstance(value, bool):
        raise _Unfit("not true or false")
    return value


_ENCODERS: Mapping[FieldKind, Callable[[TargetField, Value], Scalar]] = {
    FieldKind.TEXT: _encode_text,
    FieldKind.INTEGER: _encode_integer,
    FieldKind.DECIMAL: _encode_decimal,
    FieldKind.DATE: _encode_date,
    FieldKind.DATETIME: _encode_datetime,
    FieldKind.BOOLEAN: _encode_boolean,
    FieldKind.LIST: _encode_list,
    FieldKind.USER: _encode_reference,
    FieldKind.STAGE: _encode_reference,
    FieldKind.ACCOUNT: _encode_reference,
}


def encode(field_name: str, value: Value) -> Scalar:
    """A typed value as the canonical scalar that is sent.

    Blank gives None, or [] for a list. `amount` is rounded half up to whole units, `probability`
    half up to whole percent, `amountPrecise` to two decimals; dates become noon UTC.

    Raises:
        Rejected: Outreach would refuse the value for certain; names the field, never the value.
    """
    field = FIELDS.get(field_name)
    if field is None:
        raise _rejected(field_name, "not a field that can be written")
    try:
        encoded = _encode(field, value)
    except _Unfit as error:
        raise _rejected(field_name, str(error)) from None
    except (OverflowError, ValueError) as error:
        raise _rejected(field_name, "outside the range that can be represented") from error
    if field.required and encoded is None:
        raise _rejected(field_name, "must not be blank")
    return encoded


def _encode(field: TargetField, value: Value) -> Scalar:
    if value is None or (isinstance(value, str) and normalised(value) is None):
        return [] if field.kind is FieldKind.LIST else None
    return _ENCODERS[field.kind](field, value)


def _rejected(field_name: str, reason: str) -> Rejected:
    return Rejected(
        f"{field_name}: {reason}", field=field_name, system="outreach", operation="encode"
    )


# --- what the API returns to canonical form ----------------------------------------------------


def _observe_text(raw: Json) -> Scalar:
    if isinstance(raw, str):
        return normalised(raw)
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return json.dumps(raw, sort_keys=True)


def _observe_integer(raw: Json) -> Scalar:
    number = _observed_number(raw)
    if number is None:
        return _observe_text(raw)
    return int(number) if number == number.to_integral_value() else float(number)


def _observe_decimal(raw: Json) -> Scalar:
    number = _observed_number(raw)
    if number is None:
        return _observe_text(raw)
    return _two_decimals(number)


def _observed_number(raw: Json) -> Decimal | None:
    if isinstance(raw, str | int | float) and not isinstance(raw, bool):
        return _parse_number(str(raw) if isinstance(raw, float) else raw)
    return None


def _observe_date(raw: Json) -> Scalar:
    moment = _parse_moment(raw) if isinstance(raw, str) else None
    if moment is None:
        return _observe_text(raw)
    # A close date is a calendar day that travels as an instant: noon UTC when we wrote it, midnight
    # of the user's own zone when it was typed into the web application (outreach-api §8.1). Local
    # midnight of a day lies between noon of the day before (UTC+12, exclusive) and noon of the day
    # itself (UTC-12), so half a day less one second later both spellings are on the day they mean.
    try:
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
        return (moment + HALF_A_DAY).date().isoformat() + NOON
    except OverflowError:
        return _observe_text(raw)


def _observe_datetime(raw: Json) -> Scalar:
    return observed_datetime(raw) or _observe_text(raw)


def observed_datetime(raw: Json) -> str | None:
    """A moment as the API returned it, with any offset and fraction, canonical; else None."""
    moment = _parse_moment(raw) if isinstance(raw, str) else None
    try:
        return None if moment is None else canonical_datetime(moment)
    except OverflowError:
        return None


def _observe_list(raw: Json) -> Scalar:
    if not isinstance(raw, list):
        return _observe_text(raw)
    return _as_set(tuple(str(entry) for entry in cast("list[object]", raw)))


def _observe_reference(raw: Json) -> Scalar:
    """The id out of a to-one relationship object, `{"data": {"type", "id"} | null}` (§2)."""
    if not isinstance(raw, dict):
        return None
    target = cast("dict[str, Json]", raw).get("data")
    if not isinstance(target, dict):
        return None
    identifier = cast("dict[str, Json]", target).get("id")
    if isinstance(identifier, str | int) and not isinstance(identifier, bool):
        return _reference_id(identifier)
    return None


_OBSERVERS: Mapping[FieldKind, Callable[[Json], Scalar]] = {
    FieldKind.TEXT: _observe_text,
    FieldKind.INTEGER: _observe_integer,
    FieldKind.DECIMAL: _observe_decimal,
    FieldKind.DATE: _observe_date,
    FieldKind.DATETIME: _observe_datetime,
    FieldKind.BOOLEAN: lambda raw: raw if isinstance(raw, bool) else _observe_text(raw),
    FieldKind.LIST: _observe_list,
    FieldKind.USER: _observe_reference,
    FieldKind.STAGE: _observe_reference,
    FieldKind.ACCOUNT: _observe_reference,
}


def observe(field_name: str, raw: Json) -> Scalar:
    """A value as the API returned it, in the form `encode` gives; never raises.

    An attribute comes as its bare value, a relationship as its object. What has no canonical form
    is kept as text, so that it differs from whatever we would send.

    Raises:
        KeyError: not a field of ours, a defect of the caller.
    """
    kind = FIELDS[field_name].kind
    if raw is None or (isinstance(raw, str) and normalised(raw) is None):
        return [] if kind is FieldKind.LIST else None
    return _OBSERVERS[kind](raw)
