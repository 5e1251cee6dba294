"""Typed values to the canonical form that is sent, one function for each kind of field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType

from connectors.outreach.custom_texts import FORMS, members_of
from connectors.outreach.fields import CLOSE_DATE, EMAILS, PRECISE_AMOUNT
from connectors.outreach.spelling import (
    CHOICES_SEPARATOR,
    NOON,
    TooLong,
    Unfit,
    as_set,
    canonical_datetime,
    normalised,
    parse_moment,
    parse_number,
    plain,
    reference_id,
    to_moment,
    two_decimals,
    whole,
    zoneless,
)
from engine import FieldKind, Money, Scalar, TargetField, Value

_NO_NUMBER = "not a number, or one that is too large"
_NEEDED = MappingProxyType(
    {
        FieldKind.BOOLEAN: "not true or false",
        FieldKind.DECIMAL: _NO_NUMBER,
        FieldKind.DATE: "not a date",
        FieldKind.DATETIME: "not a date and time",
        FieldKind.LIST: "not a list of texts",
    }
)


def encode_as_text(field: TargetField, value: Value) -> Scalar:
    """A custom field that is more than free text (outreach-api §10)."""
    spelled = FORMS[field.kind](field, value)
    if spelled is None:
        raise Unfit(_NEEDED[field.kind])
    if field.choices and (members_of(field, value) or set()) - set(field.choices):
        raise Unfit("not among the choices the field offers")
    return _fitting(field, spelled) if spelled else None


def _number(value: Value) -> Decimal:
    number = parse_number(value.amount if isinstance(value, Money) else value)
    if number is None:
        raise Unfit(_NO_NUMBER)
    return number


def _encode_integer(field: TargetField, value: Value) -> Scalar:
    number = _number(value)
    if field.name == "amount":
        return whole(number)
    if field.name == "probability":
        if not 0 <= number <= 100:
            raise Unfit("not a percentage between 0 and 100")
        return whole(number)
    if number != number.to_integral_value():
        raise Unfit("not a whole number")
    return int(number)


def _encode_decimal(field: TargetField, value: Value) -> Scalar:
    number = _number(value)
    if field.name == PRECISE_AMOUNT:
        return _fitting(field, two_decimals(number))
    return float(number)


def _as_text(value: Value) -> str:
    # bool before int, datetime before date: each is a subclass of the other.
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Money):
        return f"{plain(value.amount)} {value.code}"
    if isinstance(value, datetime):
        return zoneless(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return CHOICES_SEPARATOR.join(value)
    return "" if value is None else str(value)


def _encode_text(field: TargetField, value: Value) -> Scalar:
    text = normalised(_as_text(value))
    if text is None:
        return None
    if field.choices and text not in field.choices:
        raise Unfit("not among the choices the field offers")
    return _fitting(field, text)


def _fitting(field: TargetField, text: str) -> str:
    if field.chars_max is not None and len(text) > field.chars_max:
        raise TooLong(len(text), field.chars_max)
    return text


def _encode_date(field: TargetField, value: Value) -> Scalar:
    if isinstance(value, str):
        value = parse_moment(value)
    if isinstance(value, datetime):
        value = value.date() if value.tzinfo is None else value.astimezone(UTC).date()
    if not isinstance(value, date):
        raise Unfit("not a date")
    return value.isoformat() + (NOON if field.name == CLOSE_DATE else "")


def _encode_datetime(_field: TargetField, value: Value) -> Scalar:
    moment = to_moment(value)
    if moment is None:
        raise Unfit("not a date and time")
    return canonical_datetime(moment)


def _encode_reference(_field: TargetField, value: Value) -> Scalar:
    if isinstance(value, str | int) and not isinstance(value, bool):
        identifier = reference_id(value)
        if identifier is not None:
            return identifier
    raise Unfit("not the id of a record")


def _encode_list(field: TargetField, value: Value) -> Scalar:
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, tuple):
        raise Unfit("not a list of texts")
    members = [_fitting(field, text) for text in as_set(value)]
    return _addresses(members) if field.name == EMAILS else members


def _addresses(members: list[str]) -> list[str]:
    for address in members:
        local, _, domain = address.partition("@")
        if not local or not domain or "@" in domain or len(address.split()) != 1:
            raise Unfit("not an e-mail address")
    # Two spellings of one address would be refused as a repeat of each other.
    return sorted({address.lower(): address for address in reversed(members)}.values())


def _encode_boolean(_field: TargetField, value: Value) -> Scalar:
    if not isinstance(value, bool):
        raise Unfit("not true or false")
    return value


ENCODERS: Mapping[FieldKind, Callable[[TargetField, Value], Scalar]] = MappingProxyType(
    {
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
)
