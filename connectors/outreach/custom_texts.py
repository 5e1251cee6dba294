"""Values of custom fields: always text on the wire, and one spelling for each (outreach-api §10).

Each function takes a typed value or whatever the API returned, since both are to end in the same
text; what has no canonical spelling gives None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import cast

from connectors.outreach.spelling import (
    CHOICES_SEPARATOR,
    normalised,
    parse_moment,
    parse_number,
    shortest,
    to_moment,
    zoneless,
)
from engine import FieldKind, Json, Money, TargetField

_BOOLEANS: Mapping[str | int, str] = MappingProxyType(
    {"true": "true", "1": "true", 1: "true", "false": "false", "0": "false", 0: "false"}
)


def boolean_text(_field: TargetField, raw: Json) -> str | None:
    """`true` or `false`, out of any letter case and out of 1 and 0."""
    if isinstance(raw, str):
        return _BOOLEANS.get(raw.strip().casefold())
    return _BOOLEANS.get(raw) if isinstance(raw, int) else None


def number_text(_field: TargetField, raw: Json) -> str | None:
    """The shortest plain decimal; of money the amount, since the field has its own currency.

    Raises:
        Unfit: more places than anything could hold.
    """
    number = parse_number(raw.amount if isinstance(raw, Money) else raw)
    return None if number is None else shortest(number)


def date_text(_field: TargetField, raw: Json) -> str | None:
    """`YYYY-MM-DD`; a text that has a time as well means the day it names."""
    if isinstance(raw, str):
        moment = parse_moment(raw)
        return None if moment is None else moment.date().isoformat()
    if isinstance(raw, datetime):
        raw = raw.date() if raw.tzinfo is None else raw.astimezone(UTC).date()
    return raw.isoformat() if isinstance(raw, date) else None


def moment_text(_field: TargetField, raw: Json) -> str | None:
    """`YYYY-MM-DDThh:mm:ss` in UTC; without a zone it is UTC already.

    Raises:
        OverflowError: the moment has no representation in UTC.
    """
    moment = to_moment(raw)
    return None if moment is None else zoneless(moment)


def choices_text(field: TargetField, raw: Json) -> str | None:
    """The members in the order of the field's choices, those that are none of them behind."""
    members = members_of(field, raw)
    if members is None:
        return None
    rank = {choice: number for number, choice in enumerate(field.choices)}
    ordered = sorted(members, key=lambda member: (rank.get(member, len(rank)), member))
    return CHOICES_SEPARATOR.join(ordered)


def members_of(field: TargetField, raw: Json) -> set[str] | None:
    """The members of a field that takes several choices; a text that is itself a choice is one."""
    if isinstance(raw, str):
        whole = normalised(raw)
        parts = [whole] if whole in field.choices else raw.split(CHOICES_SEPARATOR)
        return _present(parts)
    if isinstance(raw, tuple | list):
        return _present(cast("Iterable[object]", raw))
    return None


def _present(members: Iterable[object]) -> set[str]:
    return {text for member in members if (text := normalised(str(member))) is not None}


FORMS: Mapping[FieldKind, Callable[[TargetField, Json], str | None]] = MappingProxyType(
    {
        FieldKind.BOOLEAN: boolean_text,
        FieldKind.DECIMAL: number_text,
        FieldKind.DATE: date_text,
        FieldKind.DATETIME: moment_text,
        FieldKind.LIST: choices_text,
    }
)
"""The spelling of each kind of custom field that is more than free text."""
