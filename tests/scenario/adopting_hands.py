"""What tests of an adoption share: the past of a pair that another program has run."""

from __future__ import annotations

from typing import Any

from engine.model.adoption import Finding
from engine.model.plan import LeftOut
from engine.service.planning.rehearsal import Wanted
from tests.scenario.bench import Bench
from tests.scenario.plan_hands import Plan

ADOPTS = Wanted(adopts=True)
ID, URL = "cf_opportunity_outreach_id", "cf_opportunity_outreach_url"
ERROR = "cf_opportunity_outreach_sync_error"


async def synced(world: Bench, *records: int) -> None:
    """Somebody has synced these records; our own state knows nothing of it."""
    await world.once()
    world.forget_state()
    for record in records:
        world.twin(record)
    world.forget_traffic()


def unwritten(world: Bench, record: int) -> int:
    """The id and the address of a record were never written back; returns the id."""
    target_id = world.twin(record).id
    world.edit(record, **{ID: "", URL: ""})
    return target_id


def doubled(world: Bench, target_id: int, **attributes: Any) -> int:
    """A second target record like that one; returns its id."""
    row = world.outreach.opportunities.get(target_id)
    assert row is not None
    like = {name: row.attributes.get(name) for name in ("name", "amount", "customId")}
    account = row.relationships.get("account")
    links = {} if account is None else {"account": account}
    return world.outreach.opportunities.create(like | attributes, links)


def has_deal(world: Bench, name: str = "Harbour crane", amount: str = "1200.00") -> int:
    """A record with a customer that has an account, and an amount."""
    account = world.outreach.accounts.create({"name": "Port of Rye"})
    port = world.workbooks.organisations.create(
        name="Port of Rye", cf_organisation_outreach_id=str(account)
    )
    return world.has_valued(name, amount, party_id=port)


def found(plan: Plan) -> dict[str, Finding]:
    """What each record was found to be; of one that is doubled, what it is beside that."""
    return {
        one.ref: one.finding
        for one in (*plan.left_out, *plan.changes)
        if one.finding is not None and one.finding is not Finding.DOUBLED
    }


def doubles(plan: Plan) -> list[LeftOut]:
    """The target records that are left to a person."""
    return [one for one in plan.left_out if one.finding is Finding.DOUBLED]
