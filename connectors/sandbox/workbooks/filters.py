"""Filters: one `(column, operator, criterion)` triple as a selection of rows (§5).

Readings the reference leaves open: a null is "not equal" to anything and does not contain or begin
with anything, so `ne`, `nct` and `nbg` pass it; it is neither greater nor less, nor between or
outside of bounds.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from connectors.sandbox.workbooks.dates import day_of, parse_day, parse_span
from connectors.sandbox.workbooks.fields import Field, RecordType, Row, nested_name
from connectors.sandbox.workbooks.formats import (
    Money,
    OutputFormats,
    Value,
    is_true,
    parse_money,
    render,
    split_list,
)
from connectors.sandbox.workbooks.knobs import WorkbooksKnobs
from connectors.sandbox.workbooks.refusals import unknown_column, unsuitable
from connectors.sandbox.workbooks.selections import FAR, Selection, Test, everything, within

Ordered = int | Decimal | date
Span = tuple[Ordered, Ordered]

_ORDERED = {"integer", "percentage", "decimal", "currency", "date", "datetime"}
_COMPARISONS = {"eq", "ne", "gt", "ge", "lt", "le", "between", "not_between"}
_TEXT_TESTS = {"eq", "ne", "bg", "nbg", "ct", "nct"}
_TODAY = {"today": "eq", "lt_today": "lt", "le_today": "le", "ge_today": "ge", "gt_today": "gt"}


@dataclass(frozen=True, slots=True)
class FilterContext:
    """What a filter needs besides its triple; `now` is in epoch seconds."""

    knobs: WorkbooksKnobs
    now: int


def compile_filter(
    record_type: RecordType, triple: tuple[str, str, str], context: FilterContext
) -> Selection:
    """Make a selection of one triple.

    Raises:
        Refusal: 406, unknown column (A23), an operator the datatype lacks, or a bad criterion.
    """
    name, operator, criterion = triple
    column = record_type.by_name.get(nested_name(name))
    if column is None:
        if context.knobs.reject_unknown_fields:
            raise unknown_column(record_type, name)
        return everything()
    try:
        made = _compile(column, operator.strip().lower(), criterion, context)
    except (ValueError, InvalidOperation, IndexError) as error:
        raise unsuitable(f"'{criterion}' is not a criterion for {name}") from error
    if made is None:
        raise unsuitable(f"Operator '{operator}' does not apply to {name}")
    return made


def _compile(
    column: Field, operator: str, criterion: str, context: FilterContext
) -> Selection | None:
    if column.datatype == "boolean":
        test = _flag_test(column, operator, criterion, context)
        return Selection(test) if test else None
    if operator in ("blank", "not_blank"):
        return Selection(_blank_test(column, wanted=operator == "blank"))
    if operator in _TODAY and column.datatype in ("date", "datetime"):
        today = day_of(context.now, context.knobs.zone_offset_minutes).isoformat()
        return _compile(column, _TODAY[operator], today, context)
    if column.datatype in _ORDERED:
        return _ordered(column, operator, criterion, context) if operator in _COMPARISONS else None
    if operator in _TEXT_TESTS:
        return Selection(_text_test(column, operator, criterion, context))
    return None


def _flag_test(column: Field, operator: str, criterion: str, context: FilterContext) -> Test | None:
    if operator in ("eq", "ne"):
        wanted = is_true(criterion) == (operator == "eq")
    elif operator in ("true", "false"):
        wanted = operator == "true"
    else:
        return None
    read = column.read
    if wanted:
        return lambda row: read(row) is True
    if context.knobs.false_matches_unset:
        return lambda row: not read(row)
    return lambda row: read(row) is False


def _blank_test(column: Field, *, wanted: bool) -> Test:
    """Null or empty is blank, an empty currency too (A20)."""
    read = column.read
    return lambda row: (read(row) in (None, "", ())) == wanted


def _text_test(column: Field, operator: str, criterion: str, context: FilterContext) -> Test:
    read = _text_reader(column, context)
    fold = str if context.knobs.case_sensitive else str.casefold
    if operator in ("eq", "ne"):
        listed = re.split(r"(?<!\\),", criterion) if operator == "eq" else [criterion]
        wanted = frozenset(fold(part.replace("\\,", ",")) for part in listed)
        return _negated(lambda row: fold(read(row)) in wanted, when=operator == "ne")
    sought = fold(criterion)
    if operator in ("bg", "nbg"):
        return _negated(lambda row: fold(read(row)).startswith(sought), when=operator == "nbg")
    return _negated(lambda row: sought in fold(read(row)), when=operator == "nct")


def _text_reader(column: Field, context: FilterContext) -> Callable[[Row], str]:
    read, formats = column.read, OutputFormats(array_quote=context.knobs.array_quote)

    def text(row: Row) -> str:
        value = read(row)
        return value if isinstance(value, str) else str(render(column.datatype, value, formats))

    def text_or_nothing(row: Row) -> str:
        return "" if read(row) is None else text(row)

    return text_or_nothing


def _negated(test: Test, *, when: bool) -> Test:
    return (lambda row: not test(row)) if when else test


def _ordered(column: Field, operator: str, criterion: str, context: FilterContext) -> Selection:
    spans = _spans(column, operator, criterion, context)
    test = _ordered_test(column, operator, spans)
    if column.name not in ("id", "updated_at"):
        return Selection(test)
    lows = [int(low) for low, _ in spans if isinstance(low, int)]
    highs = [int(high) for _, high in spans if isinstance(high, int)]
    if len(lows) != len(spans) or len(highs) != len(spans):
        return Selection(test)
    made = within(test, column.name, *_limits(operator, lows, highs))
    if column.name == "id" and operator == "eq":
        return Selection(test, frozenset(lows), made.low_box, made.low, made.high_box, made.high)
    return made


def _limits(operator: str, lows: list[int], highs: list[int]) -> tuple[int, int]:
    """The narrowest range that holds every value an operator passes."""
    return {
        "eq": (min(lows), max(highs)),
        "between": (lows[0], highs[-1]),
        "gt": (highs[0] + 1, FAR),
        "ge": (lows[0], FAR),
        "lt": (-FAR, lows[0] - 1),
        "le": (-FAR, highs[0]),
    }.get(operator, (-FAR, FAR))


def _spans(column: Field, operator: str, criterion: str, context: FilterContext) -> list[Span]:
    if operator in ("between", "not_between"):
        # Some write the samples' notation `JSON([a,b])` out in full.
        inner = criterion.strip().removeprefix("JSON(").removesuffix(")")
        spans = [_span(column, part, context) for part in split_list(inner)]
        if len(spans) != 2:
            raise ValueError(criterion)
        return spans
    parts = criterion.split(",") if operator == "eq" else [criterion]
    return [_span(column, part, context) for part in parts]


def _span(column: Field, text: str, context: FilterContext) -> Span:
    zone = context.knobs.zone_offset_minutes
    if column.datatype == "datetime":
        return parse_span(text, zone)
    if column.datatype == "date":
        day = parse_day(text, zone)
        return day, day
    if column.datatype == "currency":
        amount = parse_money(text).amount
        return amount, amount
    if column.datatype == "integer":
        number = int(text)
        return number, number
    decimal = Decimal(text.strip())
    return decimal, decimal


def _comparable(column: Field) -> Callable[[Row], Ordered | None]:
    read = column.read

    def ordered(row: Row) -> Ordered | None:
        value: Value = read(row)
        if isinstance(value, Money):
            return value.amount
        if isinstance(value, float):
            return Decimal(str(value))
        return value if isinstance(value, int | Decimal | date) else None

    return ordered


def _ordered_test(column: Field, operator: str, spans: list[Span]) -> Test:
    """Python compares int with Decimal, and date with date; a column holds only one kind."""
    read = _comparable(column)
    low, high = spans[0][0], spans[-1][1]
    points = frozenset(start for start, end in spans if start == end)
    if operator in ("eq", "ne") and len(points) == len(set(spans)):
        return _negated(lambda row: read(row) in points, when=operator == "ne")
    checks: dict[str, Callable[[Ordered], bool]] = {
        "eq": lambda value: any(_at_least(value, a) and _at_least(b, value) for a, b in spans),
        "gt": lambda value: not _at_least(high, value),
        "ge": lambda value: _at_least(value, low),
        "lt": lambda value: not _at_least(value, low),
        "le": lambda value: _at_least(high, value),
        "between": lambda value: _at_least(value, low) and _at_least(high, value),
        "not_between": lambda value: not (_at_least(value, low) and _at_least(high, value)),
    }
    check = checks["eq" if operator == "ne" else operator]

    def test(row: Row) -> bool:
        value = read(row)
        return value is not None and check(value)

    return _negated(test, when=operator == "ne")


def _at_least(value: Ordered, bound: Ordered) -> bool:
    if isinstance(value, date) or isinstance(bound, date):
        return isinstance(value, date) and isinstance(bound, date) and value >= bound
    return value >= bound
