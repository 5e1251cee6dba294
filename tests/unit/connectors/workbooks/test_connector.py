"""The connector as the engine sees it: pages, records, write-backs, accounts."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points

import anyio
import httpx
import pytest

from connectors.workbooks.connector import connector
from connectors.workbooks.settings import WorkbooksSettings
from engine import (
    Kind,
    Money,
    OurFault,
    Position,
    RecordType,
    SourceConnector,
    TheirFault,
    TooLarge,
    WriteBack,
)
from tests.unit.connectors.workbooks.stand_ins import (
    COLUMNS,
    CONFIGURED,
    Arrived,
    a_row,
    as_json,
    listed,
    opened,
)
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio


class Shop:
    """A service without readable catalogues that lists what it is given."""

    def __init__(self, *rows: dict[str, object]) -> None:
        self.rows = rows

    def __call__(self, arrived: Arrived) -> httpx.Response:
        """Answer one request."""
        if arrived.path in ("/admin/custom_fields.api", "/metadata/types.api"):
            return as_json({}, 404)
        return listed(*self.rows)


def test_the_connector_is_offered_by_its_entry_point() -> None:
    """The engine never imports a vendor by name."""
    [entry] = entry_points(group="wosync.connectors", name="workbooks")

    assert entry.load() is connector
    assert isinstance(connector, SourceConnector)
    assert connector.settings is WorkbooksSettings
    assert {kind: set(words) for kind, words in connector.standard_columns.items()} == {
        RecordType.OPPORTUNITY: {
            "title", "value", "close_date", "probability", "stage", "notes", "reference",
            "created_at", "owner", "customer",
        },
        RecordType.PERSON: {
            "first_name", "middle_name", "last_name", "title", "company", "email", "telephone",
            "mobile", "street", "city", "region", "postcode", "country", "reference",
        },
    }  # fmt: skip # two lists of words


async def test_of_rows_asked_for_an_odd_one_is_told_apart_unless_all_are_odd() -> None:
    """Where none of many can be, it is no single record that somebody has to mend."""
    all_odd = [a_row(one) for one in range(902, 912)]
    for one in all_odd:
        del one["lock_version"]
    odd = all_odd[0]
    shop = Shop(a_row(), odd)
    async with opened(shop, fields=CONFIGURED) as world:
        await world.ready()
        mixed = await world.source.fetch(RecordType.OPPORTUNITY, [901, 902])
        shop.rows = (odd,)
        alone = await world.source.fetch(RecordType.OPPORTUNITY, [902])
        shop.rows = tuple(all_odd[:9])
        few = await world.source.fetch(RecordType.OPPORTUNITY, range(902, 911))
        shop.rows = tuple(all_odd)
        with pytest.raises(TheirFault, match="lock_version"):
            await world.source.fetch(RecordType.OPPORTUNITY, range(902, 912))

    assert ([row.id for row in mixed.rows], [*mixed.unreadable]) == ([901], [902])
    assert (alone.rows, [*alone.unreadable]) == ([], [902])
    assert (few.rows, [*few.unreadable]) == ([], [*range(902, 911)])
    with pytest.raises(TheirFault, match="id 902"):
        mixed.whole()


async def test_a_row_that_cannot_be_read_is_named_and_costs_no_other() -> None:
    """Nobody finds one row among a thousand by being told that it is there."""
    spoiled = a_row(902)
    spoiled["updated_at"] = "yesterday at noon"
    async with opened(Shop(a_row(), spoiled), fields=CONFIGURED) as world:
        await world.ready()
        page = await world.source.changes(None, 10)

    assert [row.id for row in page.rows] == [901]
    assert page.unreadable == (
        "the record with id 902: column updated_at should be a UTC date and time",
    )


async def test_every_start_up_step_reports_a_fact_and_can_run_again() -> None:
    """An operator runs `check` as often as needed."""
    async with opened(Shop(a_row()), fields=CONFIGURED, columns=("description",)) as world:
        first = [await step.run() for step in world.source.steps()]
        second = [await step.run() for step in world.source.steps()]

    assert [step.name for step in world.source.steps()] == [
        "credentials",
        "fields",
        "people",
        "opportunities",
    ]
    assert first == second
    assert first[3] == "readable, absent columns: description"


async def test_a_database_without_eligible_records_passes_the_steps() -> None:
    """On the first day nobody has ticked the box yet."""
    async with opened(Shop(), fields=CONFIGURED) as world:
        await world.ready()
        assert await world.source.steps()[3].run() == "readable, none is eligible yet"


async def test_a_page_is_complete_when_it_is_not_full() -> None:
    """A full page may have a successor."""
    async with opened(Shop(a_row(1), a_row(2)), fields=CONFIGURED) as world:
        await world.ready()
        full = await world.source.changes(Position(5, 6), 2)
        short = await world.source.unlinked(0, 3)

    assert ([row.id for row in full.rows], full.complete) == ([1, 2], False)
    assert ([row.id for row in short.rows], short.complete) == ([1, 2], True)


async def test_a_page_is_as_large_as_wanted_but_never_larger_than_the_api_takes() -> None:
    """The size is a live setting; whoever asks knows the one in force."""
    async with opened(Shop(), fields=CONFIGURED, page_size=20) as world:
        await world.ready()
        await world.source.changes(None, 50)
        await world.source.changes(None, 500)

    assert [arrived.one("_limit") for arrived in world.service.arrived[:2]] == ["50", "100"]


async def test_only_needed_columns_are_asked_for() -> None:
    """Without a selection a row has hundreds of columns."""
    async with opened(Shop(), fields=CONFIGURED, columns=("description", "object_ref")) as world:
        await world.ready()
        await world.source.changes(None, 10)

    assert world.service.arrived[0].every("_select_columns[]") == [
        "id",
        "lock_version",
        "updated_at",
        "object_ref",
        COLUMNS.sync,
        COLUMNS.error,
        COLUMNS.outreach_id,
        COLUMNS.outreach_url,
        "opportunity_contact_ids",
        "opportunity_contact_roles",
        "description",
    ]


async def test_rows_that_are_not_eligible_are_marked_and_kept() -> None:
    """The poll must move on past them."""
    async with opened(Shop(a_row(1, **{COLUMNS.error: True})), fields=CONFIGURED) as world:
        await world.ready()
        page = await world.source.changes(None, 10)

    assert [(row.id, row.eligible) for row in page.rows] == [(1, False)]


@pytest.mark.parametrize("limit", [10, 100])
async def test_a_page_of_many_rows_none_of_which_is_usable_is_their_fault(limit: int) -> None:
    """Whether or not any row may stand behind it: that is a matter of all rows alike."""
    shop = Shop(a_row(1))
    async with opened(shop, fields=CONFIGURED) as world:
        await world.ready()
        shop.rows = tuple(a_row(one, lock_version=None) for one in range(1, 11))
        with pytest.raises(TheirFault, match="lock_version"):
            await world.source.changes(None, limit)


@pytest.mark.parametrize("odd", [1, 2, 9])
async def test_a_few_unusable_rows_behind_which_none_stands_are_passed_by(odd: int) -> None:
    """Nothing else was edited for a while, and nothing moves past them."""
    shop = Shop(a_row(1))
    async with opened(shop, fields=CONFIGURED) as world:
        await world.ready()
        shop.rows = tuple(a_row(one, lock_version=None) for one in range(1, odd + 1))
        page = await world.source.changes(None, 10)
        # Where more may follow, nobody knows from where to go on.
        with pytest.raises(TheirFault, match="lock_version"):
            await world.source.changes(None, odd)

    assert (page.rows, page.complete, page.odd) == ([], True, tuple(range(1, odd + 1)))
    assert len(page.unreadable) == odd


async def test_many_ids_are_read_in_requests_of_a_hundred() -> None:
    """It is what the service promises to answer in full."""
    async with opened(Shop(), fields=CONFIGURED) as world:
        await world.ready()
        found = await world.source.fetch(RecordType.OPPORTUNITY, [*range(1, 251), 1])
        assert found.rows == []

    asked = [arrived.filters[0][2].split(",") for arrived in world.service.arrived]
    assert [len(ids) for ids in asked] == [100, 100, 50]


async def test_a_captured_row_opens_and_its_columns_parse() -> None:
    """From wire to typed value, as a syncer does it."""
    row = a_row(document_currency_net_value="12500.0 GBP 1")
    async with opened(
        Shop(row), fields=CONFIGURED, columns=("document_currency_net_value",)
    ) as world:
        await world.ready()
        [captured] = (await world.source.changes(None, 10)).rows
        record = world.source.read(RecordType.OPPORTUNITY, captured.payload)
        value = world.source.parse(record.columns["document_currency_net_value"], Kind.MONEY)

    assert isinstance(value, Money)
    assert (str(value.amount), value.code) == ("12500.0", "GBP")


async def test_an_empty_batch_needs_no_request() -> None:
    """The service would refuse a write without objects."""
    async with opened(Shop(), fields=CONFIGURED) as world:
        await world.ready()
        assert await world.source.write_back(RecordType.OPPORTUNITY, []) == []

    assert world.service.arrived == []


async def test_a_batch_beyond_the_limit_is_our_own_mistake() -> None:
    """Splitting is the engine's business."""
    async with opened(Shop(), fields=CONFIGURED) as world:
        await world.ready()
        with pytest.raises(OurFault, match="101"):
            await world.source.write_back(
                RecordType.OPPORTUNITY, [WriteBack(each, 1, error=True) for each in range(101)]
            )


async def test_accounts_of_customers_are_read_by_id() -> None:
    """The opportunity's customer carries its Outreach account id."""

    def respond(arrived: Arrived) -> httpx.Response:
        if arrived.path == "/crm/organisations.api":
            return listed({"id": 77, "cf_account": "31"}, {"id": 78, "cf_account": None})
        return Shop()(arrived)

    async with opened(respond, fields=CONFIGURED, account_field="cf_account") as world:
        await world.ready()
        assert await world.source.account_ids({77, 78, 79}) == {77: "31"}

    [arrived] = world.service.arrived
    assert arrived.every("_select_columns[]") == ["id", "cf_account"]
    assert {*arrived.filters[0][2].split(",")} == {"77", "78", "79"}


async def test_customers_changed_since_are_listed_to_the_last_of_them() -> None:
    """A short page need not be the last; whoever lost the account is among them."""
    pages = [
        listed({"id": 77, "cf_account": "31"}, {"id": 78, "cf_account": None}),
        listed({"id": 80, "cf_account": "4"}),
        listed(),
    ]

    def respond(arrived: Arrived) -> httpx.Response:
        return pages.pop(0) if arrived.path == "/crm/organisations.api" else Shop()(arrived)

    async with opened(respond, fields=CONFIGURED, account_field="cf_account") as world:
        await world.ready()
        changed = await world.source.accounts_changed(1_700_000_000.5)

    assert changed == {77: "31", 78: "", 80: "4"}
    assert [arrived.filters[1][2] for arrived in world.service.arrived] == ["0", "78", "80"]


async def test_a_listing_that_begins_anew_each_time_is_read_once_more_and_no_further() -> None:
    """Where a filter counts for nothing, the same page comes for ever."""

    def respond(arrived: Arrived) -> httpx.Response:
        if arrived.path == "/crm/organisations.api":
            return listed({"id": 77, "cf_account": "31"}, {"id": 80, "cf_account": "4"})
        return Shop()(arrived)

    async with opened(respond, fields=CONFIGURED, account_field="cf_account") as world:
        await world.ready()
        with anyio.fail_after(DEADLINE_S):
            assert await world.source.accounts_changed(0.0) == {77: "31", 80: "4"}

    assert len(world.service.arrived) == 2


async def test_without_an_account_column_accounts_stay_unknown() -> None:
    """It is a blank account in the target, and no error."""
    async with opened(Shop(), fields=CONFIGURED) as world:
        await world.ready()
        assert await world.source.account_ids([77]) == {}
        assert await world.source.accounts_changed(0.0) == {}

    assert world.service.arrived == []


def crowded(rows_max: int) -> Callable[[Arrived], httpx.Response]:
    """A service of five records, whose answers are too large to read beyond so many rows."""
    rows = [a_row(number) for number in range(1, 6)]

    def respond(arrived: Arrived) -> httpx.Response:
        if arrived.path != "/crm/opportunities.api":
            return Shop()(arrived)
        by_id = {
            operator: criterion for name, operator, criterion in arrived.filters if name == "id"
        }
        wanted = by_id.get("eq", "").split(",")
        after = int(by_id.get("gt", "9"))
        found = [row for row in rows if str(row["id"]) in wanted or row["id"] > after]
        found = found[: int(arrived.one("_limit") or 0)]
        if len(found) > rows_max:
            return httpx.Response(200, content=b" " * (33 << 20))
        return listed(*found)

    return respond


async def test_a_page_too_large_to_read_is_asked_for_in_smaller_ones() -> None:
    """A hundred records of a megabyte and a half each are all read, a few at a time."""
    async with opened(crowded(2), fields=CONFIGURED) as world:
        await world.ready()
        first = await world.source.eligible(0, 5)
        second = await world.source.eligible(first.rows[-1].id, 5)

    assert [row.id for row in first.rows] == [1, 2]
    assert [row.id for row in second.rows] == [3, 4]
    assert not first.complete
    assert [arrived.one("_limit") for arrived in world.service.arrived] == ["5", "2", "2"]
    assert world.governor.failures == 0


async def test_records_by_id_too_large_to_read_at_once_are_read_by_halves() -> None:
    """None of them may count as missing."""
    async with opened(crowded(2), fields=CONFIGURED) as world:
        await world.ready()
        found = (await world.source.fetch(RecordType.OPPORTUNITY, [1, 2, 3, 4, 5])).rows

    assert sorted(row.id for row in found) == [1, 2, 3, 4, 5]


async def test_a_single_record_too_large_to_read_says_so() -> None:
    """Nothing smaller can be asked for."""
    async with opened(Shop(), fields=CONFIGURED) as world:
        await world.ready()
        world.service.respond = crowded(0)
        with pytest.raises(TooLarge, match="more than 33,554,432 bytes"):
            await world.source.fetch(RecordType.OPPORTUNITY, [1, 2])
