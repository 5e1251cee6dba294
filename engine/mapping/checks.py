"""What suits what: conversions and constants for target fields, columns for conversions. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches

from engine.mapping.fields import Constant, Conversion
from engine.model.records import FieldKind, TargetField

# Which conversions make sense for each kind of target field; the first is the default.
ALLOWED: Mapping[FieldKind, tuple[Conversion, ...]] = {
    FieldKind.TEXT: (
        Conversion.TEXT,
        Conversion.PICKLIST,
        Conversion.CURRENCY_CODE,
        Conversion.MONEY,
        Conversion.INTEGER,
        Conversion.PERCENT,
        Conversion.DATE,
        Conversion.DATETIME,
        Conversion.BOOLEAN,
        Conversion.LIST,
    ),
    FieldKind.INTEGER: (
        Conversion.INTEGER,
        Conversion.MONEY,
        Conversion.PERCENT,
        Conversion.PICKLIST,
    ),
    FieldKind.DECIMAL: (
        Conversion.MONEY,
        Conversion.INTEGER,
        Conversion.PERCENT,
        Conversion.PICKLIST,
    ),
    FieldKind.DATE: (Conversion.DATE, Conversion.DATETIME),
    FieldKind.DATETIME: (Conversion.DATETIME, Conversion.DATE),
    FieldKind.BOOLEAN: (Conversion.BOOLEAN, Conversion.PICKLIST),
    FieldKind.LIST: (Conversion.LIST, Conversion.TEXT, Conversion.PICKLIST),
    FieldKind.USER: (Conversion.USER, Conversion.PICKLIST),
    FieldKind.STAGE: (Conversion.STAGE, Conversion.PICKLIST),
    FieldKind.ACCOUNT: (Conversion.ACCOUNT,),
}

_NUMBERS = frozenset({Conversion.INTEGER, Conversion.PERCENT})
_AMOUNTS = frozenset({Conversion.MONEY, Conversion.CURRENCY_CODE})
_TIMES = frozenset({Conversion.DATE, Conversion.DATETIME})
_FLAG = frozenset({Conversion.BOOLEAN})

# Conversions that fail for every value of a column's datatype. A datatype that is not here, or a
# pair that only might fail, is left to the value itself.
UNREADABLE: Mapping[str, frozenset[Conversion]] = {
    "boolean": _NUMBERS | _AMOUNTS | _TIMES,
    "currency": _NUMBERS | _TIMES | _FLAG,
    "date": _NUMBERS | _AMOUNTS | _FLAG | {Conversion.DATETIME},
    "datetime": _FLAG | {Conversion.DATE},
    "decimal": frozenset({Conversion.DATE}),
    "float": frozenset({Conversion.DATE}),
    "integer": frozenset({Conversion.DATE}),
}

_RELATED = re.compile(r"\w+\[(.+)\]")


def well_formed(column: str) -> bool:
    """Whether it looks like a column of the record, or of a related one: `queue[owner[name]]`."""
    related = _RELATED.fullmatch(column)
    return re.fullmatch(r"\w+", column) is not None or (
        related is not None and well_formed(related[1])
    )


def nearest(name: str, known: Sequence[str]) -> str:
    """The end of a message that names what was probably meant; empty when nothing is near."""
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def check_constant(target: TargetField, constant: Constant) -> None:
    """Refuse what the target would refuse for every record alike.

    Raises:
        ValueError: the field cannot hold it; the text says what it takes.
    """
    text = shown(constant)
    match target.kind:
        case FieldKind.BOOLEAN if not isinstance(constant, bool):
            raise ValueError(f"it takes true or false, not {text}")
        case FieldKind.INTEGER | FieldKind.DECIMAL if not _numeric(constant):
            raise ValueError(f"it takes a number, not {text}")
        case FieldKind.DATE | FieldKind.DATETIME if not _dated(constant):
            raise ValueError(f'it takes a date such as "2026-01-31", not {text}')
        case FieldKind.USER | FieldKind.STAGE if not isinstance(constant, str):
            raise ValueError(f"it takes a name, not {text}")
        case FieldKind.TEXT if target.choices and str(constant).strip() not in target.choices:
            raise ValueError(f"it takes one of {', '.join(target.choices)}, not {text}")
        case FieldKind.TEXT if len(str(constant)) > (target.chars_max or len(str(constant))):
            raise ValueError(f"it takes at most {target.chars_max} characters")
        case _:
            pass


def _numeric(constant: Constant) -> bool:
    try:
        return not isinstance(constant, bool) and Decimal(constant).is_finite()
    except InvalidOperation:
        return False


def _dated(constant: Constant) -> bool:
    try:
        return isinstance(constant, str) and bool(datetime.fromisoformat(constant.strip()))
    except ValueError:
        return False


def shown(constant: Constant) -> str:
    """As TOML would have it."""
    return str(constant) if isinstance(constant, Decimal) else json.dumps(constant)
