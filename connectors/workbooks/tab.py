"""The People tab of an opportunity: its two arrays, and the changes of its relationships.

The arrays are parallel, and their order means nothing (workbooks-api §15). A tab that is not
shown whole must not pass for a shorter one, since people who are missing from it would be removed
in the target; so everything doubtful is "not shown".
"""

from __future__ import annotations

import json

from connectors.workbooks import cells
from connectors.workbooks.cells import INTEGER_MAX
from connectors.workbooks.values import items, whole
from connectors.workbooks.wire import TAB_IDS, TAB_ROLES, Row
from engine import Json, Malformed, TabChange, TabLine

# What a relationship is asked for (A15).
RELATIONSHIP_COLUMNS = ("id", "lock_version", "updated_at", "opportunity_id")

# Spells a tab that is there and cannot be told: no list, and so unlike every tab that can.
UNREADABLE = "{}"

# Stands for an opportunity that a relationship does not tell; no record has this id.
UNTOLD = 0


def relations(row: Row) -> tuple[TabLine, ...] | None:
    """The tab by person and role, blank roles as empty text; None when it is not shown whole.

    A single blank role and no role at all look the same in `[]`, blank and null (§6.1, A4), so
    with a person beside them they are not the whole.
    """
    if TAB_IDS not in row or TAB_ROLES not in row:
        return None
    try:
        ids, roles = items(row[TAB_IDS]), items(row[TAB_ROLES])
    except Malformed:
        return None
    if len(ids) == 1 and not roles and _one_blank(row[TAB_ROLES]):
        roles = ("",)
    if len(ids) != len(roles):
        return None
    people: list[TabLine] = []
    for each, role in zip(ids, roles, strict=True):
        person_id = whole(each)
        if person_id is None or not 1 <= person_id <= INTEGER_MAX:
            return None
        people.append(TabLine(person_id, role.strip()))
    return tuple(sorted(people))


def fault(row: Row) -> str | None:
    """Why a tab that is there cannot be told, without a value of it; None where it can, or is not.

    Texts without quotes are split at each comma, so one that holds a comma is no longer told from
    two (§6.1).
    """
    if TAB_IDS not in row or TAB_ROLES not in row or relations(row) is not None:
        return None
    try:
        ids, roles = len(items(row[TAB_IDS])), len(items(row[TAB_ROLES]))
    except Malformed:
        return "its people or relationships are no list that can be read"
    if ids != roles:
        return (
            f"it shows {ids} people and {roles} relationships; a relationship whose name holds a"
            " comma is the usual cause"
        )
    return "it shows something that is no person's id"


def spelled(row: Row) -> str | None:
    """One text for a tab, the same for the same tab whatever its order on the wire was.

    None when the row does not show it at all.
    """
    people = relations(row)
    if people is None:
        return None if fault(row) is None else UNREADABLE
    return json.dumps(people, separators=(",", ":"))


def tab_change(row: Row) -> TabChange:
    """A relationship's place in the change order, and its opportunity or else UNTOLD.

    Raises:
        TheirFault: it has no usable id or change stamp.
    """
    found = whole(row.get("opportunity_id"))
    told = found is not None and 1 <= found <= INTEGER_MAX
    return TabChange(cells.position(row), found if found is not None and told else UNTOLD)


def _one_blank(raw: Json) -> bool:
    # The list `[]` of a service that prints its members without quotes is one blank member too,
    # and beside exactly one id that is what it must be: both arrays have the same length (§15).
    return isinstance(raw, str) and raw.strip().startswith("[")
