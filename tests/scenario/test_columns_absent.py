"""A column that the source does not give need not be blank: the field keeps what it holds."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from structlog.testing import capture_logs

from connectors.sandbox.outreach.rows import Row
from connectors.sandbox.workbooks import Money
from connectors.sandbox.workbooks.fields import RecordType
from tests.scenario.asking_hands import why
from tests.scenario.bench import UPDATE, Bench, until
from tests.scenario.fuse_hands import past_the_overlap
from tests.scenario.mapping_hands import maps
from tests.scenario.service_port import eventually, served
from tests.scenario.test_first_look import populated
from tests.scenario.test_status import verdict

pytestmark = pytest.mark.anyio

CLOSE_DATE = "document_date"
NOTES = "comment"
STAGE = "opportunity_stage[name]"
# More than an answer about a customer counts for.
TTL_S = 7200.0
# What every change changes, and what follows from the amount.
ALWAYS = ("updatedAt", "updater", "amountPrecise")


@pytest.fixture
def audited(world: Bench) -> Bench:
    """Every run sweeps, and every sweep audits everything."""
    world.settings["poller"] = {"sweep_interval_s": 0.001, "audit_interval_s": 0.001}
    return world


@contextmanager
def without(record_type: RecordType, *columns: str) -> Generator[None]:
    """Our user may not read these columns meanwhile."""
    fields = [record_type.named(column) for column in columns]
    for field in fields:
        field.served = False
    record_type.index()
    try:
        yield
    finally:
        for field in fields:
            field.served = True
        record_type.index()


def full(world: Bench, name: str = "Harbour crane") -> int:
    """A record with everything that the standard mapping takes."""
    world.outreach.stages.create({"name": "Proposal", "order": 1})
    return world.has(
        name,
        document_date="2026-12-24",
        document_currency_net_value=Money(Decimal(1200)),
        comment="Lifts forty tons",
        opportunity_stage_name="Proposal",
    )


def held(row: Row, *but: str) -> dict[str, object]:
    """Everything that a record of Outreach holds, besides these."""
    everything = {**row.attributes, **row.relationships}
    return {name: value for name, value in everything.items() if name not in {*but, *ALWAYS}}


@pytest.mark.parametrize("column", [CLOSE_DATE, NOTES, STAGE, "object_ref", "description"])
async def test_an_edit_leaves_the_field_of_an_absent_column_as_it_is(
    world: Bench, column: str
) -> None:
    """The right to one column was taken from our user, whatever the target demands."""
    record = full(world)
    await world.once()
    before = held(world.twin(record), "amount")

    with without(world.workbooks.opportunities.type, column):
        world.edit(record, document_currency_net_value=Money(Decimal(9000)))
        await world.once()

    assert world.reasons() == {}
    assert held(world.twin(record), "amount") == before
    assert world.twin(record).attributes["amount"] == 9000


async def test_a_reference_that_is_blank_is_not_taken_from_a_record(world: Bench) -> None:
    """It is what a create whose answer was lost is found by."""
    maps(world, {"customId": "refcode"})
    record = world.has("Harbour crane", refcode="R1")
    await world.once()

    world.edit(record, description="Harbour crane, blue", refcode=None)
    await world.once()

    assert world.reasons() == {}
    twin = world.outreach.opportunities.get(1)
    assert twin is not None
    assert twin.attributes["customId"] == "R1"
    assert twin.attributes["name"] == "Harbour crane, blue"


async def test_a_default_stands_in_for_a_blank_value_and_not_for_an_absent_column(
    world: Bench,
) -> None:
    """What was entered before is worth more than a default."""
    maps(world, {"description": {"from": NOTES, "default": "no notes"}})
    record, blank = full(world), world.has("Ferry")
    await world.once()
    assert world.twin(blank).attributes["description"] == "no notes"

    with without(world.workbooks.opportunities.type, NOTES):
        world.edit(record, description="Harbour crane, blue")
        await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane, blue"
    assert world.twin(record).attributes["description"] == "Lifts forty tons"


async def test_a_template_is_not_filled_without_one_of_its_columns(world: Bench) -> None:
    """Half of a sentence is no sentence."""
    maps(world, {"description": {"template": "{comment} by {document_date}"}})
    record = full(world)
    await world.once()
    assert world.twin(record).attributes["description"] == "Lifts forty tons by 2026-12-24"

    with without(world.workbooks.opportunities.type, NOTES):
        world.edit(record, document_date="2027-01-31")
        await world.once()

    assert world.twin(record).attributes["closeDate"].startswith("2027-01-31")
    assert world.twin(record).attributes["description"] == "Lifts forty tons by 2026-12-24"


async def test_an_absent_column_of_several_leaves_the_word_to_the_others(world: Bench) -> None:
    """A list of columns says where a value may be found: one that never comes is usual."""
    maps(world, {"description": {"from": [NOTES, "description"]}})
    record = full(world)
    await world.once()

    with without(world.workbooks.opportunities.type, NOTES):
        world.edit(record, description="Harbour crane, blue")
        await world.once()

    assert world.twin(record).attributes["description"] == "Harbour crane, blue"


async def test_what_was_edited_without_the_column_follows_once_it_is_back(audited: Bench) -> None:
    """No poll shows it: neither its time nor its version moves by that."""
    record, made = full(audited), 0
    await audited.once()

    with without(audited.workbooks.opportunities.type, CLOSE_DATE):
        audited.edit(record, document_date="2027-01-31")
        made = audited.has("Ferry", document_date="2027-02-28")
        await audited.once()
        assert audited.twin(record).attributes["closeDate"].startswith("2026-12-24")
        assert audited.twin(made).attributes.get("closeDate") is None
    audited.clock.advance(600)
    await audited.once()

    assert audited.twin(record).attributes["closeDate"].startswith("2027-01-31")
    assert audited.twin(made).attributes["closeDate"].startswith("2027-02-28")
    audited.forget_traffic()
    await audited.once()
    assert audited.outreach_traffic.total == 0


async def test_a_column_that_is_back_during_a_first_look_frees_nothing_from_the_fuse(
    world: Bench,
) -> None:
    """Whoever reads in the status that it is not given sees to that while the look lasts."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 2}
    records = await populated(world)
    table = world.workbooks.opportunities.type

    def back() -> None:
        # Rows are read anew by then, before anything is decided on them.
        world.clock.advance(TTL_S)
        table.named(NOTES).served = True
        table.index()

    world.outreach_door.before["GET", "/api/v2/opportunities/1"] = back
    with without(table, NOTES):
        result = await world.once()

    assert world.outreach_traffic.counts[UPDATE] == 0
    assert (result.held.records, result.held.tripped) == (len(records), True)


async def test_an_account_id_that_is_not_given_leaves_the_account_as_it_is(world: Bench) -> None:
    """The right to the column on organisations was taken from our user."""
    account = world.outreach.accounts.create({"name": "Port of Rye"})
    port = world.workbooks.organisations.create(
        name="Port of Rye", cf_organisation_outreach_id=str(account)
    )
    record = world.has("Harbour crane", party_id=port)
    await world.once()
    assert world.twin(record).relationships["account"] == account

    with without(world.workbooks.organisations.type, "cf_organisation_outreach_id"):
        world.workbooks.organisations.update(port, name="Port of Rye Ltd")
        world.edit(record, description="Harbour crane, blue")
        await world.once()
        assert world.twin(record).attributes["name"] == "Harbour crane, blue"
        assert world.twin(record).relationships["account"] == account
        later = world.has("Ferry", party_id=port)
        await world.once()
        assert world.twin(later).relationships.get("account") is None

    world.clock.advance(600)
    await world.once()
    assert world.twin(later).relationships["account"] == account


@pytest.mark.parametrize("cleared", [False, True])
async def test_an_account_id_that_was_edited_while_it_was_not_given_follows_once_it_is_back(
    world: Bench, cleared: bool
) -> None:
    """No version of the record tells that, and its customer is not edited again."""
    first, second = (world.outreach.accounts.create({"name": name}) for name in ("Rye", "Port"))
    ids = "cf_organisation_outreach_id"
    port = world.workbooks.organisations.create(name="Port of Rye", **{ids: str(first)})
    record = world.has("Harbour crane", party_id=port)
    await world.once()
    world.clock.advance(TTL_S)
    await world.once()

    with without(world.workbooks.organisations.type, ids):
        world.workbooks.organisations.update(port, **{ids: None if cleared else str(second)})
        for _ in range(3):
            world.clock.advance(TTL_S)
            await world.once()
    assert world.twin(record).relationships["account"] == first
    world.clock.advance(TTL_S)
    await world.once()

    assert world.twin(record).relationships.get("account") == (None if cleared else second)
    world.clock.advance(TTL_S)
    world.forget_traffic()
    await world.once()
    # Whoever has none is awaited, and asked for besides.
    assert world.workbooks_traffic.counts["GET", "/crm/organisations.api"] == 1 + cleared


async def test_whoever_looks_is_told_of_the_column_and_what_helps(world: Bench) -> None:
    """The log, once; the status; `why` of each record, beside the field."""
    record = full(world)
    await world.once()
    with without(world.workbooks.opportunities.type, CLOSE_DATE), capture_logs() as logs:
        async with served(world) as port:
            for number in range(3):
                name = f"Harbour crane {number}"
                world.edit(record, description=name)
                await until(lambda name=name: world.twin(record).attributes["name"] == name)

            async def told() -> bool:
                return verdict(await port.status(), "workbooks")["code"] == "column-absent"

            await eventually(told)
            said = verdict(await port.status(), "workbooks")
        [field] = [
            one for one in (await why(world, record))["fields"] if one["title"] == "closeDate"
        ]

    assert said["verdict"] == "works in part"
    assert CLOSE_DATE in said["cause"]
    assert [one["columns"] for one in logs if one["event"] == "columns_absent"] == [[CLOSE_DATE]]
    assert CLOSE_DATE in field["note"]
    assert field["held"].startswith("2026-12-24")


async def test_a_column_that_is_back_is_told_of_too(world: Bench) -> None:
    """Whoever has mended it sees that it helped."""
    record = full(world)
    with capture_logs() as logs:
        async with served(world) as port:
            with without(world.workbooks.opportunities.type, CLOSE_DATE):
                world.edit(record, description="Harbour crane, blue")
                await until(lambda: any(one["event"] == "columns_absent" for one in logs))
            world.edit(record, description="Harbour crane, red")
            await until(lambda: any(one["event"] == "columns_back" for one in logs))

            async def works() -> bool:
                return verdict(await port.status(), "workbooks")["verdict"] == "works"

            await eventually(works)

    told = [one for one in logs if one["event"] in {"columns_absent", "columns_back"}]
    assert [(one["event"], one["columns"]) for one in told] == [
        ("columns_absent", [CLOSE_DATE]),
        ("columns_back", [CLOSE_DATE]),
    ]


async def test_the_rows_of_an_audit_tell_of_a_column_where_nobody_edits(audited: Bench) -> None:
    """They are what follows the records once it is back, and no poll shows one."""
    record = full(audited)
    await audited.once()
    await past_the_overlap(audited)
    table = audited.workbooks.opportunities.type
    async with served(audited, **audited.settings["poller"]) as port:

        async def told() -> bool:
            return verdict(await port.status(), "workbooks")["code"] == "column-absent"

        async def works() -> bool:
            return verdict(await port.status(), "workbooks")["verdict"] == "works"

        with without(table, CLOSE_DATE):
            await eventually(told)
        await eventually(works)
    assert audited.twin(record).attributes["closeDate"].startswith("2026-12-24")


@pytest.mark.parametrize("column", ["description", "object_ref"])
async def test_what_was_refused_for_want_of_a_column_goes_on_once_that_is_back(
    audited: Bench, column: str
) -> None:
    """Nobody is to reset the flag of each record that was ticked meanwhile."""
    await audited.once()
    with without(audited.workbooks.opportunities.type, column):
        record = audited.has("Ferry")
        await audited.once()
        assert audited.record(record)["error"] is True
        audited.clock.advance(600)
        await audited.once()
    for _ in range(2):
        audited.clock.advance(600)
        await audited.once()

    assert audited.twin(record).attributes["name"] == "Ferry"
    assert audited.reasons() == {}
