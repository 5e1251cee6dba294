"""What is read for many records at once and cannot be read is no single record's failure."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import pytest

from connectors.sandbox.faults import Fault
from engine.errors import Unreachable
from engine.service import once
from tests.scenario.bench import Bench

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

    assert (counts.pending, counts.contacts, counts.people_refused) == (0, 0, 0)
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
    assert (counts.pending, counts.contacts, counts.lines_held_back) == (0, 0, 0)

    world.workbooks_traffic.plan.clear()
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer"))
