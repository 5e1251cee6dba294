"""The catalogues: what a mapping may be checked against."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.workbooks import catalogue
from connectors.workbooks.protocol import Call
from connectors.workbooks.wire import OPPORTUNITY_CLASS, PERSON_CLASS
from engine import Column, RecordType, TheirFault, Unauthorized
from tests.unit.connectors.workbooks.stand_ins import as_json, catalogues, custom, fields, opened

pytestmark = pytest.mark.anyio


async def test_columns_come_from_the_description_and_the_custom_fields() -> None:
    """Either may know a field, or its title, that the other does not."""
    described = [
        {"name": "description", "title": "Description", "datatype": "string"},
        {"name": "cf_depot", "title": None, "datatype": None},
    ]
    respond = catalogues(
        {OPPORTUNITY_CLASS: custom({"Depot": "cf_depot", "New": "cf_new"})},
        {OPPORTUNITY_CLASS: described},
    )
    async with opened(respond) as world:
        assert await world.source.columns(RecordType.OPPORTUNITY) == {
            "description": Column("description", "Description", "string"),
            "cf_depot": Column("cf_depot", "Depot", "string"),
            "cf_new": Column("cf_new", "New", "string"),
        }


async def test_columns_of_people_are_those_of_their_own_record_type() -> None:
    """A column of an opportunity is not one of a person."""
    respond = catalogues(
        None,
        {OPPORTUNITY_CLASS: fields({"Fee": "fee"}), PERSON_CLASS: fields({"Name": "name"})},
    )
    async with opened(respond) as world:
        assert list(await world.source.columns(RecordType.PERSON) or ()) == ["name"]


@pytest.mark.parametrize("described", [None, []])
async def test_without_a_description_no_columns_are_told(described: list[Any] | None) -> None:
    """Custom fields alone would make every standard column look like a typing error."""
    respond = catalogues(
        {OPPORTUNITY_CLASS: custom({"Depot": "cf_depot"})}, {OPPORTUNITY_CLASS: described}
    )
    async with opened(respond) as world:
        assert await world.source.columns(RecordType.OPPORTUNITY) is None


async def test_a_description_is_enough_where_custom_fields_are_closed() -> None:
    """The administrative resource is not for everybody."""
    respond = catalogues({PERSON_CLASS: None}, {PERSON_CLASS: fields({"Name": "name"})})
    async with opened(respond) as world:
        assert list(await world.source.columns(RecordType.PERSON) or ()) == ["name"]


async def test_columns_are_read_once() -> None:
    """Hundreds of fields do not change while the service runs."""
    respond = catalogues(None, {PERSON_CLASS: fields({"Name": "name"})})
    async with opened(respond) as world:
        first = await world.source.columns(RecordType.PERSON)
        asked = len(world.service.arrived)
        second = await world.source.columns(RecordType.PERSON)

    assert first == second
    assert len(world.service.arrived) == asked


async def test_refused_credentials_are_no_closed_catalogue() -> None:
    """Nothing can be checked then, and nothing will work either."""
    async with opened(lambda _: as_json({}, 401)) as world:
        with pytest.raises(Unauthorized):
            await world.source.columns(RecordType.OPPORTUNITY)


def test_metadata_is_asked_for_one_record_type() -> None:
    """All types together have thousands of fields."""
    form = catalogue.type_description("Private::Crm::Opportunity").form

    assert ("class_names[]", "Private::Crm::Opportunity") in form


def row(number: int) -> dict[str, Any]:
    """A row with an id."""
    return {"id": number}


@pytest.mark.parametrize("pages", [[1, 1], [1, 101, 1], [101, 1]])
async def test_a_list_that_leads_in_circles_is_no_list(pages: list[int]) -> None:
    """Part of the fields would look like all of them, and the rest like typing errors."""
    script = [[row(number) for number in range(first, first + 100)] for first in pages]
    asked: list[Call] = []

    async def read(call: Call) -> list[dict[str, Any]]:
        asked.append(call)
        return script[len(asked) - 1]

    with pytest.raises(TheirFault, match="in circles"):
        await catalogue.every(read, lambda after: catalogue.custom_fields("Thing", after))

    assert len(asked) == len(pages)


async def test_a_list_that_never_ends_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would fill the memory."""
    monkeypatch.setattr("connectors.workbooks.catalogue.ROWS_MAX", 500)
    asked: list[Call] = []

    async def read(call: Call) -> list[dict[str, Any]]:
        asked.append(call)
        return [row(100 * len(asked) + number) for number in range(100)]

    with pytest.raises(TheirFault, match="never ends"):
        await catalogue.every(read, lambda after: catalogue.custom_fields("Thing", after))

    assert len(asked) == 6
