"""Start-up: what the plugin has installed on people, and whether relationships are listed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from connectors.workbooks.wire import OPPORTUNITY_CLASS, PERSON_CLASS
from engine import Misconfigured, OurFault, RecordType, Unauthorized
from tests.unit.connectors.workbooks.stand_ins import (
    CONFIGURED,
    PEOPLE_CONFIGURED,
    PERSON_COLUMNS,
    Arrived,
    Respond,
    World,
    a_person,
    as_json,
    catalogues,
    custom,
    listed,
    opened,
    prepared,
)

pytestmark = pytest.mark.anyio

TITLES = {
    "Sync to Outreach": "cf_person_sync_to_outreach_7",
    "Outreach Sync Error": PERSON_COLUMNS.error,
    "Outreach Id": PERSON_COLUMNS.outreach_id,
    "Outreach URL": PERSON_COLUMNS.outreach_url,
}
OPPORTUNITY_TITLES = {
    "Sync to Outreach": "cf_opportunity_sync",
    "Outreach Sync Error": "cf_opportunity_error",
    "Outreach Id": "cf_opportunity_id",
    "Outreach URL": "cf_opportunity_url",
}
RELATIONSHIP = {"id": 31, "lock_version": 0, "updated_at": 5, "opportunity_id": 901}


def people(
    titles: dict[str, str],
    *others: dict[str, Any],
    answers: dict[str, httpx.Response] | None = None,
) -> Respond:
    """A service with these fields on people, which gives these answers by path."""
    described = catalogues(
        {PERSON_CLASS: [*custom(titles), *others], OPPORTUNITY_CLASS: custom(OPPORTUNITY_TITLES)}
    )

    def respond(arrived: Arrived) -> httpx.Response:
        return (answers or {}).get(arrived.path) or described(arrived)

    return respond


async def step(world: World) -> str:
    """Run the step that looks for people."""
    return await next(one for one in world.source.steps() if one.name == "people").run()


async def test_people_are_found_by_the_titles_of_their_columns() -> None:
    """A person's API names have suffixes of their own."""
    async with opened(people(TITLES)) as world:
        assert not world.source.people
        fact = await step(world)
        assert world.source.people

    assert "sync = cf_person_sync_to_outreach_7" in fact
    assert "duplicate = none" in fact
    assert "readable, none is eligible yet" in fact


@pytest.mark.parametrize("title", TITLES)
async def test_without_one_of_the_columns_people_are_left_out(title: str) -> None:
    """Opportunities can be synchronised all the same."""
    without = {each: name for each, name in TITLES.items() if each != title}
    async with opened(people(without)) as world:
        fact = await step(world)
        assert not world.source.people
        with pytest.raises(OurFault, match="people are not synchronised"):
            await world.source.fetch(RecordType.PERSON, [1])

    assert f'people are not synchronised: no field titled "{title}"' in fact


async def test_people_without_a_readable_catalogue_are_left_out() -> None:
    """Nothing tells which of their columns are the plugin's."""
    async with opened(prepared(lambda _: listed()), fields=CONFIGURED) as world:
        await world.ready()
        assert not world.source.people


async def test_configured_columns_of_people_need_no_catalogue() -> None:
    """The operator's word is all there is then."""
    async with opened(
        prepared(lambda _: listed()), fields=CONFIGURED, person_fields=PEOPLE_CONFIGURED
    ) as world:
        await world.ready()
        assert world.source.people


async def test_a_configured_column_of_people_must_exist() -> None:
    """A typing error must not pass for a database without the plugin."""
    async with opened(people(TITLES), person_fields={"sync": "cf_typo"}) as world:
        with pytest.raises(Misconfigured, match="cf_typo") as raised:
            await step(world)

    assert '[workbooks.person_fields] sync = "cf_..."' in str(raised.value.remedy)


async def test_whoever_configures_some_columns_of_people_hears_of_the_others() -> None:
    """People would silently stay out, though they are clearly wanted."""
    without = {each: name for each, name in TITLES.items() if each != "Outreach URL"}
    async with opened(
        people(without), person_fields={"sync": "cf_person_sync_to_outreach_7"}
    ) as world:
        with pytest.raises(Misconfigured, match='"Outreach URL"'):
            await step(world)


async def test_an_ambiguous_column_of_people_is_refused() -> None:
    """Guessing would write into the wrong field of every person."""
    [again] = custom({"Outreach Id": "cf_person_outreach_id_9"}, first_id=50)
    async with opened(people(TITLES, again)) as world:
        with pytest.raises(Misconfigured, match="cf_person_outreach_id_9"):
            await step(world)


async def test_the_mark_of_a_duplicate_is_used_when_it_exists() -> None:
    """Not every installation has it."""
    async with opened(people(TITLES | {"Outreach Duplicate": "cf_twin"})) as world:
        assert "duplicate = cf_twin" in await step(world)


async def test_the_mark_of_a_duplicate_must_be_a_checkbox() -> None:
    """A filter on it would find nobody."""
    rows = custom({"Outreach Duplicate": "cf_twin"}, first_id=50, cf_twin="string")
    async with opened(people(TITLES, *rows)) as world:
        with pytest.raises(Misconfigured, match="no checkbox but string"):
            await step(world)


async def test_people_closed_to_our_user_are_left_out() -> None:
    """A user who may not see people can still synchronise opportunities."""
    closed = {"/crm/people.api": as_json({}, 404)}
    async with opened(people(TITLES, answers=closed)) as world:
        assert "people are not synchronised: crm/people is not open to us" in await step(world)
        assert not world.source.people


async def test_a_column_that_people_lack_is_reported() -> None:
    """The service leaves an unknown column out in silence."""
    row = a_person(cf_person_sync_to_outreach_7=True)
    async with opened(people(TITLES, answers={"/crm/people.api": listed(row)})) as world:
        world.source.select(RecordType.PERSON, ("person_nickname",))
        assert "absent columns: person_nickname" in await step(world)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (listed(), True),
        (listed(RELATIONSHIP), True),
        (listed({"id": 31, "lock_version": 0, "updated_at": 5}), False),
        (as_json({}, 404), False),
        (as_json({}, 405), False),
        (as_json({"success": False, "failures": ["no such field"]}, 406), False),
    ],
)
async def test_relationships_are_listed_where_their_resource_answers(
    answer: httpx.Response, told: bool
) -> None:
    """The resource is an assumption (A15); without it the tab is read with the opportunity."""
    respond = people(TITLES, answers={"/crm/opportunity_contacts.api": answer})
    async with opened(respond) as world:
        assert not world.source.tab_changes_listed
        await step(world)
        assert world.source.tab_changes_listed is told


async def test_refused_credentials_say_nothing_about_relationships() -> None:
    """The remedy is another one."""
    refused = {"/crm/opportunity_contacts.api": as_json({}, 401)}
    async with opened(people(TITLES, answers=refused)) as world:
        with pytest.raises(Unauthorized):
            await step(world)
