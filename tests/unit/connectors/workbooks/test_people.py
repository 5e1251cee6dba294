"""People and relationships as the engine reads them, and what is written back to people."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from connectors.workbooks import mapping
from engine import Delivery, Newest, Position, RecordType, TabChange, TheirFault, WriteBack
from tests.unit.connectors.workbooks.stand_ins import (
    CONFIGURED,
    PEOPLE_CONFIGURED,
    PERSON_COLUMNS,
    SAVED,
    Arrived,
    a_person,
    a_row,
    as_json,
    listed,
    opened,
    prepared,
)

pytestmark = pytest.mark.anyio

SETTINGS: dict[str, Any] = {"fields": CONFIGURED, "person_fields": PEOPLE_CONFIGURED}


class Desk:
    """A service without readable catalogues that lists these rows, by path."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def __call__(self, arrived: Arrived) -> httpx.Response:
        """Answer one request."""
        if arrived.method == "PUT":
            return as_json(SAVED)
        name = arrived.path.removeprefix("/crm/").removesuffix(".api")
        return listed(*self.rows.get(name, []))


async def test_changed_people_are_listed_with_the_columns_of_people() -> None:
    """Each record type has columns of its own."""
    async with opened(
        prepared(Desk(people=[a_person(8), a_person(9)])), columns=("description",), **SETTINGS
    ) as world:
        world.source.select(RecordType.PERSON, ("main_location[email]", "main_location[email]"))
        await world.ready()
        full = await world.source.people_changes(Position(5, 6), 2)
        short = await world.source.people_changes(Position(5, 6), 3)

    assert ([row.id for row in full.rows], full.complete) == ([8, 9], False)
    assert short.complete
    arrived = world.service.arrived[0]
    assert arrived.path == "/crm/people.api"
    assert arrived.every("_select_columns[]") == [
        "id",
        "lock_version",
        "updated_at",
        "object_ref",
        PERSON_COLUMNS.sync,
        PERSON_COLUMNS.error,
        PERSON_COLUMNS.outreach_id,
        PERSON_COLUMNS.outreach_url,
        PERSON_COLUMNS.duplicate,
        "main_location[email]",
    ]


async def test_a_later_selection_takes_the_place_of_the_former() -> None:
    """A mapping changes while the service runs."""
    async with opened(prepared(Desk()), columns=("description", "fao"), **SETTINGS) as world:
        await world.ready()
        world.source.select(RecordType.OPPORTUNITY, ("comment", "comment"))
        await world.source.changes(None, 10)

    selected = world.service.arrived[0].every("_select_columns[]")
    assert selected.count("comment") == 1
    assert not {"description", "fao"} & set(selected)


async def test_eligible_opportunities_are_swept_by_id() -> None:
    """Linked ones too: a tab may have changed without a trace."""
    async with opened(prepared(Desk(opportunities=[a_row(1), a_row(2)])), **SETTINGS) as world:
        await world.ready()
        page = await world.source.eligible(0, 3)

    assert ([row.id for row in page.rows], page.complete) == ([1, 2], True)
    [arrived] = world.service.arrived
    assert ("id", "gt", "0") in arrived.filters
    assert not [each for each in arrived.filters if each[1] == "blank"]


async def test_people_are_fetched_in_requests_of_a_hundred() -> None:
    """As opportunities are."""
    async with opened(prepared(Desk()), **SETTINGS) as world:
        await world.ready()
        assert (await world.source.fetch(RecordType.PERSON, range(1, 151))).rows == []

    assert [arrived.path for arrived in world.service.arrived] == ["/crm/people.api"] * 2
    assert [len(each.filters[0][2].split(",")) for each in world.service.arrived] == [100, 50]


async def test_a_person_opens_by_the_columns_of_people() -> None:
    """The engine knows no column name of this source."""
    row = a_person(8, **{PERSON_COLUMNS.outreach_id: "77", "main_location[email]": "jo@x.example"})
    async with opened(prepared(Desk(people=[row])), **SETTINGS) as world:
        world.source.select(RecordType.PERSON, ("main_location[email]",))
        await world.ready()
        [captured] = (await world.source.fetch(RecordType.PERSON, [8])).rows
        record = world.source.read(RecordType.PERSON, captured.payload)

    assert (captured.ref, captured.linked, captured.tab) == ("PERS-8", True, None)
    assert (record.target_id, record.eligible, record.people) == ("77", True, None)
    assert record.columns["main_location[email]"] == "jo@x.example"
    assert PERSON_COLUMNS.duplicate not in record.columns


@pytest.mark.parametrize("marked", [True, "1"])
def test_a_duplicate_person_is_not_eligible(marked: Any) -> None:
    """The plugin keeps such a person out, whatever the other flags say."""
    row = a_person(8, cf_person_outreach_duplicate=marked)

    assert not mapping.captured(row, PERSON_COLUMNS).eligible
    assert not mapping.opened(json.dumps(row), PERSON_COLUMNS, ()).eligible


def test_a_person_never_marked_as_a_duplicate_is_eligible() -> None:
    """A checkbox nobody set may come as null (A21)."""
    row = a_person(8, cf_person_outreach_duplicate=None)

    assert mapping.captured(row, PERSON_COLUMNS).eligible


async def test_results_are_written_to_people_under_their_own_columns() -> None:
    """An opportunity's column does not exist on a person."""
    async with opened(prepared(Desk()), **SETTINGS) as world:
        await world.ready()
        [result] = await world.source.write_back(
            RecordType.PERSON, [WriteBack(901, 3, target_id="77", error=False)]
        )

    assert result.outcome is Delivery.DELIVERED
    [arrived] = world.service.arrived
    assert (arrived.method, arrived.path) == ("PUT", "/crm/people.api")
    assert arrived.one(f"{PERSON_COLUMNS.outreach_id}[]") == "77"
    assert arrived.one(f"{PERSON_COLUMNS.error}[]") == "false"


async def test_relationships_are_paged_even_when_a_row_tells_no_opportunity() -> None:
    """A page of such rows must not be read for ever."""
    rows = [
        {"id": 31, "lock_version": 0, "updated_at": 5, "opportunity_id": 901},
        {"id": 32, "lock_version": 0, "updated_at": 5, "opportunity_id": None},
    ]
    async with opened(prepared(Desk(opportunity_contacts=rows)), **SETTINGS) as world:
        await world.ready()
        full = await world.source.tab_changes(Position(5, 6), 2)
        short = await world.source.tab_changes(Position(5, 6), 3)

    assert full.rows == [TabChange(Position(5, 31), 901), TabChange(Position(5, 32), 0)]
    assert (full.complete, short.complete) == (False, True)


async def test_the_end_of_each_change_order_is_told() -> None:
    """A watch may begin there instead of at the beginning of time."""
    desk = Desk(
        opportunity_contacts=[{"id": 31, "updated_at": "7"}], people=[{"id": 8, "updated_at": 9}]
    )
    async with opened(prepared(desk), **SETTINGS) as world:
        assert await world.source.newest_tab_change() == Newest(Position(7, 31))
        assert await world.source.newest_person_change() == Newest(Position(9, 8))
        desk.rows.clear()
        assert await world.source.newest_tab_change() == Newest(None)
        assert await world.source.newest_person_change() == Newest(None)


async def test_an_end_without_a_place_is_their_fault() -> None:
    """A watch that began anywhere else could lose a change."""
    async with opened(prepared(Desk(people=[{"id": 8}])), **SETTINGS) as world:
        with pytest.raises(TheirFault, match="updated_at"):
            await world.source.newest_person_change()


async def test_eligibility_is_judged_here_where_the_filter_false_is_not_relied_on() -> None:
    """A record with the error flag then comes along, and must not be synchronised (A21)."""
    rows = [a_row(1), a_row(2, cf_opportunity_outreach_sync_error=True)]
    async with opened(
        prepared(Desk(opportunities=rows)), false_matches_unset=False, **SETTINGS
    ) as world:
        await world.ready()
        page = await world.source.changes(None, 10)

    assert [(row.id, row.eligible) for row in page.rows] == [(1, True), (2, False)]
    assert not [each for each in world.service.arrived[0].filters if each[1] == "false"]
