"""Mapping lines kept in Workbooks: found by name, read by title, and only what is meant for us."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from connectors.workbooks.mapping_records import DEFAULT_COLUMNS
from engine import MappingRow, RecordType, Unreachable
from tests.unit.connectors.workbooks.stand_ins import (
    Arrived,
    as_json,
    catalogues,
    custom,
    listed,
    opened,
)

pytestmark = pytest.mark.anyio

CLASS = "Private::CustomRecord::OutreachMapping"
TYPES = "/admin/custom_record_types.api"
RECORDS = "/custom_record/outreach_mappings.api"

OTHER_TYPE = {"id": 1, "name": "Vehicle", "name_plural": "Vehicles", "route_suffix": "vehicles"}
TYPE = {
    "id": 2,
    "name": "Outreach Mapping",
    "name_plural": "Outreach Mappings",
    "route_suffix": "outreach_mappings",
    "resource_type": CLASS,
}


def record(record_id: int = 1, /, **words: Any) -> dict[str, Any]:
    """A mapping record under the default column names; a line for opportunities."""
    told = {
        "target_type": "Opportunity",
        "field": "custom7",
        "source_type": "Opportunity",
        "column": "cf_opportunity_depot",
        "enabled": True,
        "direction": "Send",
        **words,
    }
    row = {DEFAULT_COLUMNS[word]: value for word, value in told.items()}
    return {"id": record_id, "lock_version": 0, **row}


class Cabinet:
    """A service with custom record types and mapping records."""

    def __init__(
        self,
        *records: dict[str, Any],
        types: list[dict[str, Any]] | None = None,
        titles: dict[str, str] | None = None,
        path: str = RECORDS,
    ) -> None:
        self.types = [OTHER_TYPE, TYPE] if types is None else types
        self.path = path
        self.records: list[dict[str, Any]] | None = list(records)
        self._described = catalogues({CLASS: custom(titles or {})})

    def __call__(self, arrived: Arrived) -> httpx.Response:
        """Answer one request."""
        if arrived.path == TYPES:
            return listed(*behind(arrived, self.types))
        if arrived.path.startswith("/custom_record/"):
            if arrived.path != self.path or self.records is None:
                return as_json({}, 404)
            return listed(*behind(arrived, self.records))
        return self._described(arrived)


def behind(arrived: Arrived, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The page of a hundred rows behind the id that the request names."""
    [after] = [int(criterion) for field, _, criterion in arrived.filters if field == "id"]
    return [row for row in rows if row["id"] > after][:100]


async def test_an_enabled_line_that_is_sent_is_read() -> None:
    """It is how an administrator maps a field without touching the server."""
    cabinet = Cabinet(
        record(1),
        record(2, target_type="Prospect", source_type="Person", field=" custom1 ", column=" cf_x "),
    )
    async with opened(cabinet) as world:
        assert await world.source.mapping_rows() == [
            MappingRow(RecordType.OPPORTUNITY, "custom7", "cf_opportunity_depot"),
            MappingRow(RecordType.PERSON, "custom1", "cf_x"),
        ]


@pytest.mark.parametrize(
    "words",
    [
        {"source_type": "Private::Crm::Opportunity"},
        {"source_type": "OPPORTUNITY", "target_type": " opportunity "},
        {"direction": None},
        {"direction": ""},
        {"direction": "SEND"},
        {"enabled": "1"},
    ],
)
async def test_a_line_is_read_in_every_spelling(words: dict[str, Any]) -> None:
    """Whether types are names or class names is undocumented, and a blank direction sends (A16)."""
    async with opened(Cabinet(record(**words))) as world:
        assert len(await world.source.mapping_rows() or ()) == 1


@pytest.mark.parametrize(
    "words",
    [
        {"enabled": False},
        {"enabled": None},
        {"enabled": "perhaps"},
        {"direction": "Receive"},
        {"source_type": "Organisation", "target_type": "Account"},
        {"source_type": "Person"},
        {"target_type": "Prospect"},
        {"source_type": None},
        {"field": " "},
        {"column": None},
        {"column": ["cf_x"]},
    ],
)
async def test_any_other_line_is_left_out(words: dict[str, Any]) -> None:
    """One line that is not for us must not stop the others."""
    async with opened(Cabinet(record(1, **words), record(2))) as world:
        assert await world.source.mapping_rows() == [
            MappingRow(RecordType.OPPORTUNITY, "custom7", "cf_opportunity_depot")
        ]


@pytest.mark.parametrize(
    "named",
    [
        {"name": "outreach mapping", "name_plural": None},
        {"name": None, "name_plural": "OUTREACH MAPPINGS"},
        {"name": "Outreach Mappings", "name_plural": ""},
    ],
)
async def test_the_record_type_is_found_by_either_name(named: dict[str, Any]) -> None:
    """The menu shows the plural, the form the singular."""
    async with opened(Cabinet(record(), types=[TYPE | named])) as world:
        assert len(await world.source.mapping_rows() or ()) == 1


async def test_the_path_is_the_one_the_record_type_tells() -> None:
    """A type made twice has a path with a suffix."""
    cabinet = Cabinet(
        record(),
        types=[TYPE | {"route_suffix": "outreach_mappings_2"}],
        path="/custom_record/outreach_mappings_2.api",
    )
    async with opened(cabinet) as world:
        assert len(await world.source.mapping_rows() or ()) == 1


async def test_a_record_type_without_a_path_has_the_usual_one() -> None:
    """It is the best guess (A16)."""
    blank = TYPE | {"route_suffix": None, "resource_type": None}
    async with opened(Cabinet(record(), types=[blank])) as world:
        assert len(await world.source.mapping_rows() or ()) == 1


async def test_columns_are_found_by_title() -> None:
    """An API name may carry a numeric suffix that no title shows."""
    row = record()
    row["cf_field_9"] = row.pop(DEFAULT_COLUMNS["field"])
    async with opened(Cabinet(row, titles={"Outreach Field Name": "cf_field_9"})) as world:
        [line] = await world.source.mapping_rows() or []

    assert line.field == "custom7"
    assert "cf_field_9" in world.service.arrived[-1].every("_select_columns[]")


@pytest.mark.parametrize("status", [404, 406])
async def test_without_access_to_record_types_there_are_no_lines(status: int) -> None:
    """Without the licence for custom records only standard fields are synchronised."""
    async with opened(lambda _: as_json({}, status)) as world:
        assert await world.source.mapping_rows() is None


async def test_without_the_record_type_there_are_no_lines_until_it_is_made() -> None:
    """The plugin may be installed while we run."""
    cabinet = Cabinet(record(), types=[OTHER_TYPE])
    async with opened(cabinet) as world:
        assert await world.source.mapping_rows() is None
        assert [arrived.path for arrived in world.service.arrived] == [TYPES]
        cabinet.types = [OTHER_TYPE, TYPE]
        assert len(await world.source.mapping_rows() or ()) == 1


async def test_the_record_type_is_looked_up_once() -> None:
    """The lines are read again and again, to see what an administrator changes."""
    async with opened(Cabinet(record())) as world:
        await world.source.mapping_rows()
        world.service.arrived.clear()
        assert len(await world.source.mapping_rows() or ()) == 1

    assert [arrived.path for arrived in world.service.arrived] == [RECORDS]


async def test_a_record_type_that_is_gone_is_looked_up_again() -> None:
    """It may come back under another path."""
    cabinet = Cabinet(record())
    async with opened(cabinet) as world:
        await world.source.mapping_rows()
        cabinet.records = None
        assert await world.source.mapping_rows() is None
        cabinet.records = [record()]
        world.service.arrived.clear()
        assert len(await world.source.mapping_rows() or ()) == 1

    assert world.service.arrived[0].path == TYPES


async def test_a_record_type_without_lines_is_not_a_missing_one() -> None:
    """The operator is told which of the two it is."""
    async with opened(Cabinet()) as world:
        assert await world.source.mapping_rows() == []


async def test_every_page_of_types_and_of_lines_is_read() -> None:
    """A large database has hundreds of both."""
    types = [OTHER_TYPE | {"id": number} for number in range(3, 203)]
    cabinet = Cabinet(
        *(record(number) for number in range(1, 251)), types=[*types, TYPE | {"id": 900}]
    )
    async with opened(cabinet) as world:
        assert len(await world.source.mapping_rows() or ()) == 250


async def test_an_outage_is_not_a_missing_record_type() -> None:
    """The lines of before must not be dropped for it."""
    async with opened(lambda _: as_json({}, 500)) as world:
        with pytest.raises(Unreachable):
            await world.source.mapping_rows()
