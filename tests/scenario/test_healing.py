"""What was refused heals by itself, once for each change of what it was refused for."""

from __future__ import annotations

from contextlib import closing

import pytest

from connectors.sandbox.outreach import Validation
from connectors.sandbox.sample import add_seat
from engine.store.sqlite import statefile
from tests.scenario.asking_hands import why
from tests.scenario.bench import CREATE, UPDATE, Bench

pytestmark = pytest.mark.anyio

TOO_LONG = "x" * 256
FLAG = "cf_opportunity_outreach_sync_error"
SYNC = "cf_opportunity_sync_to_outreach"
OUTREACH_ID = "cf_opportunity_outreach_id"


async def refused(world: Bench, **columns: object) -> int:
    """A record whose name is too long."""
    record = world.has(TOO_LONG, **columns)
    await world.once()
    await world.once()
    assert world.record(record)["error"] is True
    return record


def sent(world: Bench) -> int:
    """Requests that wrote opportunities in Outreach."""
    return sum(
        (one.method == CREATE[0] and one.path == CREATE[1]) or one.method == UPDATE[0]
        for one in world.outreach_seen
    )


async def test_an_edit_of_the_field_at_fault_heals_by_itself(world: Bench) -> None:
    """Nobody has to reset the flag; it is off once the record is in Outreach."""
    record = await refused(world)

    world.edit(record, description="Harbour crane")
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane"
    assert world.reasons() == {}
    assert any(one.decision == "healed" for one in world.history(record))


async def test_an_edit_of_another_field_heals_nothing(world: Bench) -> None:
    """It would be refused for the same again."""
    record = await refused(world)
    world.forget_traffic()

    world.edit(record, comment="Called twice")
    await world.once()

    assert not any(one.decision == "healed" for one in world.history(record))
    assert world.record(record)["error"] is True
    assert world.outreach_traffic.total == 0


async def test_what_is_refused_again_is_tried_once_only(world: Bench) -> None:
    """A new text that is too long as well."""
    record = await refused(world)
    world.edit(record, description="y" * 300)
    await world.once()
    assert "300 characters" in world.reasons()[f"OPP-{record}"].reason
    world.forget_traffic()

    for _ in range(3):
        world.clock.advance(60)
        await world.once()

    assert world.outreach_traffic.total == 0
    assert not any(one.method == "PUT" for one in world.workbooks_seen)
    assert [one.decision for one in world.history(record)].count("healed") == 1


async def test_while_nothing_changes_it_costs_no_request(world: Bench) -> None:
    """Neither system is asked about it: the same poll as without it."""
    await world.once()
    world.forget_traffic()
    world.clock.advance(60)
    await world.once()
    without = len(world.workbooks_seen)
    await refused(world)
    world.forget_traffic()

    world.clock.advance(60)
    await world.once()

    assert len(world.workbooks_seen) == without
    assert world.outreach_traffic.total == 0


async def test_a_flag_of_somebody_else_never_heals(world: Bench) -> None:
    """Neither one that was set before us, nor one on a record that is in step."""
    theirs = world.has("Theirs", **{FLAG: True})
    record = world.has("In step")
    await refused(world)
    world.edit(record, **{FLAG: True})
    await world.once()

    for one in (theirs, record):
        world.edit(one, description="Edited")
    await world.once()
    await world.once()

    assert world.twins(theirs) == []
    assert world.record(theirs)["error"] is True
    assert world.record(record)["error"] is True
    assert world.twins(record)[0].attributes["name"] == "In step"


async def test_a_flag_set_by_somebody_after_ours_was_reset_never_heals(world: Bench) -> None:
    """Reset, synced, and flagged again by a person."""
    record = await refused(world)
    world.edit(record, description="Harbour crane")
    await world.once()
    await refused(world)

    world.edit(record, **{FLAG: True}, description="Edited")
    await world.once()
    await world.once()

    assert world.record(record)["error"] is True
    assert world.twins(record)[0].attributes["name"] == "Harbour crane"


async def test_a_mended_mapping_heals_what_it_concerns(world: Bench) -> None:
    """A shorter column for the name."""
    record = await refused(world, comment="Short name")
    world.settings["mapping.opportunity"] = {"name": "comment"}

    await world.once()
    await world.once()

    assert world.twin(record).attributes["name"] == "Short name"


async def test_another_line_of_the_mapping_heals_nothing(world: Bench) -> None:
    """The name is as long as before."""
    record = await refused(world)
    world.settings["mapping.opportunity"] = {"description": False}

    await world.once()
    await world.once()

    assert not any(one.decision == "healed" for one in world.history(record))
    assert world.record(record)["error"] is True


async def test_a_rule_of_the_target_that_is_widened_heals(world: Bench) -> None:
    """An administrator adds the value that was missing."""
    narrow = Validation("inclusion", definition=("hot", "cold"))
    world.outreach.define_custom_field("opportunity", "custom1", narrow)
    world.settings["mapping.opportunity"] = {"custom1": "refcode"}
    record = world.has(refcode="lukewarm")
    await world.once()
    assert world.record(record)["error"] is True
    wide = Validation("inclusion", definition=("hot", "lukewarm", "cold"))
    world.outreach.define_custom_field("opportunity", "custom1", wide)

    await world.once()
    await world.once()

    assert world.twin(record).attributes["custom1"] == "lukewarm"


async def test_a_linked_record_heals_as_an_update(world: Bench) -> None:
    """It keeps its twin."""
    record = world.has()
    await world.once()
    world.edit(record, description=TOO_LONG)
    await world.once()
    assert world.record(record)["error"] is True

    world.edit(record, description="Painted")
    await world.once()

    assert world.twin(record).attributes["name"] == "Painted"


async def test_the_people_of_a_healed_record_follow(world: Bench) -> None:
    """The row that its tab is read from shows our flag until it is captured anew."""
    record = world.has(TOO_LONG)
    world.puts(record, (world.knows(), "Buyer"))
    await world.once()

    world.edit(record, description="Harbour crane")
    await world.once()

    assert len(world.roles(record)) == 1


async def test_a_copied_id_that_is_cleared_heals(world: Bench) -> None:
    """What names no field depends on all of them, and on the id."""
    first = world.has()
    await world.once()
    record = world.has("A copy", **{OUTREACH_ID: world.record(first)["outreach_id"]})
    await world.once()
    assert world.record(record)["error"] is True

    world.edit(record, **{OUTREACH_ID: ""})
    await world.once()

    assert world.twin(record).attributes["name"] == "A copy"
    assert world.twin(first).id != world.twin(record).id


async def test_a_refused_person_heals_when_its_field_is_mended(world: Bench) -> None:
    """And the opportunities it is on get it."""
    person = world.knows(person_job_title="x" * 300)
    record = world.has()
    world.puts(record, (person, "Buyer"))
    await world.once()
    assert world.person(person)["error"] is True

    world.mends(person, person_job_title="Engineer")
    world.clock.advance(400)
    await world.once()
    world.clock.advance(400)
    await world.once()

    assert world.told(person)
    assert len(world.roles(record)) == 1


async def test_a_person_whose_flag_is_somebodys_never_heals(world: Bench) -> None:
    """Whatever is edited."""
    person = world.knows(cf_person_outreach_sync_error=True)
    record = world.has()
    world.puts(record, (person, "Buyer"))
    await world.once()

    world.mends(person, person_job_title="Engineer")
    world.clock.advance(400)
    await world.once()

    assert world.person(person)["error"] is True
    assert world.roles(record) == []


async def test_with_healing_off_only_a_reset_flag_has_it_tried_again(world: Bench) -> None:
    """As the rule says for those who want it so."""
    world.settings["retry"]["heal"] = False
    record = await refused(world)
    world.forget_traffic()

    world.edit(record, description="Harbour crane")
    await world.once()

    assert world.record(record)["error"] is True
    assert world.outreach_traffic.total == 0
    world.edit(record, **{FLAG: False})
    await world.once()
    assert world.twin(record)


async def test_what_was_unticked_does_not_heal(world: Bench) -> None:
    """An edit is no tick."""
    record = await refused(world)

    world.edit(record, description="Harbour crane", **{SYNC: False})
    await world.once()

    assert world.twins(record) == []
    assert world.record(record)["error"] is True


async def test_many_linked_records_that_heal_at_once_are_a_mass_change(world: Bench) -> None:
    """A mapping that is mended wrongly must not overwrite hundreds."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 2}
    records = [world.has(f"Row {one}", comment=f"Comment {one}") for one in range(6)]
    await world.once()
    for record in records:
        world.edit(record, description=TOO_LONG)
    await world.once()
    assert all(world.record(one)["error"] for one in records)
    world.settings["mapping.opportunity"] = {"name": "comment"}

    await world.once()
    result = await world.once()

    assert result.held.tripped
    assert all(world.record(one)["error"] for one in records)
    assert {world.twins(one)[0].attributes["name"] for one in records} == {
        f"Row {one}" for one in range(6)
    }


async def test_a_state_of_an_earlier_version_heals_from_the_next_edit_on(world: Bench) -> None:
    """Nothing is known of what those refusals depended on."""
    record = await refused(world)
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        connection.execute("DELETE FROM refusal")
        connection.commit()
    world.forget_traffic()
    await world.once()
    assert world.outreach_traffic.total == 0

    world.edit(record, description="Harbour crane")
    await world.once()

    assert world.twin(record)


async def test_a_user_who_is_replaced_heals_what_named_one_that_was_refused(
    world: Bench,
) -> None:
    """Whom a name means in the target is part of it."""
    record = await refused(world)
    world.forget_traffic()
    add_seat(world.outreach, "Ada King")

    world.clock.advance(4000)
    await world.once()

    # The name of the record was at fault, and no user's.
    assert world.record(record)["error"] is True
    assert sent(world) == 0


async def test_why_says_that_it_heals(world: Bench) -> None:
    """Between the edit and the poll nobody is sent to reset a flag."""
    record = await refused(world)
    world.edit(record, description="Harbour crane")

    told = await why(world, record)

    assert told["verdict"] == "waits"


async def test_a_sweep_in_the_same_run_leaves_nothing_out(world: Bench) -> None:
    """A listing of eligible records lacks what still carries our flag."""
    record = await refused(world)
    world.edit(record, description="Harbour crane")

    world.clock.advance(3700)
    await world.once()
    world.clock.advance(120)
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane"
    assert not any(one.decision == "left out" for one in world.history(record))


async def test_with_healing_off_the_poll_asks_for_no_flagged_record(world: Bench) -> None:
    """Then it asks as the rule says, and for nothing more."""
    world.settings["retry"]["heal"] = False
    await refused(world)
    world.forget_traffic()

    await world.once()

    polls = [one for one in world.workbooks_seen if "updated_at" in one.body and FLAG in one.body]
    assert polls
    assert all(FLAG in one.form["_ff[]"] for one in polls)
