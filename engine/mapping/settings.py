"""A mapping line as it is written in the configuration, read and checked for its form.

Whether it suits its target field and its columns is found out when lines are composed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TypeVar, cast

from engine.mapping.fields import Constant, Conversion, LineSetting
from engine.model.records import RecordType

TABLES = {
    RecordType.OPPORTUNITY: "mapping.opportunity",
    RecordType.PERSON: "mapping.prospect",
}

FORMS = (
    "a mapping line is a column name, false to leave the field alone, or a table with exactly one"
    ' of from, constant and template: { from = "column" }, { from = ["first", "second"],'
    ' as = "conversion" }, { from = "column", as = "picklist", values = { "source text" ='
    ' "target text" } }, { template = "{first} ({second})" }, { constant = "text" }; all but'
    ' constant also take skip_blank = true and default = "text"'
)

_KEYS = ("from", "as", "values", "constant", "template", "skip_blank", "default")
_CONSTANTS = "a text that is not blank, a number, true or false"

_Kind = TypeVar("_Kind", str, bool)


def read_line(raw: Any) -> LineSetting | None:
    """One line out of TOML; None for a field that is to be left alone.

    Raises:
        ValueError: it has none of the forms; the text says what is wrong and names them.
    """
    if raw is False:
        return None
    try:
        if isinstance(raw, str):
            return LineSetting(_columns(raw))
        if isinstance(raw, Mapping):
            return _table(cast("Mapping[str, Any]", raw))
    except ValueError as error:
        raise ValueError(f"{error}; {FORMS}") from None
    raise ValueError(FORMS)


def _table(table: Mapping[str, Any]) -> LineSetting:
    for key in table:
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, n=1)
            hint = f", did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"unknown key {key!r}{hint}")
    if len(table.keys() & {"from", "constant", "template"}) != 1:
        raise ValueError("there must be exactly one of from, constant and template")
    if "constant" in table:
        if len(table) > 1:
            raise ValueError("a constant stands alone")
        return LineSetting(constant=_constant("constant", table["constant"]))
    conversion = _of_type(str, "as", table.get("as"), "the name of a conversion")
    default = table.get("default")
    return LineSetting(
        columns=_columns(table["from"]) if "from" in table else (),
        conversion=conversion,
        values=_values(table.get("values"), conversion),
        template=_of_type(str, "template", table.get("template"), "a text"),
        skip_blank=_of_type(bool, "skip_blank", table.get("skip_blank"), "true or false") or False,
        default=None if default is None else _constant("default", default),
    )


def _columns(raw: Any) -> tuple[str, ...]:
    columns: list[Any] = cast("list[Any]", raw) if isinstance(raw, list) else [raw]
    if not columns or not all(isinstance(column, str) and column.strip() for column in columns):
        raise ValueError("from must be the name of a column, or a list of names")
    return tuple(column.strip() for column in columns)


def _values(raw: Any, conversion: str | None) -> dict[str, Constant]:
    if (raw is not None) != (conversion == Conversion.PICKLIST):
        raise ValueError('values and as = "picklist" need each other')
    if raw is None:
        return {}
    if not isinstance(raw, Mapping) or not raw:
        raise ValueError('values must be a table such as { "source text" = "target text" }')
    table = cast("Mapping[str, Any]", raw)
    values = {text.strip(): _constant("each of the values", value) for text, value in table.items()}
    if "" in values or len(values) < len(table):
        raise ValueError("the source texts in values must differ, and none may be blank")
    return values


def _constant(key: str, raw: Any) -> Constant:
    if isinstance(raw, float) and math.isfinite(raw):
        return Decimal(str(raw))
    if isinstance(raw, bool | int) or (isinstance(raw, str) and raw.strip()):
        return raw
    raise ValueError(f"{key} must be {_CONSTANTS}")


def _of_type(kind: type[_Kind], key: str, raw: Any, words: str) -> _Kind | None:
    if raw is None or isinstance(raw, kind):
        return raw
    raise ValueError(f"{key} must be {words}")
