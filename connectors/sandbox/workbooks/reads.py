"""Reading records: filters, order, page, columns (workbooks-api §4, §5, §8)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import cast

from connectors.sandbox.workbooks.expressions import combine
from connectors.sandbox.workbooks.fields import Field, Row, nested_name
from connectors.sandbox.workbooks.filters import FilterContext, compile_filter
from connectors.sandbox.workbooks.formats import Money, OutputFormats, Value, render
from connectors.sandbox.workbooks.params import Params, json_text
from connectors.sandbox.workbooks.refusals import unknown_column, unsuitable
from connectors.sandbox.workbooks.selections import FAR, Selection, Test
from connectors.sandbox.workbooks.tables import Table, time_place
from connectors.sandbox.workbooks.world import WorkbooksWorld

_DEFAULT_LIMIT = 100
Triple = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class SortKey:
    """One column to sort by."""

    column: Field
    descending: bool


def read_page(
    world: WorkbooksWorld, table: Table, params: Params, formats: OutputFormats
) -> dict[str, object]:
    """Answer a read with its envelope.

    Raises:
        Refusal: 406, a filter, sort or page parameter that cannot be used.
    """
    selection, names_deleted = select(world, table, params)
    rows = _matching(world, table, selection, _sort_keys(world, table, params), names_deleted)
    start, limit = _window(params, world.knobs.page_rows_max)
    if params.flag("_skip_total_rows", "__skip_total_rows"):
        page = list(islice(rows, start, start + limit))
        total = len(page)
    else:
        found = list(rows)
        page, total = found[start : start + limit], len(found)
    columns = _columns(table, params)
    shown = [_render_row(row, columns, formats) for row in page]
    return {"success": True, "total": total, "flash": "", "updates": {}, "data": shown}


def _render_row(row: Row, columns: list[Field], formats: OutputFormats) -> dict[str, object]:
    return {one.name: render(one.datatype, one.read(row), formats) for one in columns}


def select(world: WorkbooksWorld, table: Table, params: Params) -> tuple[Selection, bool]:
    """The rows the filters ask for, and whether a filter names `is_deleted` (§8).

    Raises:
        Refusal: 406.
    """
    triples = filter_triples(params)
    context = FilterContext(world.knobs, table.now())
    filters = [compile_filter(table.type, triple, context) for triple in triples]
    selection = combine(params.text("_fm") or "", filters)
    return selection, any(nested_name(name) == "is_deleted" for name, _, _ in triples)


def filter_triples(params: Params) -> list[Triple]:
    """The filters in order, from the three arrays or from `_filter_json` (§4).

    Raises:
        Refusal: 406, arrays of different length, or JSON of another shape.
    """
    packed = params.text("_filter_json")
    if packed is not None:
        return [*_unpacked(packed)]
    fields, operators, criteria = (params.every(name) for name in ("_ff", "_ft", "_fc"))
    if not len(fields) == len(operators) == len(criteria):
        raise unsuitable("_ff[], _ft[] and _fc[] must be of the same length")
    return list(zip(fields, operators, criteria, strict=True))


def _unpacked(packed: str) -> Iterator[Triple]:
    try:
        read: object = json.loads(packed)
    except ValueError as error:
        raise unsuitable("_filter_json is not JSON") from error
    for triple in cast("list[object]", read) if isinstance(read, list) else [read]:
        parts = cast("list[object]", triple) if isinstance(triple, list) else []
        if len(parts) not in (2, 3):
            raise unsuitable("_filter_json must hold [field, operator, criterion] triples")
        yield str(parts[0]), str(parts[1]), json_text(parts[2]) if len(parts) > 2 else ""


def visible(table: Table, *, names_deleted: bool) -> Test:
    """Hide deleted rows, and rows the user has no right to (§8, §9)."""
    hidden = table.hidden
    if names_deleted:
        return lambda row: row.id not in hidden
    return lambda row: not row.is_deleted and row.id not in hidden


def _matching(
    world: WorkbooksWorld,
    table: Table,
    selection: Selection,
    keys: list[SortKey],
    names_deleted: bool,
) -> Iterable[Row]:
    """Matching rows in order, lazily wherever an index already has that order."""
    may_see, passes = visible(table, names_deleted=names_deleted), selection.test
    order = [(key.column.name, key.descending) for key in keys]
    rows, sorted_already = _candidates(table, selection, order)
    matching = (row for row in rows if may_see(row) and passes(row))
    if not keys and world.knobs.shuffle_unsorted:
        shuffled = list(matching)
        world.rng.shuffle(shuffled)
        return shuffled
    if sorted_already:
        return matching
    found = list(matching)
    for key in reversed(keys):
        found.sort(key=lambda row, key=key: _sortable(key.column.read(row)), reverse=key.descending)
    return found


def _candidates(
    table: Table, selection: Selection, order: list[tuple[str, bool]]
) -> tuple[Iterable[Row], bool]:
    """The least rows that hold every match, and whether they come in the order asked for."""
    if selection.ids is not None:
        rows = [row for row_id in sorted(selection.ids) if (row := table.find(row_id))]
        return rows, order in ([], [("id", False)])
    descending = bool(order) and order[0][1]
    in_time = (
        bool(order)
        and order[0][0] == "updated_at"
        and (len(order) == 1 or order[1] == ("id", descending))
    )
    in_id = not order or order[0][0] == "id"
    low, high = _place(selection.low), _place(selection.high)
    bounded_in_time = selection.low_box[0] > -FAR or selection.high_box[0] < FAR
    if in_time or (not in_id and bounded_in_time):
        return table.in_time_order(low, high, descending=descending), in_time
    low, high = selection.low_box[1], selection.high_box[1]
    return table.in_id_order(low, high, descending=descending), in_id


def _place(pair: tuple[int, int]) -> int:
    return time_place(*pair)


def _sort_keys(world: WorkbooksWorld, table: Table, params: Params) -> list[SortKey]:
    names, directions = params.every("_sort"), params.every("_dir")
    keys: list[SortKey] = []
    for place, name in enumerate(names):
        column = table.type.by_name.get(nested_name(name))
        descending = place < len(directions) and directions[place].strip().upper() == "DESC"
        if column:
            keys.append(SortKey(column, descending))
        elif world.knobs.reject_unknown_fields:
            raise unknown_column(table.type, name)
    return keys


def _sortable(value: Value) -> tuple[int, object]:
    """Nulls first, as the lowest value; text without regard to case."""
    if value is None:
        return 0, 0
    if isinstance(value, Money):
        return 1, value.amount
    return 1, value.casefold() if isinstance(value, str) else value


def _window(params: Params, page_rows_max: int | None) -> tuple[int, int]:
    """Offset and length of the page; `_limit` counts only beside `_start` (§4)."""
    start_text, limit_text = params.text("_start"), params.text("_limit")
    start = _count(start_text, "_start") if start_text else 0
    has_limit = bool(start_text) and bool(limit_text)
    limit = _count(limit_text or "", "_limit") if has_limit else _DEFAULT_LIMIT
    return start, limit if page_rows_max is None else min(limit, page_rows_max)


def _count(text: str, name: str) -> int:
    if not text.strip().isdecimal():
        raise unsuitable(f"{name} must be a whole number")
    return int(text)


def _columns(table: Table, params: Params) -> list[Field]:
    """The columns asked for, unknown ones dropped; all of them if none were asked for (§4)."""
    wanted = params.every("_select_columns")
    if not wanted:
        return list(table.type.by_name.values())
    names = dict.fromkeys(nested_name(name) for name in wanted)
    return [column for name in names if (column := table.type.by_name.get(name))]
