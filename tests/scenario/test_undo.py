"""Taking back: what was written is given its former values where nobody has changed it since."""

from __future__ import annotations

import os
from contextlib import closing, suppress
from typing import Any

import anyio
import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.sample import add_seat
from engine.cli.moments import shown
from engine.errors import EngineError
from engine.model.fields import Scalar
from engine.model.named import Named
from engine.model.plan import Header, Kind
from engine.model.records import RecordType
from engine.service.undoing import NotKnown
from engine.store.sqlite import acting, statefile
from tests.scenario.asking_hands import remedy, why
from tests.scenario.bench import CREATE, Bench
from tests.scenario.people import CREATE_PROSPECT, CREATE_ROLE, REMOVE_ROLE
from tests.scenario.undo_hands import changes, done_as, kept, latest_run, patches, undo

pytestmark = pytest.mark.anyio

# So many records get a wrong mapping; 500 of them take a minute or two.
RECORDS = int(os.environ.get("WOSYNC_UNDO_RECORDS", "12"))
WRONG = {"name": "comment"}
LOST_UPDATE = Fault(method="PATCH", path="/opportunities/", when="after", action="drop")
LOST_ROLE = Fault(method="POST", path="Roles$", when="after", action="drop")


async def wrongly_mapped(world: Bench, number: int = RECORDS) -> list[int]:
    """So many records whose names somebody has filled with their comments."""
    world.settings["fuse"] = {"share": 1.0}
    records = [world.has(f"Crane {one}", comment=f"Note {one}") for one in range(number)]
    await world.once()
    world.settings["mapping.opportunity"] = dict(WRONG)
    await world.once()
    assert all(name(world, one).startswith("Note") for one in records)
    return records


def name(world: Bench, record: int) -> str:
    """What Outreach calls a record."""
    return str(world.twin(record).attributes["name"])


def renames(world: Bench, record: int, text: str) -> None:
    """Somebody edits a record's opportunity in Outreach."""
    world.outreach.opportunities.update(world.twin(record).id, {"name": text})


async def days_pass(world: Bench) -> None:
    """Sweeps, audits and restarts."""
    world.settings["poller"] = {"sweep_interval_s": 0.001, "audit_interval_s": 0.001}
    for _ in range(3):
        world.clock.advance(86_400)
        await world.once()


async def test_a_wrong_mapping_is_taken_back_and_later_edits_are_left_alone(world: Bench) -> None:
    """All of them but those that somebody has edited since, which are listed."""
    records = await wrongly_mapped(world)
    edited = records[3]
    renames(world, edited, "By hand")
    run = latest_run(world, "mapping changed")

    planned = await undo(world, run=run, does=False)
    assert len(changes(planned)) == len(records) - 1
    assert name(world, records[0]) == "Note 0"
    done = await undo(world, run=run)

    assert changes(done) == changes(planned)
    assert kept(done) == {f"OPP-{edited}": ["name: somebody has changed it since"]}
    assert name(world, edited) == "By hand"
    others = [one for one in range(len(records)) if records[one] != edited]
    assert [name(world, records[one]) for one in others] == [f"Crane {one}" for one in others]


async def test_what_was_undone_is_not_sent_again_before_somebody_edits(world: Bench) -> None:
    """Neither by an audit, nor a sweep, nor a restart; the next edit of the record sends it."""
    records = await wrongly_mapped(world, 3)
    done = await undo(world, run=latest_run(world, "mapping changed"))
    assert all(
        "the next edit of the record sends it" in (one.reason or "") for one in changes(done)
    )
    world.forget_traffic()

    await days_pass(world)
    assert patches(world) == 0
    assert [name(world, one) for one in records] == ["Crane 0", "Crane 1", "Crane 2"]
    told = await why(world, f"OPP-{records[0]}")
    assert (told["verdict"], told["code"]) == ("in step", "undone")
    assert "edit the record" in remedy(told)

    world.edit(records[0], comment="A new note")
    await world.once()
    assert [name(world, one) for one in records] == ["A new note", "Crane 1", "Crane 2"]

    world.settings["mapping.opportunity"] = {"name": "description"}
    await world.once()
    assert [name(world, one) for one in records] == ["Crane 0", "Crane 1", "Crane 2"]


async def test_a_resync_ends_what_was_undone(world: Bench) -> None:
    """Whoever asks for it wants what differs repaired."""
    [record] = await wrongly_mapped(world, 1)
    await undo(world, run=latest_run(world, "mapping changed"))
    named = Named(RecordType.OPPORTUNITY, record, f"OPP-{record}")
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        acting.resync(connection, [named], world.clock.now())

    await world.once()

    assert name(world, record) == "Note 0"


async def test_another_mapping_ends_what_was_undone(world: Bench) -> None:
    """Whoever maps a field wants it filled."""
    records = await wrongly_mapped(world, 2)
    await undo(world, run=latest_run(world, "mapping changed"))
    world.settings["mapping.opportunity"] = {"name": {"template": "{comment}!"}}
    await world.once()
    assert [name(world, one) for one in records] == ["Note 0!", "Note 1!"]

    world.settings["mapping.opportunity"] = dict(WRONG)
    await world.once()
    assert [name(world, one) for one in records] == ["Note 0", "Note 1"]


async def test_what_turns_up_completes_a_record_and_leaves_alone_what_was_undone(
    world: Bench,
) -> None:
    """The owner is sent, and with it none of what was given back."""
    record = world.has("Crane", comment="Note", assigned_to_name="Ada King")
    await world.once()
    world.settings["mapping.opportunity"] = dict(WRONG)
    await world.once()
    await undo(world, run=latest_run(world, "mapping changed"))

    seat = add_seat(world.outreach, "Ada King")
    world.clock.advance(3700)
    await world.once()

    assert world.twin(record).relationships["owner"] == seat
    assert name(world, record) == "Crane"


async def test_our_own_write_back_is_no_edit_that_ends_it(world: Bench) -> None:
    """It makes a new version of the record, of which nobody wants anything."""
    record = world.has("Crane", comment="Note", assigned_to_name="Ada King")
    world.workbooks_fault(Fault(method="PUT", path="opportunities", status=503, times=None))
    with suppress(EngineError):
        await world.once()
    world.settings["mapping.opportunity"] = dict(WRONG)
    with suppress(EngineError):
        await world.once()
    assert [row.attributes["name"] for row in world.twins(record)] == ["Note"]
    await undo(world, run=latest_run(world, "mapping changed"))
    world.workbooks_traffic.plan.clear()
    world.clock.advance(600)
    await world.once()
    assert name(world, record) == "Crane"

    seat = add_seat(world.outreach, "Ada King")
    world.clock.advance(3700)
    await world.once()

    assert world.twin(record).relationships["owner"] == seat
    assert name(world, record) == "Crane"


async def test_an_undo_is_undone(world: Bench) -> None:
    """It is a run like any other, and so is taking that back."""
    records = await wrongly_mapped(world, 3)
    first = done_as(await undo(world, run=latest_run(world, "mapping changed")))
    again = await undo(world, run=first)
    assert [name(world, one) for one in records] == ["Note 0", "Note 1", "Note 2"]
    world.forget_traffic()
    await days_pass(world)
    assert patches(world) == 0

    await undo(world, run=done_as(again))
    assert [name(world, one) for one in records] == ["Crane 0", "Crane 1", "Crane 2"]


async def test_what_is_given_back_is_what_there_was_before_all_of_it(world: Bench) -> None:
    """Of several writes the first one tells."""
    record = world.has("Crane")
    await world.once()
    world.clock.advance(10)
    since = world.clock.now()
    for text in ("Painted", "Sold"):
        world.edit(record, description=text)
        world.clock.advance(10)
        await world.once()

    done = await undo(world, since=since)

    assert name(world, record) == "Crane"
    [header] = [one for one in done if isinstance(one, Header)]
    assert header.about["undo"] == f"what was written since {shown(since)} UTC"


async def test_one_record_alone_is_taken_back(world: Bench) -> None:
    """By whatever name it has."""
    records = await wrongly_mapped(world, 2)
    run = latest_run(world, "mapping changed")
    twin = world.twin(records[0]).id

    await undo(world, run=run, x=f"https://outreach.example/opportunities/{twin}")

    assert [name(world, one) for one in records] == ["Crane 0", "Note 1"]


async def test_what_a_later_run_of_ours_wrote_is_a_later_edit(world: Bench) -> None:
    """The source says so since; nobody asked to take that back."""
    record = world.has("Crane")
    await world.once()
    world.edit(record, description="Painted")
    await world.once()
    run = latest_run(world, "started")
    world.edit(record, description="Sold")
    await world.once()

    done = await undo(world, run=run)

    assert changes(done) == []
    assert kept(done) == {f"OPP-{record}": ["name: somebody has changed it since"]}
    assert name(world, record) == "Sold"


async def test_roles_are_taken_back_both_ways(world: Bench) -> None:
    """Added ones are removed, removed ones added, changed ones get their text back."""
    ada, kim, lou = world.knows_all("Ada Byron", "Kim Lee", "Lou Poe")
    record = world.has(assigned_to_name="Grace Hill")
    world.puts(record, (ada, "Buyer"), (kim, "User"))
    await world.once()
    before = world.roles(record)
    world.puts(record, (ada, "Sponsor"), (lou, "Judge"))
    await world.once()
    assert world.roles(record) != before

    done = await undo(world, run=latest_run(world, "started"))

    kinds = sorted(one.kind for one in changes(done))
    assert kinds == sorted([Kind.ROLE_ADD, Kind.ROLE_CHANGE, Kind.ROLE_REMOVE])
    assert world.roles(record) == before
    assert list(kept(done)) == [f"PERS-{lou}"]
    world.forget_traffic()
    await days_pass(world)
    # The record is reconciled, and its people are looked at with it.
    add_seat(world.outreach, "Grace Hill")
    await days_pass(world)
    assert world.twin(record).relationships["owner"]
    assert world.roles(record) == before
    assert not world.outreach_traffic.counts[CREATE_ROLE]
    assert not world.outreach_traffic.counts[REMOVE_ROLE]

    world.puts(record, (ada, "Buyer"), (lou, "Judge"))
    await world.once()
    assert world.roles(record) == world.wanted((ada, "Buyer"), (lou, "Judge"))


async def test_an_undo_of_roles_is_undone(world: Bench) -> None:
    """They are as the tab says again, and followed again."""
    ada, kim = world.knows_all("Ada Byron", "Kim Lee")
    record = world.has()
    world.puts(record, (ada, "Buyer"))
    await world.once()
    world.puts(record, (kim, "User"))
    await world.once()
    after = world.roles(record)
    run = done_as(await undo(world, run=latest_run(world, "started")))
    assert world.roles(record) == world.wanted((ada, "Buyer"))

    await undo(world, run=run)

    assert world.roles(record) == after
    await days_pass(world)
    assert world.roles(record) == after


async def test_a_role_that_somebody_has_changed_since_is_left_alone(world: Bench) -> None:
    """Or removed: it is theirs to do."""
    ada, kim = world.knows_all("Ada Byron", "Kim Lee")
    record = world.has()
    await world.once()
    world.puts(record, (ada, "Buyer"), (kim, "User"))
    await world.once()
    first, second = world.role_rows(record)
    world.outreach.roles.update(first.id, {"role": "By hand"})
    world.outreach.roles.delete(second.id)

    done = await undo(world, run=latest_run(world, "started"), x=f"OPP-{record}")

    assert changes(done) == []
    assert sorted(one.split(": ")[1] for one in kept(done)[f"OPP-{record}"]) == [
        "it is gone already",
        "somebody has changed it since",
    ]
    assert [row.attributes["role"] for row in world.role_rows(record)] == ["By hand"]


async def test_nothing_that_was_created_is_deleted(world: Bench) -> None:
    """Nobody's data is; it is said where it is."""
    ada = world.knows("Ada Byron")
    record = world.has()
    world.puts(record, (ada, "Buyer"))
    await world.once()
    twin, prospect = world.twin(record).id, world.told(ada)

    done = await undo(world, run=latest_run(world, "started"))

    assert world.twin(record).id == twin
    assert world.told(ada) == prospect
    [made] = kept(done)[f"OPP-{record}"]
    assert f"https://outreach.example/opportunities/{twin}" in made
    assert "delete it there if it must go" in made
    [person] = kept(done)[f"PERS-{ada}"]
    assert f"https://outreach.example/prospects/{prospect}" in person
    assert [one.kind for one in changes(done)] == [Kind.ROLE_REMOVE]


async def test_a_lost_answer_sends_nothing_twice(world: Bench) -> None:
    """Whoever runs it again finds what was done, and it is history then."""
    [record] = await wrongly_mapped(world, 1)
    run = latest_run(world, "mapping changed")
    world.forget_traffic()
    world.outreach_fault(LOST_UPDATE)

    first = await undo(world, run=run)
    assert "undo it again" in kept(first)[f"OPP-{record}"][0]
    await days_pass(world)
    second = await undo(world, run=run)

    assert patches(world) == 1
    assert name(world, record) == "Crane 0"
    assert kept(second)[f"OPP-{record}"] == ["name: it holds what it held before already"]
    [line] = [line for line in world.history(record) if line.decision == "undone"]
    assert line.writes[0].found
    await undo(world, run=done_as(second))
    assert name(world, record) == "Note 0"


async def test_one_that_is_stopped_half_way_is_run_again(world: Bench) -> None:
    """What was sent and never answered is looked at, and nothing is sent twice."""
    records = await wrongly_mapped(world, 8)
    run = latest_run(world, "mapping changed")
    # Four are worked on at once, in the order of the plan.
    twin = changes(await undo(world, run=run, does=False))[2].target_id
    world.forget_traffic()
    with anyio.CancelScope() as scope:
        path = f"/api/v2/opportunities/{twin}"
        world.outreach_door.before["PATCH", path] = scope.cancel
        await undo(world, run=run)
    assert scope.cancelled_caught
    await world.all_carried_out()
    assert 0 < patches(world) < len(records)

    await undo(world, run=run)

    assert [name(world, one) for one in records] == [f"Crane {one}" for one in range(8)]
    assert patches(world) == len(records)


async def test_a_role_whose_answer_was_lost_is_added_once(world: Bench) -> None:
    """It is looked for before anything is repeated."""
    ada = world.knows("Ada Byron")
    record = world.has()
    world.puts(record, (ada, "Buyer"))
    await world.once()
    before = world.roles(record)
    world.puts(record)
    await world.once()
    run = latest_run(world, "started")
    world.outreach_fault(LOST_ROLE)

    first = await undo(world, run=run)
    assert "undo it again" in kept(first)[f"OPP-{record}"][0]
    for _ in range(3):
        world.clock.advance(600)
        await world.once()
        await undo(world, run=run)

    assert world.roles(record) == before


async def test_what_the_budget_does_not_allow_is_done_later(world: Bench) -> None:
    """Nothing twice, and nothing forgotten."""
    records = await wrongly_mapped(world, 8)
    run = latest_run(world, "mapping changed")
    world.clock.advance(3700)
    world.settings["outreach.budget"] = {"per_hour": 10, "reserve": 0}
    world.forget_traffic()

    first = await undo(world, run=run)
    assert any("undo it again later" in text for texts in kept(first).values() for text in texts)
    done = len(changes(first))
    for _ in range(6):
        world.clock.advance(3700)
        done += len(changes(await undo(world, run=run)))

    assert done == patches(world) == 8
    assert [name(world, one) for one in records] == [f"Crane {one}" for one in range(8)]


async def test_whose_target_record_it_is_no_more_is_left_alone(world: Bench) -> None:
    """Deleted there, and handed over to another record."""
    first, second = await wrongly_mapped(world, 2)
    run = latest_run(world, "mapping changed")
    held = world.record(second)
    world.outreach.opportunities.delete(world.twin(first).id)
    world.edit(second, cf_opportunity_sync_to_outreach=False)
    other = world.has(
        "Heir",
        comment="Heir",
        cf_opportunity_outreach_id=held["outreach_id"],
        cf_opportunity_outreach_url=held["outreach_url"],
    )
    await world.once()

    done = await undo(world, run=run)

    assert changes(done) == []
    assert "does not exist any more" in kept(done)[f"OPP-{first}"][0]
    assert f"is that of OPP-{other} now" in kept(done)[f"OPP-{second}"][0]


async def test_a_record_that_waits_to_be_synced_decides_by_itself(world: Bench) -> None:
    """Its edit is younger than what would be taken back."""
    [record] = await wrongly_mapped(world, 1)
    run = latest_run(world, "mapping changed")
    world.settings["retry"] = {"base_s": 600, "cap_s": 6000}
    world.outreach_fault(Fault(method="PATCH", path="/opportunities/", status=503))
    world.edit(record, comment="A new note")
    await world.once()

    done = await undo(world, run=run)

    assert changes(done) == []
    assert "waits to be synced itself" in kept(done)[f"OPP-{record}"][0]


async def test_a_field_that_was_blank_is_blank_again(world: Bench) -> None:
    """Nothing is a value too."""
    record = world.has("Crane")
    await world.once()
    world.edit(record, comment="Note")
    await world.once()

    await undo(world, run=latest_run(world, "started"))

    held: Scalar = world.twin(record).attributes.get("description")
    assert held is None


@pytest.mark.parametrize("asked", [{"run": 99}, {"x": "OPP-99"}])
async def test_what_is_not_known_is_said(world: Bench, asked: dict[str, Any]) -> None:
    """Nothing is done of it."""
    await world.once()
    with pytest.raises(NotKnown, match="known"):
        await undo(world, **asked)
    assert not world.outreach_traffic.counts[CREATE]
    assert not world.outreach_traffic.counts[CREATE_PROSPECT]
