"""Discovery: a column is found by its exact title, or the operator is told what to write."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from connectors.workbooks.wire import OPPORTUNITY_CLASS, ORGANISATION_CLASS
from engine import Misconfigured, OurFault, RecordType, Unauthorized, WriteBack
from tests.unit.connectors.workbooks.stand_ins import (
    COLUMNS,
    CONFIGURED,
    Arrived,
    Respond,
    World,
    a_row,
    as_json,
    catalogues,
    custom,
    fields,
    listed,
    opened,
)

pytestmark = pytest.mark.anyio

TITLES = {
    "Sync to Outreach": "cf_opportunity_sync_to_outreach_3774",
    "Outreach Sync Error": "cf_opportunity_outreach_sync_error",
    "Outreach Id": "cf_opportunity_outreach_id",
    "Outreach URL": "cf_opportunity_outreach_url",
}


def opportunities(
    custom_rows: list[dict[str, Any]] | None,
    type_fields: list[dict[str, Any]] | None = None,
    organisation_rows: list[dict[str, Any]] | None = None,
) -> Respond:
    """A service whose catalogues hold these fields of opportunities; None is not readable."""
    return catalogues(
        {OPPORTUNITY_CLASS: custom_rows, ORGANISATION_CLASS: organisation_rows},
        {OPPORTUNITY_CLASS: type_fields},
    )


async def found(world: World) -> str:
    """Run the step that finds the columns."""
    return await next(step for step in world.source.steps() if step.name == "fields").run()


@pytest.mark.parametrize("title", ["Outreach Sync Error", "Outreach Error"])
async def test_the_error_flag_is_found_under_either_of_its_titles(title: str) -> None:
    """The vendor's own pages use both for the one field (workbooks-api §18.2)."""
    titles = {title if each == "Outreach Sync Error" else each: TITLES[each] for each in TITLES}
    async with opened(opportunities(custom(titles))) as world:
        assert "error = cf_opportunity_outreach_sync_error" in await found(world)


async def test_of_both_titles_of_the_error_flag_the_longer_wins() -> None:
    """A field of their own may be called "Outreach Error" as well."""
    titles = TITLES | {"Outreach Error": "cf_opportunity_outreach_error"}
    async with opened(opportunities(custom(titles))) as world:
        assert "error = cf_opportunity_outreach_sync_error" in await found(world)


async def test_columns_are_found_by_title_whatever_they_are_called() -> None:
    """An API name may carry a numeric suffix that no title shows."""
    async with opened(opportunities(custom(TITLES))) as world:
        fact = await found(world)

    assert "sync = cf_opportunity_sync_to_outreach_3774" in fact
    assert "error_message = none" in fact
    assert "account_field = none" in fact


async def test_every_page_of_custom_fields_is_searched() -> None:
    """A database with hundreds of custom fields is ordinary."""
    others = custom({f"Other {number}": f"cf_other_{number}" for number in range(250)})
    rows = others + custom(TITLES, first_id=1000)

    async with opened(opportunities(rows)) as world:
        assert "outreach_id = cf_opportunity_outreach_id" in await found(world)


@pytest.mark.parametrize("custom_rows", [None, []])
async def test_metadata_helps_out_where_custom_fields_do_not(
    custom_rows: list[dict[str, Any]] | None,
) -> None:
    """The administrative resource may be closed to an ordinary user."""
    async with opened(opportunities(custom_rows, fields(TITLES))) as world:
        assert "outreach_url = cf_opportunity_outreach_url" in await found(world)


async def test_a_missing_field_is_named_with_the_line_to_write() -> None:
    """The operator sees the title in Workbooks and the key in the file, nothing in between."""
    without = {title: name for title, name in TITLES.items() if title != "Outreach Id"}
    async with opened(opportunities(custom(without), fields(without))) as world:
        with pytest.raises(Misconfigured) as raised:
            await found(world)

    message = str(raised.value)
    assert '"Outreach Id"' in message
    assert OPPORTUNITY_CLASS in message
    assert "admin/custom_fields (3 fields) and metadata/types (3 fields)" in message
    assert '[workbooks.fields] outreach_id = "cf_..."' in str(raised.value.remedy)


async def test_a_title_is_compared_exactly() -> None:
    """A near title may be somebody else's field."""
    near = TITLES | {"Outreach Id": "x"}
    near["outreach id"] = near.pop("Outreach Id")
    async with opened(opportunities(custom(near), fields({}))) as world:
        with pytest.raises(Misconfigured, match='"Outreach Id"'):
            await found(world)


async def test_an_ambiguous_title_is_refused_with_the_candidates() -> None:
    """Guessing would write into the wrong field of every record."""
    rows = custom(TITLES) + custom({"Outreach Id": "cf_opportunity_outreach_id_9"}, first_id=50)
    async with opened(opportunities(rows)) as world:
        with pytest.raises(Misconfigured, match="cf_opportunity_outreach_id_9") as raised:
            await found(world)

    assert "[workbooks.fields] outreach_id" in str(raised.value.remedy)


async def test_a_configured_name_wins_over_the_title() -> None:
    """It is how an ambiguous title is settled."""
    rows = custom(TITLES) + custom({"Outreach Id": "cf_opportunity_outreach_id_9"}, first_id=50)
    async with opened(
        opportunities(rows), fields={"outreach_id": "cf_opportunity_outreach_id_9"}
    ) as world:
        assert "outreach_id = cf_opportunity_outreach_id_9" in await found(world)


async def test_a_configured_name_that_does_not_exist_is_refused() -> None:
    """The service ignores an unknown column in silence."""
    async with opened(
        opportunities(custom(TITLES), fields(TITLES)), fields={"sync": "cf_typo"}
    ) as world:
        with pytest.raises(Misconfigured, match="cf_typo") as raised:
            await found(world)

    assert '[workbooks.fields] sync = "cf_..."' in str(raised.value.remedy)


async def test_configured_names_are_taken_at_their_word_when_no_catalogue_is_open() -> None:
    """A user without access to either catalogue can still run the service."""
    async with opened(opportunities(None, None), fields=CONFIGURED) as world:
        assert f"sync = {COLUMNS.sync}" in await found(world)


async def test_a_checkbox_of_another_type_is_refused() -> None:
    """The filters on it would match nothing, and nothing would ever sync."""
    rows = custom(TITLES, cf_opportunity_sync_to_outreach_3774="string")
    async with opened(opportunities(rows)) as world:
        with pytest.raises(Misconfigured, match="no checkbox but string"):
            await found(world)


async def test_the_message_column_is_used_when_it_exists() -> None:
    """It shows the reason beside the flag, where people look."""
    titles = TITLES | {"Outreach Sync Error Message": "cf_message"}

    def respond(arrived: Arrived) -> httpx.Response:
        if arrived.method == "PUT":
            return as_json({"success": False, "failures": ["seen"]})
        return opportunities(custom(titles))(arrived)

    async with opened(respond) as world:
        await found(world)
        await world.source.write_back(
            RecordType.OPPORTUNITY, [WriteBack(1, 2, error=True, message="too long")]
        )
        assert world.service.arrived[-1].one("cf_message[]") == "too long"


async def test_the_account_column_of_organisations_is_found_too() -> None:
    """Customers carry their Outreach account id under the same title."""
    organisation = custom({"Outreach Id": "cf_organisation_outreach_id"})
    async with opened(opportunities(custom(TITLES), None, organisation)) as world:
        assert "account_field = cf_organisation_outreach_id" in await found(world)


async def test_a_configured_account_column_must_exist() -> None:
    """Left to itself a wrong name would leave every account blank, in silence."""
    async with opened(opportunities(custom(TITLES), None, []), account_field="cf_typo") as world:
        with pytest.raises(Misconfigured, match="cf_typo") as raised:
            await found(world)

    assert '[workbooks] account_field = "cf_..."' in str(raised.value.remedy)


async def test_refused_credentials_are_not_taken_for_a_closed_catalogue() -> None:
    """The remedy is another one."""
    async with opened(lambda _: as_json({}, 401)) as world:
        with pytest.raises(Unauthorized):
            await found(world)


async def test_nothing_is_read_before_the_columns_are_known() -> None:
    """Steps come first; anything else is a defect of the caller."""
    async with opened(lambda _: listed(a_row())) as world:
        with pytest.raises(OurFault):
            await world.source.changes(None, 10)
