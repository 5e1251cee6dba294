"""`wosync retry`: our flags are reset in batches and the records tried again; others stay."""

from __future__ import annotations

from contextlib import closing, suppress

import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.outreach import Validation
from engine.errors import EngineError
from engine.model.acting import Act, Request
from engine.model.reason import Code
from engine.store.sqlite import statefile
from tests.scenario.acting_hands import act_offline, did, retry
from tests.scenario.asking_hands import why
from tests.scenario.bench import CREATE, OPPORTUNITIES, UPDATE, Bench

pytestmark = pytest.mark.anyio

FLAG = "cf_opportunity_outreach_sync_error"
SYNC = "cf_opportunity_sync_to_outreach"
PERSON_FLAG = "cf_person_outreach_sync_error"
NO_CREATES = Fault(method="POST", path="/opportunities$", status=503, times=None)
NARROW = Validation("inclusion", definition=("hot", "cold"))
WIDE = Validation("inclusion", definition=("hot", "lukewarm", "cold"))


def allows(world: Bench, rule: Validation) -> None:
    """What Outreach takes in a field that is filled from a column."""
    world.outreach.define_custom_field("opportunity", "custom1", rule)
    world.settings["mapping.opportunity"] = {"custom1": "refcode"}


async def refused(world: Bench, number: int = 1) -> list[int]:
    """Records that Outreach has refused, until it takes more than now."""
    allows(world, NARROW)
    records = [world.has(f"Row {one}", refcode="lukewarm") for one in range(number)]
    await world.once()
    assert all(world.record(one)["error"] for one in records)
    allows(world, WIDE)
    return records


def write_backs(world: Bench) -> int:
    """Requests that wrote opportunities in Workbooks."""
    return sum(one.method == "PUT" and one.path == OPPORTUNITIES for one in world.workbooks_seen)


async def test_a_record_that_is_retried_syncs_and_its_flag_is_reset(world: Bench) -> None:
    """Nobody has to touch the record in Workbooks."""
    [record] = await refused(world)

    told = await retry(world, f"OPP-{record}")
    await world.once()

    assert did(told) == {f"OPP-{record}": "reset"}
    assert world.twin(record).attributes["custom1"] == "lukewarm"
    assert world.reasons() == {}


async def test_what_is_not_mended_is_flagged_again_with_its_reason(world: Bench) -> None:
    """A retry too early does no harm, and says so in the record again."""
    [record] = await refused(world)
    allows(world, NARROW)

    await retry(world, record)
    await world.once()
    await world.once()

    assert world.record(record)["error"] is True
    assert f"OPP-{record}" in world.reasons()
    assert did(await retry(world, record)) == {f"OPP-{record}": "reset"}


async def test_all_of_one_reason_are_reset_in_batches(world: Bench) -> None:
    """A hundred to a request, also where they cannot be created yet."""
    world.settings["retry"]["heal"] = False
    records = await refused(world, 120)
    other = world.has("x" * 256)
    await world.once()
    world.outreach_fault(NO_CREATES)
    world.forget_traffic()

    told = await retry(world, code=Code(world.reasons()[f"OPP-{records[0]}"].reason_code or ""))
    with suppress(EngineError):
        await world.once()

    assert len(did(told)) == len(records)
    assert not any(world.record(one)["error"] for one in records)
    assert world.record(other)["error"] is True
    assert write_backs(world) <= 4


async def test_a_flag_of_somebody_else_stays(world: Bench) -> None:
    """Whoever set it had a reason that is not ours to judge."""
    theirs = world.has("Theirs", **{FLAG: True})
    [ours] = await refused(world)
    world.edit(ours, **{FLAG: False})
    await world.once()
    world.edit(ours, **{FLAG: True})
    await world.once()

    told = await retry(world, theirs, ours, everything=False)
    await world.once()

    assert world.record(theirs)["error"] is True
    assert world.record(ours)["error"] is True
    assert "reset" not in did(told).values()


async def test_a_flag_set_after_our_reset_is_somebodys(world: Bench) -> None:
    """From the moment our own flag is off, one that is shown is not ours."""
    [record] = await refused(world)
    world.outreach_fault(NO_CREATES)
    await retry(world, record)
    with suppress(EngineError):
        await world.once()
    assert world.record(record)["error"] is False

    world.edit(record, **{FLAG: True})
    world.outreach_traffic.plan.clear()
    world.clock.advance(3700)
    await world.once()
    await world.once()

    assert world.record(record)["error"] is True
    assert world.twins(record) == []


async def test_an_edit_made_meanwhile_is_what_is_sent(world: Bench) -> None:
    """The row that was refused may be old by the time somebody retries."""
    world.settings["retry"]["heal"] = False
    [record] = await refused(world)
    world.edit(record, description="Painted")

    await retry(world, record)
    await world.once()

    assert world.twin(record).attributes["name"] == "Painted"


async def test_what_was_unticked_meanwhile_is_not_sent(world: Bench) -> None:
    """A retry is no tick."""
    world.settings["retry"]["heal"] = False
    [record] = await refused(world)
    world.edit(record, **{SYNC: False})

    await retry(world, record)
    await world.once()

    assert world.twins(record) == []


async def test_a_retry_survives_a_kill_at_every_write_back(world: Bench) -> None:
    """What is owed is on disk, and the echo of a lost answer is taken for what it is."""
    [record] = await refused(world)
    world.workbooks_fault(Fault(method="PUT", when="after", action="drop"))

    await retry(world, record)
    await world.once()
    world.clock.advance(120)
    await world.once()

    assert world.twin(record)
    assert len(world.twins(record)) == 1


async def test_the_people_of_a_retried_record_follow(world: Bench) -> None:
    """The row that the tab is read from shows our flag until it is captured anew."""
    person = world.knows()
    allows(world, NARROW)
    record = world.has(refcode="lukewarm")
    world.puts(record, (person, "Buyer"))
    await world.once()
    allows(world, WIDE)

    await retry(world, record)
    await world.once()

    assert len(world.roles(record)) == 1


async def test_our_own_reset_costs_nothing_later(world: Bench) -> None:
    """Its echo is recognised."""
    [record] = await refused(world)
    await retry(world, record)
    await world.once()
    world.forget_traffic()

    world.clock.advance(60)
    await world.once()

    assert not {(one.method, one.path) for one in world.outreach_seen} & {CREATE, UPDATE}
    assert write_backs(world) == 0


async def test_a_retry_on_the_stopped_state_is_done_at_the_next_start(world: Bench) -> None:
    """Whoever is called at night may find the service down."""
    [record] = await refused(world)

    told = act_offline(world, Request(Act.RETRY, (f"OPP-{record}",)))
    await world.once()

    assert did(told) == {f"OPP-{record}": "reset"}
    assert world.twin(record)


async def test_a_refused_person_is_retried(world: Bench) -> None:
    """By itself, and not by its opportunities."""
    rule = Validation("inclusion", definition=("hot",))
    world.outreach.define_custom_field("prospect", "custom1", rule)
    world.settings["mapping.prospect"] = {"custom1": "person_job_title"}
    person = world.knows(person_job_title="Engineer")
    record = world.has()
    world.puts(record, (person, "Buyer"))
    await world.once()
    assert world.person(person)["error"] is True
    wider = Validation("inclusion", definition=("hot", "Engineer"))
    world.outreach.define_custom_field("prospect", "custom1", wider)

    told = await retry(world, f"PERS-{person}")
    await world.once()

    assert did(told) == {f"PERS-{person}": "reset"}
    assert world.told(person)
    assert len(world.roles(record)) == 1


async def test_what_waits_is_tried_at_once(world: Bench) -> None:
    """Somebody who knows that the trouble is over need not wait for the backoff."""
    world.settings["retry"] = {"base_s": 600, "cap_s": 3600}
    record = world.has()
    await world.once()
    world.outreach_fault(Fault(path="/opportunities/", status=503, times=None))
    world.edit(record, description="Painted")
    with suppress(EngineError):
        await world.once()
    world.outreach_traffic.plan.clear()

    told = await retry(world, record)
    await world.once()

    assert did(told) == {f"OPP-{record}": "due"}
    assert world.twin(record).attributes["name"] == "Painted"


async def test_a_create_in_doubt_is_not_hurried(world: Bench) -> None:
    """Sent again too early it would be a second one."""
    world.outreach.knobs.index_lag_s = 250
    world.settings["outreach"]["visibility_s"] = 300
    world.outreach_fault(Fault(method="POST", path="/opportunities$", when="after", action="drop"))
    record = world.has()
    await world.once()

    told = await retry(world, record)
    await world.once()

    assert did(told) == {f"OPP-{record}": "sought"}
    assert len(world.twins(record)) == 1


async def test_what_is_unknown_is_told_with_what_is_near(world: Bench) -> None:
    """And the rest is done all the same."""
    [record] = await refused(world)

    told = await retry(world, record, f"OPP-{record + 7}", "what?")

    assert did(told) == {f"OPP-{record}": "reset"}
    assert [one["x"] for one in told["unknown"]] == [f"OPP-{record + 7}", "what?"]
    assert told["unknown"][0]["nearest"] == [f"OPP-{record} (opportunity)"]


async def test_why_tells_of_the_retry(world: Bench) -> None:
    """Between the command and the next attempt nobody is told to reset a flag."""
    [record] = await refused(world)

    await retry(world, record)
    told = await why(world, record)

    assert told["verdict"] == "waits"
    assert any(one["decision"] == "retried" for one in told["history"])


async def test_nothing_of_it_is_left_in_the_state(world: Bench) -> None:
    """Once it is settled, the record is as any other."""
    [record] = await refused(world)
    await retry(world, record)
    await world.once()
    world.edit(record, description="Painted")
    await world.once()

    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        row = connection.execute("SELECT flagged, lifted, reread, state FROM record").fetchone()
    assert tuple(row) == (0, 0, 0, "settled")
    assert world.twin(record).attributes["name"] == "Painted"
