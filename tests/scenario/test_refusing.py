"""Rule 6: what retrying cannot cure is flagged with its reason, and a reset flag is enough."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.outreach import Validation
from engine.errors import Unreachable
from tests.scenario.bench import OPPORTUNITIES, Bench

pytestmark = pytest.mark.anyio

TOO_LONG = "x" * 256


def flagged(world: Bench, record: int) -> bool:
    """Whether a record carries the flag and nothing of it exists in Outreach."""
    held = world.record(record)
    assert held["outreach_id"] is None
    assert world.twins(record) == []
    return held["error"] is True


async def test_an_overlong_name_is_flagged_and_others_go_on(world: Bench) -> None:
    """One bad record must neither stop the rest nor vanish without a word."""
    bad = world.has(TOO_LONG)
    good = world.has("Harbour crane")

    result = await world.once()

    assert flagged(world, bad)
    reason = world.reasons()[f"OPP-{bad}"]
    assert (reason.field, reason.reason_class) == ("name", "validation")
    assert "256 characters" in reason.reason
    assert world.twin(good)
    assert (result.counts.refused, result.counts.pending) == (1, 0)


async def test_a_malformed_amount_is_flagged_and_names_its_field(world: Bench) -> None:
    """A column of free text may hold anything; guessing an amount would be worse."""
    world.settings["mapping.opportunity"] = {"amount": {"from": "fao", "as": "money"}}
    bad = world.has("Harbour crane", fao="about a million")
    good = world.has("Dry dock", fao="1200.00")

    await world.once()

    assert flagged(world, bad)
    assert world.reasons()[f"OPP-{bad}"].field == "amount"
    assert world.twin(good).attributes["amount"] == 1200


async def test_a_refusal_by_outreach_is_flagged_with_its_own_words(world: Bench) -> None:
    """A rule made since we read the rules shows in the refusal alone."""
    rule = Validation("inclusion", definition=("hot", "cold"))
    world.just_before_a_create(
        lambda: world.outreach.define_custom_field("opportunity", "custom1", rule)
    )
    world.settings["mapping.opportunity"] = {"custom1": "refcode"}
    bad = world.has("Harbour crane", refcode="lukewarm")
    good = world.has("Dry dock", refcode="hot")

    await world.once()

    assert flagged(world, bad)
    reason = world.reasons()[f"OPP-{bad}"]
    assert reason.field == "custom1"
    assert "not included in the list" in reason.reason
    assert world.twin(good).attributes["custom1"] == "hot"


async def test_a_flagged_record_is_left_out_until_its_flag_is_reset(world: Bench) -> None:
    """Where nothing heals by itself, editing alone does not try it again."""
    world.settings["retry"]["heal"] = False
    record = world.has(TOO_LONG)
    await world.once()

    world.forget_traffic()
    world.edit(record, description="Harbour crane")
    await world.once()

    assert flagged(world, record)
    assert world.outreach_traffic.total == 0


async def test_resetting_the_flag_alone_tries_the_record_again(world: Bench) -> None:
    """The cause may lie in Outreach, where nobody touches the Workbooks record."""
    rule = Validation("inclusion", definition=("hot", "cold"))
    world.outreach.define_custom_field("opportunity", "custom1", rule)
    world.settings["mapping.opportunity"] = {"custom1": "refcode"}
    record = world.has("Harbour crane", refcode="lukewarm")
    await world.once()

    world.edit(record, cf_opportunity_outreach_sync_error=False)
    await world.once()
    assert flagged(world, record)

    wider = Validation("inclusion", definition=("hot", "lukewarm", "cold"))
    world.outreach.define_custom_field("opportunity", "custom1", wider)
    world.edit(record, cf_opportunity_outreach_sync_error=False)
    result = await world.once()

    assert world.twin(record).attributes["custom1"] == "lukewarm"
    assert result.counts.refused == 0


async def test_a_mended_record_syncs_and_stays_unflagged(world: Bench) -> None:
    """The everyday way out: mend the name, reset the flag."""
    record = world.has(TOO_LONG)
    await world.once()

    world.edit(record, description="Harbour crane", cf_opportunity_outreach_sync_error=False)
    await world.once()
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane"
    assert world.reasons() == {}


async def test_an_update_that_cannot_be_sent_is_flagged_and_keeps_its_link(world: Bench) -> None:
    """The record in Outreach stays as it was, and the id stays where it is."""
    record = world.has("Harbour crane")
    await world.once()
    world.edit(record, description=TOO_LONG)
    await world.once()

    held = world.record(record)
    [row] = world.twins(record)
    assert (held["error"], held["outreach_id"]) == (True, str(row.id))
    assert row.attributes["name"] == "Harbour crane"

    world.edit(record, description="Mended", cf_opportunity_outreach_sync_error=False)
    await world.once()

    assert world.twin(record).attributes["name"] == "Mended"


async def test_a_record_mended_before_its_flag_arrives_is_not_flagged(world: Bench) -> None:
    """The refusal concerns a version that is gone; flagging the new one would be wrong."""
    record = world.has(TOO_LONG)
    world.just_before_a_write_back(lambda: world.edit(record, description="Harbour crane"))

    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane"
    assert world.reasons() == {}


async def test_a_flag_about_an_earlier_version_is_not_set_while_the_newer_one_waits(
    world: Bench,
) -> None:
    """It would be about what nobody refused, and nothing would ever take it back."""
    bad = world.has(TOO_LONG)
    world.workbooks_fault(Fault(method="PUT", path=OPPORTUNITIES, status=500, times=None))
    await world.once()
    world.workbooks_traffic.plan.clear()
    world.edit(bad, description="Short")
    wait = {"Retry-After": "600"}
    world.outreach_fault(Fault(method="POST", status=429, headers=wait, times=None))
    world.clock.advance(120)

    with pytest.raises(Unreachable):
        await world.once()

    assert world.record(bad)["error"] is False
    world.outreach_traffic.plan.clear()
    world.clock.advance(700)
    await world.once()
    assert world.twin(bad)
    assert world.record(bad)["error"] is False
    assert world.reasons() == {}


async def test_the_reason_is_written_beside_the_flag_where_there_is_a_field(world: Bench) -> None:
    """Whoever sees the flag in Workbooks should not have to ask an engineer."""
    column = world.workbooks.custom_fields.add("Opportunity", "Outreach Sync Error Message")
    record = world.has(TOO_LONG)
    await world.once()
    assert "256 characters" in str(world.workbooks.opportunities.value(record, column))

    world.edit(record, description="Harbour crane", cf_opportunity_outreach_sync_error=False)
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane"


async def test_trouble_between_the_refusal_and_the_success_leaves_no_old_reason(
    world: Bench,
) -> None:
    """A record that is fine must not go on showing why it once was not."""
    column = world.workbooks.custom_fields.add("Opportunity", "Outreach Sync Error Message")
    record = world.has(TOO_LONG)
    await world.once()

    world.outreach_fault(Fault(method="POST", path="/opportunities$", status=503))
    world.edit(record, description="Harbour crane", cf_opportunity_outreach_sync_error=False)
    await world.once()

    assert world.twin(record)
    assert not world.workbooks.opportunities.value(record, column)


async def test_a_mended_record_costs_workbooks_nothing_where_no_field_shows_reasons(
    world: Bench,
) -> None:
    """There is nothing to take back: every write would move the version, and count."""
    record = world.has("Harbour crane")
    await world.once()
    world.edit(record, description=TOO_LONG)
    await world.once()

    world.edit(record, description="Mended", cf_opportunity_outreach_sync_error=False)
    world.forget_traffic()
    await world.once()

    assert world.twin(record).attributes["name"] == "Mended"
    assert [one for one in world.workbooks_seen if one.method == "PUT"] == []


async def test_an_edit_after_trouble_costs_workbooks_nothing(world: Bench) -> None:
    """Nothing was refused, so no reason is to be taken back."""
    world.workbooks.custom_fields.add("Opportunity", "Outreach Sync Error Message")
    world.settings["retry"] = {"base_s": 200, "cap_s": 300}
    record = world.has("Harbour crane")
    await world.once()
    world.outreach_fault(Fault(method="PATCH", path="/opportunities/", action="drop"))
    world.edit(record, description="Harbour crane, red")
    assert (await world.once()).counts.pending == 1

    world.clock.advance(5)
    world.edit(record, description="Harbour crane, blue")
    world.forget_traffic()
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane, blue"
    assert [one for one in world.workbooks_seen if one.method == "PUT"] == []


@pytest.mark.parametrize("fault", [{"action": "drop"}, {"status": 500}], ids=["cut off", "500"])
async def test_a_flag_whose_answer_was_lost_is_still_a_record_in_error(
    world: Bench, fault: dict[str, Any]
) -> None:
    """The flag is read back from the record itself, which is then not to be synced by its looks."""
    record = world.has(TOO_LONG)
    lost = Fault(method="PUT", path="opportunities.api$", when="after", times=1, **fault)
    world.workbooks_traffic.plan.add(lost)

    result = await world.once()

    assert flagged(world, record)
    assert result.counts.refused == 1
    assert "256 characters" in world.reasons()[f"OPP-{record}"].reason


@pytest.mark.parametrize("swept", [False, True])
async def test_a_flagged_record_that_is_edited_is_still_a_record_in_error(
    world: Bench, swept: bool
) -> None:
    """Whatever shows the edit: nobody has reset the flag, so somebody must still look at it."""
    if swept:
        world.settings["poller"] = {"sweep_interval_s": 0.001, "audit_interval_s": 0.001}
    record = world.has(TOO_LONG)
    await world.once()

    world.edit(record, comment="Edited while flagged")
    world.puts(record, (world.knows("Ada Byron"), "Buyer"))
    world.clock.advance(60)
    for _ in range(2):
        result = await world.once()
        assert result.counts.refused == 1
        assert "256 characters" in world.reasons()[f"OPP-{record}"].reason

    world.edit(record, description="Mended", cf_opportunity_outreach_sync_error=False)
    result = await world.once()
    assert world.twin(record).attributes["description"] == "Edited while flagged"
    assert result.counts.refused == 0


@pytest.mark.parametrize("way", ["unticked", "deleted", "hidden"])
async def test_a_flagged_record_that_nobody_wants_synced_is_no_error_any_more(
    world: Bench, way: str
) -> None:
    """An alert that can only be silenced by hand in our state would be ignored before long."""
    world.settings["poller"] = {"sweep_interval_s": 0.001, "audit_interval_s": 0.001}
    record, other = world.has(TOO_LONG), world.has("y" * 256)
    await world.once()

    if way == "unticked":
        world.edit(record, cf_opportunity_sync_to_outreach=False)
    elif way == "deleted":
        world.workbooks.opportunities.delete(record)
    else:
        world.workbooks.opportunities.hide(record)
    world.clock.advance(60)
    await world.once()

    assert world.reasons().keys() == {f"OPP-{other}"}
