"""What the API returns to the canonical form that would be sent; nothing here ever raises.

A value that has no canonical form is kept as text, so that it differs from whatever we would send.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, timedelta
from types import MappingProxyType
from typing import cast

from connectors.outreach.custom_texts import FORMS, date_text
from connectors.outreach.fields import CLOSE_DATE, PRECISE_AMOUNT
from connectors.outreach.spelling import (
    NOON,
    Unfit,
    as_set,
    normalised,
    observed_datetime,
    parse_moment,
    parse_number,
    reference_id,
    two_decimals,
)
from engine import FieldKind, Json, Scalar, TargetField

# From noon, the last second of the same day; see `_observe_close_date`.
HALF_A_DAY = timedelta(hours=11, minutes=59, seconds=59)


def observe_as_text(field: TargetField, raw: Json) -> Scalar:
    """A custom field that is more than free text, in the spelling `encode` gives it."""
    try:
        spelled = FORMS[field.kind](field, raw)
    except (OverflowError, Unfit):
        spelled = None
    return _observe_text(field, raw) if spelled is None else spelled or None


def _observe_text(_field: TargetField, raw: Json) -> Scalar:
    if isinstance(raw, str):
        return normalised(raw)
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return json.dumps(raw, sort_keys=True)


def _observe_integer(field: TargetField, raw: Json) -> Scalar:
    number = parse_number(raw)
    if number is None:
        return _observe_text(field, raw)
    return int(number) if number == number.to_integral_value() else float(number)


def _observe_decimal(field: TargetField, raw: Json) -> Scalar:
    number = parse_number(raw)
    if number is None:
        return _observe_text(field, raw)
    return two_decimals(number) if field.name == PRECISE_AMOUNT else float(number)


def _observe_date(field: TargetField, raw: Json) -> Scalar:
    if not isinstance(raw, str):
        return _observe_text(field, raw)
    day = _close_date(raw) if field.name == CLOSE_DATE else date_text(field, raw)
    return day or _observe_text(field, raw)


def _close_date(raw: str) -> str | None:
    moment = parse_moment(raw)
    if moment is None:
        return None
    # A close date is a calendar day that travels as an instant: noon UTC when we wrote it, midnight
    # of the user's own zone when it was typed into the web application (outreach-api §8.1). Local
    # midnight of a day lies between noon of the day before (UTC+12, exclusive) and noon of the day
    # itself (UTC-12), so half a day less one second later both spellings are on the day they mean.
    try:
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
        return (moment + HALF_A_DAY).date().isoformat() + NOON
    except OverflowError:
        return None


def _observe_datetime(field: TargetField, raw: Json) -> Scalar:
    return observed_datetime(raw) or _observe_text(field, raw)


def _observe_boolean(field: TargetField, raw: Json) -> Scalar:
    return raw if isinstance(raw, bool) else _observe_text(field, raw)


def _observe_list(field: TargetField, raw: Json) -> Scalar:
    if not isinstance(raw, list):
        return _observe_text(field, raw)
    return as_set(str(entry) for entry in cast("list[object]", raw))


def linked_id(raw: Json) -> int | None:
    """The id out of a to-one relationship object, `{"data": {"type", "id"} | null}` (§2)."""
    if not isinstance(raw, dict):
        return None
    target = cast("dict[str, Json]", raw).get("data")
    if not isinstance(target, dict):
        return None
    identifier = cast("dict[str, Json]", target).get("id")
    if isinstance(identifier, str | int) and not isinstance(identifier, bool):
        return reference_id(identifier)
    return None


def _observe_reference(_field: TargetField, raw: Json) -> Scalar:
    return linked_id(raw)


OBSERVERS: Mapping[FieldKind, Callable[[TargetField, Json], Scalar]] = MappingProxyType(
    {
        FieldKind.TEXT: _observe_text,
        FieldKind.INTEGER: _observe_integer,
        FieldKind.DECIMAL: _observe_decimal,
        FieldKind.DATE: _observe_date,
        FieldKind.DATETIME: _observe_datetime,
        FieldKind.BOOLEAN: _observe_boolean,
        FieldKind.LIST: _observe_list,
        FieldKind.USER: _observe_reference,
        FieldKind.STAGE: _observe_reference,
        FieldKind.ACCOUNT: _observe_reference,
    }
)
