"""The People tab: shown whole it is told exactly, in doubt it is not told at all."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.workbooks import mapping, tab
from engine import Position, TabLine, TheirFault
from tests.unit.connectors.workbooks.stand_ins import COLUMNS, a_row

WHOLE: list[tuple[Any, Any, list[tuple[int, str]]]] = [
    ("[1202, 1201]", "[Partner, Decision Maker]", [(1201, "Decision Maker"), (1202, "Partner")]),
    ("[7, 7]", "['Partner', 'Influencer']", [(7, "Influencer"), (7, "Partner")]),
    ("[7, 7]", "[Partner, Partner]", [(7, "Partner"), (7, "Partner")]),
    ([8, 7], ["Partner", None], [(7, ""), (8, "Partner")]),
    (["8"], [" Partner "], [(8, "Partner")]),
    ("[8, 7]", "[, Partner]", [(7, "Partner"), (8, "")]),
    ("[8, 7]", "[,]", [(7, ""), (8, "")]),
    ("[8]", "[ ]", [(8, "")]),
    ("[8]", "[]", [(8, "")]),
    ("[8]", '[""]', [(8, "")]),
    ("[8]", "['']", [(8, "")]),
    ([8], [""], [(8, "")]),
    ("8, 7", "Partner, Champion", [(7, "Champion"), (8, "Partner")]),
    ("[8, 7]", "['Buyer, main', 'Partner']", [(7, "Partner"), (8, "Buyer, main")]),
    ("[8, 7]", '["Buyer, main", "Partner"]', [(7, "Partner"), (8, "Buyer, main")]),
    ("[8, 7]", "['Buyer, main' ,'']", [(7, ""), (8, "Buyer, main")]),
    ("[8, 7]", "['Owner's, main', \"Partner\"]", [(7, "Partner"), (8, "Owner's, main")]),
    ("8, 7", "'Buyer, main', 'Partner'", [(7, "Partner"), (8, "Buyer, main")]),
    ([8, 7], ["Buyer, main", "Partner"], [(7, "Partner"), (8, "Buyer, main")]),
    ("[]", "[]", []),
    ("[ ]", "[ ]", []),
    (None, "", []),
    ([], None, []),
]

DOUBTFUL: list[tuple[Any, Any]] = [
    ("[8]", ""),
    ("[8]", None),
    ([8], []),
    ("[8, 7]", "[ ]"),
    ("[8, 7]", "[Partner]"),
    ("[8]", "[Partner, Champion]"),
    ("[8, 7]", "[Buyer, main, Partner]"),
    ("[8, 7]", "['Buyer, main', Partner]"),
    ("[]", "[Partner]"),
    ("[8, x]", "[Partner, Partner]"),
    ("[8, ]", "[Partner, Partner]"),
    ("[0]", "[Partner]"),
    ("[-8]", "[Partner]"),
    ([True], ["Partner"]),
    ("[8, 7", "[Partner, Partner]"),
    (8, "Partner"),
    ([8], [["Partner"]]),
]


def row(ids: Any, roles: Any) -> dict[str, Any]:
    """An opportunity with these arrays."""
    return a_row(opportunity_contact_ids=ids, opportunity_contact_roles=roles)


@pytest.mark.parametrize(("ids", "roles", "people"), WHOLE)
def test_a_whole_tab_is_read_in_every_form(
    ids: Any, roles: Any, people: list[tuple[int, str]]
) -> None:
    """Whether arrays come as text or as lists is undocumented (A4)."""
    found = tab.relations(row(ids, roles))

    assert found == tuple(TabLine(*each) for each in people)


@pytest.mark.parametrize(("ids", "roles"), DOUBTFUL)
def test_a_tab_in_doubt_is_not_told(ids: Any, roles: Any) -> None:
    """People who seem to be missing would be removed in the target."""
    assert tab.relations(row(ids, roles)) is None
    assert tab.fault(row(ids, roles))
    assert mapping.captured(row(ids, roles), COLUMNS).tab == tab.UNREADABLE


@pytest.mark.parametrize("column", ["opportunity_contact_ids", "opportunity_contact_roles"])
def test_a_tab_without_one_of_its_arrays_is_not_told(column: str) -> None:
    """A column that the service leaves out says nothing about the tab."""
    seen = a_row()
    del seen[column]

    assert tab.relations(seen) is None


def test_the_same_tab_is_spelled_the_same() -> None:
    """Order means nothing, so another order is no change."""
    one = mapping.captured(row("[8, 7, 8]", "[Partner, , Champion]"), COLUMNS)
    other = mapping.captured(row([7, 8, 8], ["", "Champion", " Partner"]), COLUMNS)

    assert one.tab == other.tab == '[[7,""],[8,"Champion"],[8,"Partner"]]'


def test_an_empty_tab_is_told_apart_from_one_in_doubt() -> None:
    """The last person leaving the tab is a change too."""
    assert mapping.captured(a_row(), COLUMNS).tab == "[]"


def test_an_opened_opportunity_shows_its_people() -> None:
    """The payload is all that a syncer has of the record."""
    payload = mapping.captured(row("[8, 7]", "[Partner, Champion]"), COLUMNS).payload
    record = mapping.opened(payload, COLUMNS, ())

    assert record.people == (TabLine(7, "Champion"), TabLine(8, "Partner"))


@pytest.mark.parametrize("opportunity_id", [901, "901"])
def test_a_relationship_tells_its_opportunity(opportunity_id: Any) -> None:
    """It is that opportunity whose tab may differ."""
    change = tab.tab_change({"id": 31, "updated_at": "5", "opportunity_id": opportunity_id})

    assert (change.position, change.opportunity_id) == (Position(5, 31), 901)


@pytest.mark.parametrize("opportunity_id", [None, "", "x", 0, -1, 2**63, True, [901]])
def test_a_relationship_of_nothing_keeps_its_place(opportunity_id: Any) -> None:
    """A page of such rows must not stop the paging."""
    change = tab.tab_change({"id": 31, "updated_at": 5, "opportunity_id": opportunity_id})

    assert (change.position, change.opportunity_id) == (Position(5, 31), 0)


@pytest.mark.parametrize("columns", [{"id": None}, {"updated_at": None}, {"updated_at": "soon"}])
def test_a_relationship_without_a_place_is_their_fault(columns: dict[str, Any]) -> None:
    """Paging could neither stop at it nor pass it."""
    with pytest.raises(TheirFault):
        tab.tab_change({"id": 31, "updated_at": 5, "opportunity_id": 901, **columns})
