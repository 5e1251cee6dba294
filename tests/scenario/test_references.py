"""Rule 7 and its kin: owners, stages and accounts are found exactly or left blank."""

from __future__ import annotations

import pytest

from connectors.sandbox.sample import add_seat
from tests.scenario.bench import UPDATE, Bench
from tests.scenario.fuse_hands import approve
from tests.scenario.mapping_hands import spent

pytestmark = pytest.mark.anyio

ADA = "Ada King"
# A little more than what is read counts for.
HOUR_S = 3700


def owner(world: Bench, record: int) -> int | None:
    """Id of the owner in Outreach."""
    return world.twin(record).relationships.get("owner")


def account(world: Bench, record: int) -> int | None:
    """Id of the account in Outreach."""
    return world.twin(record).relationships.get("account")


def notes(world: Bench, record: int) -> str:
    """Everything the history says about a record."""
    return "\n".join(line.detail for line in world.history(record))


async def test_the_owner_is_the_user_of_exactly_that_name(world: Bench) -> None:
    """Exactly: neither another case nor a longer name is the same person."""
    ada = add_seat(world.outreach, ADA)
    add_seat(world.outreach, "Ada Kingsley")
    exact = world.has("Exact", assigned_to_name=ADA)
    shouted = world.has("Shouted", assigned_to_name="ADA KING")

    await world.once()

    assert owner(world, exact) == ada
    assert owner(world, shouted) is None


async def test_an_unknown_owner_is_left_blank_and_noted(world: Bench) -> None:
    """Syncing without an owner beats not syncing, as long as somebody can see why."""
    record = world.has("Harbour crane", assigned_to_name=ADA)

    await world.once()

    assert owner(world, record) is None
    assert f"no user is named '{ADA}'" in notes(world, record)


async def test_an_ambiguous_owner_is_left_blank_and_noted(world: Bench) -> None:
    """Choosing one of two namesakes would hand somebody a stranger's deal."""
    add_seat(world.outreach, ADA)
    add_seat(world.outreach, ADA)
    record = world.has("Harbour crane", assigned_to_name=ADA)

    await world.once()

    assert owner(world, record) is None
    assert f"2 users are named '{ADA}'" in notes(world, record)


async def test_an_owner_who_appears_later_is_set_without_an_edit(world: Bench) -> None:
    """Nobody edits a hundred opportunities because a colleague got a seat."""
    record = world.has("Harbour crane", assigned_to_name=ADA)
    await world.once()

    ada = add_seat(world.outreach, ADA)
    await world.once()

    assert owner(world, record) == ada


async def test_reassigning_to_somebody_unknown_clears_the_owner(world: Bench) -> None:
    """The former owner no longer has the deal; blank is what rule 7 asks for."""
    ada = add_seat(world.outreach, ADA)
    record = world.has("Harbour crane", assigned_to_name=ADA)
    await world.once()
    assert owner(world, record) == ada

    world.edit(record, assigned_to_name="A shared queue")
    await world.once()

    assert owner(world, record) is None


async def test_an_owner_without_a_name_column_is_found_through_the_queue(world: Bench) -> None:
    """The shorter column does not exist in every database."""
    world.workbooks.opportunities.type.by_key["assigned_to_name"].served = False
    world.workbooks.opportunities.type.index()
    ada = add_seat(world.outreach, ADA)
    record = world.has("Harbour crane", assigned_to_name=ADA)

    await world.once()

    assert owner(world, record) == ada


async def test_an_unknown_stage_is_left_blank_until_it_exists(world: Bench) -> None:
    """The two systems' pipelines are kept by different people."""
    record = world.has("Harbour crane", opportunity_stage_name="Proposal")
    await world.once()
    assert world.twin(record).relationships.get("opportunityStage") is None
    assert "no stage is named 'Proposal'" in notes(world, record)

    stage = world.outreach.stages.create({"name": "Proposal", "order": 1})
    await world.once()

    assert world.twin(record).relationships["opportunityStage"] == stage


async def test_the_account_is_the_one_its_organisation_names(world: Bench) -> None:
    """The organisation was synced by the plugin; its id is the only link there is."""
    target = world.outreach.accounts.create({"name": "Port of Rye"})
    port = world.workbooks.organisations.create(
        name="Port of Rye", cf_organisation_outreach_id=str(target)
    )
    record = world.has("Harbour crane", party_id=port)

    await world.once()

    assert account(world, record) == target


@pytest.mark.parametrize("written", ["4711", "see my e-mail", "²", "9" * 30])
async def test_an_account_that_does_not_exist_is_left_blank_and_noted(
    world: Bench, written: str
) -> None:
    """A dangling id would have the whole record refused."""
    port = world.workbooks.organisations.create(
        name="Port of Rye", cf_organisation_outreach_id=written
    )
    record = world.has("Harbour crane", party_id=port)

    await world.once()

    assert account(world, record) is None
    assert f"account '{written}' does not exist" in notes(world, record)


async def test_an_organisation_linked_later_fills_the_account(world: Bench) -> None:
    """The order in which the two syncs run must not matter in the end."""
    port = world.workbooks.organisations.create(name="Port of Rye")
    record = world.has("Harbour crane", party_id=port)
    await world.once()
    assert account(world, record) is None

    target = world.outreach.accounts.create({"name": "Port of Rye"})
    world.workbooks.organisations.update(port, cf_organisation_outreach_id=str(target))
    await world.once()

    assert account(world, record) == target


async def test_an_account_corrected_later_is_followed_without_an_edit(world: Bench) -> None:
    """The record is none the newer for it, so no poll and no audit shows that."""
    first, second = (world.outreach.accounts.create({"name": name}) for name in ("Rye", "Port"))
    port, other = (
        world.workbooks.organisations.create(name=name, cf_organisation_outreach_id=str(first))
        for name in ("Port of Rye", "Rye Ltd")
    )
    record, beside = world.has("Harbour crane", party_id=port), world.has("Mast", party_id=other)
    await world.once()
    world.clock.advance(HOUR_S)
    await world.once()
    assert account(world, record) == account(world, beside) == first

    world.workbooks.organisations.update(port, cf_organisation_outreach_id=str(second))
    world.workbooks.organisations.update(other, name="Rye Limited")
    world.clock.advance(HOUR_S)
    world.forget_traffic()
    await world.once()
    assert (account(world, record), account(world, beside)) == (second, first)
    assert world.outreach_traffic.counts[UPDATE] == 1

    world.workbooks.organisations.update(port, cf_organisation_outreach_id=None)
    world.clock.advance(HOUR_S)
    await world.once()
    assert account(world, record) is None


async def test_while_no_customer_changes_one_request_an_hour_says_so(world: Bench) -> None:
    """There may be tens of thousands of them, and none is asked for again."""
    target = world.outreach.accounts.create({"name": "Rye"})
    for number in range(5):
        port = world.workbooks.organisations.create(
            name=f"Port {number}", cf_organisation_outreach_id=str(target)
        )
        world.has(f"Crane {number}", party_id=port)
    await world.once()
    for _ in range(2):
        world.clock.advance(2 * HOUR_S)
        world.forget_traffic()
        await world.once()
    assert world.workbooks_traffic.counts["GET", "/crm/organisations.api"] == 1
    assert spent(world) == 0

    world.clock.advance(60)
    await world.once()
    assert world.workbooks_traffic.counts["GET", "/crm/organisations.api"] == 1


async def test_who_corrects_the_accounts_of_all_at_once_is_asked_whether_that_is_meant(
    world: Bench,
) -> None:
    """A slip in an import of customers must not rewrite everything."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 2}
    first, second = (world.outreach.accounts.create({"name": name}) for name in ("Rye", "Port"))
    port = world.workbooks.organisations.create(name="Rye", cf_organisation_outreach_id=str(first))
    records = [world.has(f"Crane {number}", party_id=port) for number in range(6)]
    await world.once()
    world.workbooks.organisations.update(port, cf_organisation_outreach_id=str(second))
    world.clock.advance(HOUR_S)

    await world.once()
    assert {account(world, record) for record in records} == {first}
    await approve(world)
    await world.once()
    assert {account(world, record) for record in records} == {second}


async def test_an_account_deleted_between_two_looks_does_not_refuse_the_record(
    world: Bench,
) -> None:
    """Outreach refuses a dangling reference; the record itself is sound."""
    target = world.outreach.accounts.create({"name": "Port of Rye"})
    port = world.workbooks.organisations.create(
        name="Port of Rye", cf_organisation_outreach_id=str(target)
    )
    record = world.has("Harbour crane", party_id=port)
    world.just_before_a_create(lambda: world.outreach.accounts.delete(target))

    await world.once()

    assert account(world, record) is None
