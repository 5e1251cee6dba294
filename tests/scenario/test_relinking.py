"""Links that people break: ids cleared in Workbooks, records deleted in Outreach, or both."""

from __future__ import annotations

import pytest

from connectors.sandbox.faults import Fault
from tests.scenario.bench import CREATE, OPPORTUNITIES, Bench

pytestmark = pytest.mark.anyio


async def test_a_cleared_id_is_written_again_and_nothing_is_created(world: Bench) -> None:
    """A blank id asks for a create, but we know the record that exists."""
    record = world.has("Harbour crane")
    await world.once()
    before = world.twin(record).id

    world.edit(record, cf_opportunity_outreach_id=None, cf_opportunity_outreach_url=None)
    await world.once()

    assert world.twin(record).id == before
    assert len(world.outreach.opportunities) == 1


async def test_a_cleared_url_alone_is_written_again(world: Bench) -> None:
    """Rule 5 wants both; the link is what people click."""
    record = world.has("Harbour crane")
    await world.once()

    world.edit(record, cf_opportunity_outreach_url=None)
    await world.once()

    assert world.twin(record)


async def test_a_cleared_id_of_a_deleted_record_creates_it_anew(world: Bench) -> None:
    """It is how a person asks for a new one after deleting the old."""
    record = world.has("Harbour crane")
    await world.once()
    before = world.twin(record).id
    world.outreach.opportunities.delete(before)

    world.edit(record, cf_opportunity_outreach_id=None)
    await world.once()

    assert world.twin(record).id != before
    assert world.outreach_traffic.counts[CREATE] == 2


async def test_an_edit_of_a_record_deleted_in_outreach_is_refused_with_the_reason(
    world: Bench,
) -> None:
    """Somebody deleted it on purpose; bringing it back unasked would be wrong."""
    record = world.has("Harbour crane")
    await world.once()
    world.outreach.opportunities.delete(world.twin(record).id)

    world.edit(record, description="Harbour crane, blue")
    await world.once()

    assert len(world.outreach.opportunities) == 0
    assert world.record(record)["error"] is True
    assert "does not exist any more" in world.reasons()[f"OPP-{record}"].reason


@pytest.mark.parametrize("known", [True, False], ids=["updated", "read first"])
async def test_a_record_in_the_trash_of_outreach_counts_as_deleted(
    world: Bench, known: bool
) -> None:
    """The screens put it there; it can still be read and written, and nobody sees it."""
    record = world.has("Harbour crane")
    await world.once()
    world.outreach.opportunities.trash(world.twin(record).id)
    if not known:
        world.forget_state()

    world.edit(record, description="Harbour crane, blue")
    await world.once()

    assert world.record(record)["error"] is True
    assert "does not exist any more" in world.reasons()[f"OPP-{record}"].reason


async def test_a_record_in_the_trash_is_created_anew_where_the_operator_wants_it(
    world: Bench,
) -> None:
    """As any deleted one."""
    world.settings["outreach"]["on_missing"] = "recreate"
    record = world.has("Harbour crane")
    await world.once()
    before = world.twin(record).id
    world.outreach.opportunities.trash(before)

    world.edit(record, description="Harbour crane, blue")
    await world.once()

    assert world.record(record)["outreach_id"] not in (None, str(before))
    [anew] = [row for row in world.twins(record) if row.attributes.get("trashedAt") is None]
    assert anew.attributes["name"] == "Harbour crane, blue"


async def test_a_deleted_record_is_created_anew_where_the_operator_wants_it(world: Bench) -> None:
    """`on_missing` decides between the two readings of a deletion."""
    world.settings["outreach"]["on_missing"] = "recreate"
    record = world.has("Harbour crane")
    await world.once()
    before = world.twin(record).id
    world.outreach.opportunities.delete(before)

    world.edit(record, description="Harbour crane, blue")
    await world.once()

    twin = world.twin(record)
    assert twin.attributes["name"] == "Harbour crane, blue"
    assert twin.id != before


async def test_an_id_replaced_by_a_person_moves_the_link(world: Bench) -> None:
    """A present id is the truth; the former record stays as it was."""
    record = world.has("Harbour crane")
    await world.once()
    before = world.twin(record).id
    chosen = world.outreach.opportunities.create({"name": "Chosen by hand"})

    world.edit(
        record,
        description="Harbour crane, blue",
        cf_opportunity_outreach_id=str(chosen),
        cf_opportunity_outreach_url=f"https://outreach.example/opportunities/{chosen}",
    )
    await world.once()

    moved, former = (world.outreach.opportunities.get(one) for one in (chosen, before))
    assert moved is not None
    assert former is not None
    assert moved.attributes["name"] == "Harbour crane, blue"
    assert former.attributes["name"] == "Harbour crane"
    assert world.record(record)["outreach_id"] == str(chosen)


async def test_an_id_replaced_by_a_person_brings_its_own_url(world: Bench) -> None:
    """A link that leads to the former record would be believed."""
    record = world.has("Harbour crane")
    await world.once()
    chosen = world.outreach.opportunities.create({"name": "Chosen by hand"})

    world.edit(record, cf_opportunity_outreach_id=str(chosen))
    await world.once()

    assert (
        world.record(record)["outreach_url"] == f"https://outreach.example/opportunities/{chosen}"
    )


async def test_a_copied_record_does_not_overwrite_what_its_original_made(world: Bench) -> None:
    """A copy may carry the id with it; two records would take turns at one in Outreach."""
    record = world.has("Harbour crane")
    await world.once()
    before = world.twin(record)

    copy = world.has("Harbour crane, copied", cf_opportunity_outreach_id=str(before.id))
    await world.once()

    assert world.twin(record).attributes == before.attributes
    assert world.record(copy)["error"] is True
    assert f"OPP-{record}" in world.reasons()[f"OPP-{copy}"].reason

    world.edit(copy, cf_opportunity_outreach_id=None, cf_opportunity_outreach_sync_error=False)
    await world.once()
    assert world.twin(copy).attributes["name"] == "Harbour crane, copied"


@pytest.mark.parametrize("way", ["unticked", "deleted", "moved"])
async def test_an_id_that_another_record_has_given_up_may_be_taken_over(
    world: Bench, way: str
) -> None:
    """Somebody made a new record for the deal, and the link shall follow it."""
    record = world.has("Harbour crane")
    await world.once()
    target = world.twin(record).id
    if way == "unticked":
        world.edit(record, cf_opportunity_sync_to_outreach=False)
    elif way == "deleted":
        world.workbooks.opportunities.delete(record)
    else:
        world.edit(record, cf_opportunity_outreach_id=None, cf_opportunity_sync_to_outreach=False)

    successor = world.has("Harbour crane, again", cf_opportunity_outreach_id=str(target))
    await world.once()

    assert world.reasons() == {}
    assert world.twin(successor).id == target


@pytest.mark.parametrize("written", ["see my e-mail", "0", "-7", "12 or 13", "²", "9" * 30])
async def test_an_id_that_no_record_can_have_is_refused(world: Bench, written: str) -> None:
    """Guessing what somebody meant to paste could overwrite a stranger's record."""
    world.settings["outreach"]["on_missing"] = "recreate"
    record = world.has("Harbour crane", cf_opportunity_outreach_id=written)

    await world.once()

    assert world.record(record)["error"] is True
    assert written in world.reasons()[f"OPP-{record}"].reason
    assert len(world.outreach.opportunities) == 0


async def test_an_id_still_owed_is_not_written_over_one_that_somebody_entered(
    world: Bench,
) -> None:
    """The record is linked to what its user entered; it would carry one id and another's URL."""
    record = world.has("Harbour crane")
    world.workbooks_fault(Fault(method="PUT", path=OPPORTUNITIES, action="drop", times=None))
    await world.once()
    assert world.record(record)["outreach_id"] is None
    chosen = world.outreach.opportunities.create({"name": "Chosen by hand"})

    world.edit(record, cf_opportunity_outreach_id=str(chosen))
    await world.once()
    world.workbooks_traffic.plan.clear()
    world.clock.advance(60)
    await world.once()

    held = world.record(record)
    assert (held["outreach_id"], held["outreach_url"]) == (
        str(chosen),
        f"https://outreach.example/opportunities/{chosen}",
    )


async def owing(world: Bench, **columns: object) -> int:
    """A record whose write-back has not arrived yet, with these columns edited since."""
    record = world.has("Harbour crane")
    world.workbooks_fault(Fault(method="PUT", path=OPPORTUNITIES, action="drop", times=None))
    await world.once()
    assert world.record(record)["outreach_id"] is None
    world.edit(record, **columns)
    world.workbooks_traffic.plan.clear()
    return record


def delayed(world: Bench, record: int) -> None:
    """The record cannot be synced for a while: its new owner cannot be looked up."""
    world.edit(record, **{"queue_entry[queue[name]]": "Nobody Yet"})
    world.outreach_fault(Fault(path="/users$", status=200, text="[]", times=None))


async def test_an_id_still_owed_is_not_written_over_one_that_waits_to_be_looked_at(
    world: Bench,
) -> None:
    """What was captured since the create says more than that the write-back may be made on it."""
    chosen = world.outreach.opportunities.create({"name": "Chosen by hand"})
    record = await owing(world, cf_opportunity_outreach_id=str(chosen))
    delayed(world, record)
    world.clock.advance(60)
    await world.once()
    assert world.record(record)["outreach_id"] == str(chosen)

    world.outreach_traffic.plan.clear()
    world.clock.advance(73)
    await world.once()

    held = world.record(record)
    assert (held["outreach_id"], held["outreach_url"]) == (
        str(chosen),
        f"https://outreach.example/opportunities/{chosen}",
    )


@pytest.mark.parametrize("pasted", ["that of another", "none"])
async def test_who_entered_an_id_that_is_refused_is_told_so_beside_it(
    world: Bench, pasted: str
) -> None:
    """The id that was still owed is void, and the flag is not."""
    other = world.has("Tug boat")
    await world.once()
    taken = str(world.twin(other).id) if pasted == "that of another" else "no id at all"
    record = await owing(world, cf_opportunity_outreach_id=taken)
    world.clock.advance(60)

    await world.once()

    held = world.record(record)
    assert (held["outreach_id"], held["error"]) == (taken, True)


async def test_a_url_still_owed_is_not_written_beside_an_id_entered_since(world: Bench) -> None:
    """Its user entered both, and neither is ours to overwrite."""
    record = world.has("Harbour crane")
    await world.once()
    chosen = world.outreach.opportunities.create({"name": "Chosen by hand"})
    url = f"https://outreach.example/opportunities/{chosen}"
    world.workbooks_fault(Fault(method="PUT", path=OPPORTUNITIES, action="drop", times=None))
    world.edit(record, cf_opportunity_outreach_url=None)
    await world.once()
    world.edit(record, cf_opportunity_outreach_id=str(chosen), cf_opportunity_outreach_url=url)
    world.workbooks_traffic.plan.clear()
    delayed(world, record)
    world.clock.advance(60)
    await world.once()

    world.outreach_traffic.plan.clear()
    world.clock.advance(73)
    await world.once()

    held = world.record(record)
    assert (held["outreach_id"], held["outreach_url"]) == (str(chosen), url)
