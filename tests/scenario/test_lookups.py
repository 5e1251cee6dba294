"""What is read for many records at once and cannot be read is no single record's failure."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import anyio
import pytest

from connectors.outreach.oauth import MINT_INTERVAL_S
from connectors.sandbox.faults import Fault
from engine.errors import Unreachable
from engine.resolvers.lookups import RETRY_S
from engine.service import once
from tests.scenario.bench import Bench
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

REFUSAL = '{"errors":[{"id":"validationError","title":"Validation Error","detail":"No."}]}'
BY_ID = r"_ff\[\]=id&"
FAILURE = '{"success":false,"failures":["No."]}'


@dataclass(frozen=True)
class Trouble:
    """A fault at one of the two systems, and what the waiting record's reason must say."""

    system: str
    fault: Fault
    said: str


TROUBLES = {
    "users are refused": Trouble(
        "outreach", Fault(path="/users$", status=422, text=REFUSAL, times=None), "users"
    ),
    "users are not found": Trouble(
        "outreach", Fault(path="/users$", status=404, text="{}", times=None), "users"
    ),
    "stages fail": Trouble(
        "outreach", Fault(path="/opportunityStages$", status=500, times=None), "stages"
    ),
    "organisations fail": Trouble(
        "workbooks",
        Fault(path="organisations.api$", status=200, text=FAILURE, times=None),
        "customers",
    ),
    "organisations are not there": Trouble(
        "workbooks", Fault(path="organisations.api$", status=404, times=None), "customers"
    ),
    "people are no JSON": Trouble(
        "workbooks",
        Fault(path="people.api$", body=BY_ID, status=200, text="<html>", times=None),
        "people",
    ),
    "prospects are refused": Trouble(
        "outreach",
        Fault(method="GET", path="/prospects$", status=422, text=REFUSAL, times=None),
        "prospects",
    ),
}


@pytest.fixture
def busy(world: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Records with everything that can be looked up, impatient to call a record at fault."""
    monkeypatch.setattr(once, "RETRY_PATIENCE_S", 0.3)
    world.settings["retry"] = {"base_s": 0.01, "cap_s": 0.02, "attempts_max": 2}
    account = world.outreach.accounts.create({"name": "Port of Rye"})
    port = world.workbooks.organisations.create(
        name="Port of Rye", cf_organisation_outreach_id=str(account)
    )
    for number in range(3):
        record = world.has(
            f"Row {number}",
            party_id=port,
            assigned_to_name="Ada King",
            opportunity_stage_name="Proposal",
        )
        world.puts(record, (world.knows(f"Ada {number}"), "Buyer"))
    return world


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_a_lookup_that_fails_flags_nobody_and_is_waited_for(
    busy: Bench, trouble: Trouble
) -> None:
    """Hundreds of flags would have to be reset by hand, for a fault that was nobody's."""
    traffic = busy.outreach_traffic if trouble.system == "outreach" else busy.workbooks_traffic
    traffic.plan.add(trouble.fault)
    for number in range(4):
        busy.has(f"Plain {number}")
        # A system that answers nothing but nonsense counts as down, which `once` reports.
        with suppress(Unreachable):
            await busy.once()
        busy.clock.advance(61)
    assert busy.reasons() == {}
    assert any(trouble.said in reason for reason in busy.waiting())

    traffic.plan.clear()
    counts = (await busy.once()).counts

    assert (counts.pending, counts.tabs, counts.people_refused) == (0, 0, 0)
    assert all(len(busy.roles(record)) == 1 for record in (1, 2, 3))


async def test_a_database_without_the_plugins_fields_on_people_syncs_opportunities(
    world: Bench,
) -> None:
    """Nothing waits for what cannot be, and it is made up for once the fields are there."""
    world.workbooks_fault(Fault(path="people.api$", status=404, times=None))
    ada = world.knows()
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer"))

    counts = (await world.once()).counts
    assert world.twin(record)
    assert (counts.pending, counts.tabs, counts.lines_held_back) == (0, 0, 0)

    world.workbooks_traffic.plan.clear()
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer"))


@pytest.mark.parametrize("odd", [("odd 3",), ("odd 0", "odd 1", "odd 6")])
async def test_an_address_that_cannot_be_looked_for_keeps_nobody_else_waiting(
    world: Bench, odd: tuple[str, ...]
) -> None:
    """People are looked for together, and one among them may be of a kind the target refuses."""
    for name in odd:
        address = name.replace(" ", ".") + "@"
        refused = Fault(
            method="GET", path="/prospects$", query=address, status=422, text=REFUSAL, times=None
        )
        world.outreach_traffic.plan.add(refused)
    names = [f"odd {number}" if f"odd {number}" in odd else f"Ada {number}" for number in range(8)]
    people = world.knows_all(*names)
    records = [world.has(f"Row {number}") for number in range(8)]
    for record, person in zip(records, people, strict=True):
        world.puts(record, (person, "Buyer"))

    with anyio.fail_after(DEADLINE_S):
        while (await world.once()).counts.tabs:
            # Who happened to be looked for alone is asked for again, beside others.
            world.clock.advance(RETRY_S)

    for record, name, person in zip(records, names, people, strict=True):
        if name in odd:
            assert world.roles(record) == []
            assert world.person(person)["error"] is True
            assert "look for" in world.history(person, "PERS")[0].detail
        else:
            assert world.roles(record) == world.wanted((person, "Buyer"))

    world.outreach_traffic.plan.clear()
    for name, person in zip(names, people, strict=True):
        if name in odd:
            world.mends(person, cf_person_outreach_sync_error=False)
    await world.once()

    for record, person in zip(records, people, strict=True):
        assert world.roles(record) == world.wanted((person, "Buyer"))


@pytest.mark.parametrize("status", [302, 401, 403, 404, 414, 500])
async def test_a_front_that_takes_no_list_of_addresses_keeps_nobody_waiting(
    world: Bench, status: int
) -> None:
    """Only what a single address is answered tells whether people are looked for at all."""
    several = Fault(
        method="GET", path="/prospects$", query=r"emails\]\[\]=.*emails\]\[\]=", times=None
    )
    page = replace(several, status=status, text="<html>Not like that.</html>")
    await world.once()
    # The token in use is one of more than a minute ago.
    world.clock.advance(MINT_INTERVAL_S)
    world.outreach_traffic.plan.add(page)
    people = world.knows_all(*(f"Ada {number}" for number in range(8)))
    records = [world.has(f"Row {number}") for number in range(8)]
    for record, person in zip(records, people, strict=True):
        world.puts(record, (person, "Buyer"))

    for _ in range(4):
        await world.once()
        world.clock.advance(RETRY_S)

    for record, person in zip(records, people, strict=True):
        assert world.roles(record) == world.wanted((person, "Buyer"))


async def test_a_workbooks_that_shows_few_rows_at_once_hides_nobody(world: Bench) -> None:
    """Who is not shown among many that were asked for is not deleted for that."""
    world.workbooks.knobs.page_rows_max = 20
    people = world.knows_all(*(f"Ada {number}" for number in range(45)))
    record = world.has("Harbour crane")
    world.puts(record, *((person, "Buyer") for person in people))

    await world.once()

    assert world.roles(record) == world.wanted(*((person, "Buyer") for person in people))
