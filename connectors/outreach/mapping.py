"""Total functions between typed values and the canonical wire form of a record's fields.

`encode` turns a typed value into what we send; `observe` turns what the API returns into the same
form. Both meet in one canonical scalar per value, so that == tells a real difference from another
spelling of the same value.
"""

from __future__ import annotations

from connectors.outreach.custom_texts import FORMS
from connectors.outreach.encoding import ENCODERS, encode_as_text
from connectors.outreach.observing import OBSERVERS, observe_as_text
from connectors.outreach.spelling import TooLong, Unfit
from engine import Code, FieldKind, Json, Reason, Rejected, Scalar, TargetField, Value, because


def encode(field: TargetField, value: Value) -> Scalar:
    """A typed value as the canonical scalar that is sent.

    Blank gives None, or [] for a list. `amount` is rounded half up to whole units, `probability`
    half up to whole percent, `amountPrecise` to two decimals; `closeDate` becomes noon UTC and
    every other date a bare day. Custom fields are text whatever they hold (outreach-api §10).

    Raises:
        Rejected: Outreach would refuse the value for certain; names the field, never the value.
    """
    try:
        encoded = _blank(field) if _is_blank(value) else _encode(field, value)
    except TooLong as error:
        raise too_long(field.name, field.title, error) from None
    except Unfit as error:
        raise _unfit(field, str(error)) from None
    except (OverflowError, ValueError) as error:
        raise _unfit(field, "outside the range that can be represented") from error
    if field.required and encoded in (None, []):
        raise _rejected(field.name, because(Code.VALUE_REQUIRED, field=field.title))
    return encoded


def observe(field: TargetField, raw: Json) -> Scalar:
    """A value as the API returned it, in the form `encode` gives; never raises.

    An attribute comes as its bare value, a relationship as its object. What has no canonical form
    is kept as text, so that it differs from whatever we would send.
    """
    if _is_blank(raw):
        return _blank(field)
    if _has_form(field):
        return observe_as_text(field, raw)
    return OBSERVERS[field.kind](field, raw)


def _encode(field: TargetField, value: Value) -> Scalar:
    return encode_as_text(field, value) if _has_form(field) else ENCODERS[field.kind](field, value)


def _has_form(field: TargetField) -> bool:
    return field.as_text and field.kind in FORMS


def _is_blank(value: Json) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _blank(field: TargetField) -> Scalar:
    return [] if field.kind is FieldKind.LIST and not field.as_text else None


def too_long(name: str, title: str, error: TooLong, operation: str = "encode") -> Rejected:
    """The refusal of a text that is too long for the field of that name."""
    reason = because(Code.VALUE_TOO_LONG, field=title, length=error.length, most=error.most)
    return _rejected(name, reason, operation)


def _unfit(field: TargetField, detail: str) -> Rejected:
    return _rejected(field.name, because(Code.VALUE_UNFIT, field=field.title, detail=detail))


def _rejected(name: str, reason: Reason, operation: str = "encode") -> Rejected:
    return Rejected(reason, field=name, system="outreach", operation=operation)
