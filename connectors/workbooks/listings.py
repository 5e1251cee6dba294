"""Which rows are read from which resource: requests for records, built without I/O.

A change order is (updated_at, id), and a page starts behind a position in it. That needs only
`ge` and `gt` on whole seconds: `eq` on a datetime would be the shorter form, but whether it
matches the whole second is undocumented (workbooks-api §21 A3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.workbooks.paths import ORGANISATIONS, PEOPLE, RELATIONSHIPS
from connectors.workbooks.protocol import Call, Filter, by_ids, listing
from connectors.workbooks.tab import RELATIONSHIP_COLUMNS
from connectors.workbooks.values import utc_text
from connectors.workbooks.wire import OBJECTS_MAX, PluginColumns
from engine import Pointer, Position, Side

POSITION_COLUMNS = ("id", "updated_at")

CHANGE_ORDER = ("updated_at", "id")
# Records asked for by what should be one's alone.
ALIKE_MAX = 10

# Naming `is_deleted` in a filter is what brings removed rows into view (§8).
REMOVED_TOO = (Filter("is_deleted", "true"), Filter("is_deleted", "false"))
REMOVED_TOO_MATCH = "1 OR 2"


@dataclass(frozen=True, slots=True)
class Resource:
    """One record type as this database keeps it.

    Args:
        columns: what every read selects.
        false_matches_unset: the filter `false` may be relied on (A21).
    """

    path: str
    plugin: PluginColumns
    columns: tuple[str, ...]
    false_matches_unset: bool = True

    @property
    def eligible(self) -> list[Filter]:
        """What an eligible record meets, all of it (§19)."""
        plugin = self.plugin
        blockers = (plugin.error, plugin.duplicate) if self.false_matches_unset else ()
        return [
            Filter(plugin.sync, "true"),
            *(Filter(column, "false") for column in blockers if column is not None),
        ]


def changes(
    resource: Resource, after: Position | None, limit: int, *, flagged: bool = False
) -> Call:
    """Eligible records behind `after` in the change order.

    Args:
        flagged: those that only their error flag keeps from it too.
    """
    filters = [
        one for one in resource.eligible if not flagged or one.field != resource.plugin.error
    ]
    match = _all(filters)
    if after is not None:
        both = f"({match})" if len(filters) > 1 else match
        match = f"{both} AND {_behind(len(filters) + 1)}"
        filters += _behind_filters(after)
    return listing(
        resource.path,
        "changes",
        columns=resource.columns,
        filters=filters,
        match=match,
        sort=CHANGE_ORDER,
        limit=limit,
    )


def unlinked(resource: Resource, after_id: int, limit: int) -> Call:
    """Eligible records whose Outreach Id is blank and whose id is greater, by id."""
    blank = Filter(resource.plugin.outreach_id, "blank")
    return _by_id(resource, "unlinked", [blank], after_id, limit)


def eligible(resource: Resource, after_id: int, limit: int) -> Call:
    """Eligible records whose id is greater, by id, linked or not."""
    return _by_id(resource, "eligible", [], after_id, limit)


def records(resource: Resource, ids: Sequence[int]) -> Call:
    """Records by id, whatever their eligibility."""
    return by_ids(resource.path, "fetch", resource.columns, ids)


def pointed_at(resource: Resource, pointer: Pointer) -> Call:
    """Records of this name, or with this Outreach Id, whatever their eligibility (§6.3)."""
    if pointer.side is Side.TARGET:
        meant = Filter(resource.plugin.outreach_id, "eq", str(pointer.id))
    elif pointer.ref is not None:
        meant = Filter("object_ref", "eq", pointer.ref)
    else:
        meant = Filter("id", "eq", str(pointer.id))
    return listing(
        resource.path,
        "pointed_at",
        columns=resource.columns,
        filters=[meant],
        match="1",
        sort=("id",),
        limit=ALIKE_MAX,
    )


def deleted(path: str, ids: Sequence[int]) -> Call:
    """The deleted ones among the records with these ids (§8)."""
    return listing(
        path,
        "deleted",
        columns=("id",),
        filters=[Filter("id", "eq", ",".join(map(str, ids))), REMOVED_TOO[0]],
        match="1 AND 2",
        sort=("id",),
        limit=len(ids),
    )


def tab_changes(after: Position, limit: int) -> Call:
    """Relationships of opportunities behind `after`, removed ones included (A15, §8)."""
    return listing(
        RELATIONSHIPS,
        "tab_changes",
        columns=RELATIONSHIP_COLUMNS,
        filters=[*REMOVED_TOO, *_behind_filters(after)],
        match=f"({REMOVED_TOO_MATCH}) AND {_behind(3)}",
        sort=CHANGE_ORDER,
        limit=limit,
    )


def newest_tab_change() -> Call:
    """The relationship that stands last in the change order, removed ones included."""
    return _newest(RELATIONSHIPS, "tab_changes", REMOVED_TOO, REMOVED_TOO_MATCH)


def newest_person() -> Call:
    """The person who stands last in the change order, eligible or not."""
    return _newest(PEOPLE, "changes", [Filter("id", "gt", "0")], "1")


def organisations(account_field: str, ids: Sequence[int]) -> Call:
    """Outreach account ids of organisations; ids of people are simply not among the answers."""
    return by_ids(ORGANISATIONS, "account_ids", ("id", account_field), ids)


def organisations_changed(account_field: str, since: float, after_id: int) -> Call:
    """Those whose id is greater, by id, that were changed at or after that time, unix seconds."""
    return listing(
        ORGANISATIONS,
        "accounts_changed",
        columns=("id", account_field),
        filters=[
            Filter("updated_at", "ge", utc_text(int(since))),
            Filter("id", "gt", str(after_id)),
        ],
        match="1 AND 2",
        sort=("id",),
        limit=OBJECTS_MAX,
    )


def _by_id(
    resource: Resource, operation: str, further: Iterable[Filter], after_id: int, limit: int
) -> Call:
    filters = [*resource.eligible, *further, Filter("id", "gt", str(after_id))]
    return listing(
        resource.path,
        operation,
        columns=resource.columns,
        filters=filters,
        match=_all(filters),
        sort=("id",),
        limit=limit,
    )


def _newest(path: str, operation: str, filters: Sequence[Filter], match: str) -> Call:
    return listing(
        path,
        operation,
        columns=POSITION_COLUMNS,
        filters=filters,
        match=match,
        sort=CHANGE_ORDER,
        limit=1,
        direction="DESC",
    )


def _all(filters: Sequence[Filter]) -> str:
    return " AND ".join(str(number) for number in range(1, len(filters) + 1))


def _behind_filters(after: Position) -> list[Filter]:
    return [
        Filter("updated_at", "ge", utc_text(after.updated_at + 1)),
        Filter("updated_at", "ge", utc_text(after.updated_at)),
        Filter("id", "gt", str(after.id)),
    ]


def _behind(first: int) -> str:
    """The expression over `_behind_filters`, whose first has the number `first`."""
    return f"({first} OR ({first + 1} AND {first + 2}))"
