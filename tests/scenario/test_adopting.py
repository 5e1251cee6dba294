"""`wosync adopt`: what another program has left of a pair is found, told, and taken over."""

from __future__ import annotations

from contextlib import closing

import anyio

from connectors.sandbox.faults import Fault
from engine.model.adoption import Finding
from engine.model.edit import Edit
from engine.model.history import Note
from engine.model.named import Named
from engine.model.plan import Kind
from engine.model.records import RecordType
from engine.store.sqlite import statefile
from engine.store.sqlite.statefile import FILE_NAME
from tests.scenario.adopting_hands import (
    ADOPTS,
    ERROR,
    ID,
    URL,
    doubled,
    doubles,
    found,
    has_deal,
    synced,
    unwritten,
)
from tests.scenario.bench import CREATE, Bench
from tests.scenario.plan_hands import planned, predicted, writes
from tests.scenario.test_applying import applied


async def test_what_agrees_is_linked_and_nothing_is_sent(world: Bench) -> None:
    """And the service, which runs afterwards, finds nothing to do either."""
    record = world.has("Harbour crane")
    await synced(world, record)

    plan = await planned(world, ADOPTS)

    assert writes(world) == []
    assert found(plan) == {f"OPP-{record}": Finding.LINKED}
    assert plan.end.findings == {Finding.LINKED: 1}
    assert [one.kind for one in plan.changes] == [Kind.ADOPT]
    numbers, left_out = await applied(world, plan.path)
    assert (numbers["done"], left_out) == (1, {})
    await world.once()
    assert writes(world) == []


async def test_what_differs_is_told_field_by_field(world: Bench) -> None:
    """With what would be overwritten; applying sends just that."""
    record = world.has("Harbour crane")
    await synced(world, record)
    twin = world.twin(record).id
    world.outreach.opportunities.update(twin, {"name": "By hand"})

    plan = await planned(world, ADOPTS)

    assert found(plan) == {f"OPP-{record}": Finding.DIFFERENT}
    [update] = plan.of(Kind.UPDATE)
    assert update.edits == (Edit("name", "By hand", "Harbour crane"),)
    assert update.overwrites
    await applied(world, plan.path)
    assert world.twin(record).attributes["name"] == "Harbour crane"


async def test_an_id_that_was_never_written_back_is(world: Bench) -> None:
    """It is found by the reference, linked, and told; nothing is created, then or later."""
    record = world.has("Harbour crane")
    await synced(world, record)
    twin = unwritten(world, record)

    plan = await planned(world, ADOPTS)

    assert found(plan) == {f"OPP-{record}": Finding.HALF_WRITTEN}
    [adopted] = plan.of(Kind.ADOPT)
    assert (adopted.target_id, adopted.version) == (twin, world.record(record)["lock_version"])
    numbers, left_out = await applied(world, plan.path)
    assert (numbers["done"], left_out) == (1, {})
    assert world.twin(record).id == twin
    await world.once()
    assert len(world.twins(record)) == 1
    assert world.outreach_traffic.counts[CREATE] == 0


async def test_an_address_that_was_never_written_back_is(world: Bench) -> None:
    """The id is there, the address is not."""
    record = world.has("Harbour crane")
    await synced(world, record)
    world.edit(record, **{URL: ""})

    plan = await planned(world, ADOPTS)

    assert found(plan) == {f"OPP-{record}": Finding.HALF_WRITTEN}
    assert (await applied(world, plan.path))[1] == {}
    world.twin(record)


async def test_a_flag_that_was_left_is_reset(world: Bench) -> None:
    """Of a record whose target record is there, named by the source or not."""
    named, unnamed = world.has("Harbour crane"), world.has("Quay crane")
    await synced(world, named, unnamed)
    unwritten(world, unnamed)
    for record in (named, unnamed):
        world.edit(record, **{ERROR: True})

    plan = await planned(world, ADOPTS)

    assert set(found(plan).values()) == {Finding.HALF_WRITTEN}
    assert len(plan.of(Kind.UNFLAG)) == 2
    assert (await applied(world, plan.path))[1] == {}
    for record in (named, unnamed):
        world.twin(record)
    await world.once()
    for record in (named, unnamed):
        world.twin(record)
        assert len(world.twins(record)) == 1


async def test_of_doubles_one_is_taken_and_none_is_removed(world: Bench) -> None:
    """The one that the source names; the others are told with links, and stay as they are."""
    record = has_deal(world)
    await synced(world, record)
    twin = world.twin(record).id
    by_reference = doubled(world, twin)
    by_likeness = doubled(world, twin, customId=None)

    plan = await planned(world, ADOPTS)

    assert plan.end.findings == {Finding.LINKED: 1, Finding.DOUBLED: 1}
    assert [one.target_id for one in doubles(plan)] == [by_reference, by_likeness]
    assert all(one.url and str(one.target_id) in one.url for one in doubles(plan))
    assert [one.target_id for one in plan.of(Kind.ADOPT)] == [twin]
    numbers, left_out = await applied(world, plan.path)
    await world.once()
    assert (numbers["done"], left_out) == (1, {})
    assert len(world.outreach.opportunities.rows()) == 3
    assert world.twins(record)[0].id == twin
    assert writes(world) == []
    again = await planned(world, ADOPTS)
    assert again.end.findings == {Finding.OURS: 1, Finding.DOUBLED: 1}
    assert [one.target_id for one in doubles(again)] == [by_reference, by_likeness]


async def test_the_oldest_of_several_with_the_reference_is_taken(world: Bench) -> None:
    """Where the source names none; never one that is in the trash."""
    record = has_deal(world)
    await synced(world, record)
    twin = unwritten(world, record)
    younger = doubled(world, twin)
    oldest = doubled(world, twin, createdAt="2001-01-01T00:00:00.000Z")
    trashed = doubled(world, twin, createdAt="2000-01-01T00:00:00.000Z")
    world.outreach.opportunities.trash(trashed)

    plan = await planned(world, ADOPTS)

    assert [one.target_id for one in plan.of(Kind.ADOPT)] == [oldest]
    assert [one.target_id for one in doubles(plan)] == [twin, younger]
    assert (await applied(world, plan.path))[1] == {}
    await world.once()
    assert world.record(record)["outreach_id"] == str(oldest)
    assert len(world.outreach.opportunities.rows()) == 4


async def test_what_only_looks_like_it_is_dealt_out(world: Bench) -> None:
    """Two records and three target records with one name, account and amount, and no reference."""
    record = has_deal(world)
    await synced(world, record)
    twin = unwritten(world, record)
    party = world.record(record)["party_id"]
    second = world.has_valued("Harbour crane", "1200.00", party_id=party)
    world.outreach.opportunities.update(twin, {"customId": None})
    others = [doubled(world, twin) for _ in range(2)]

    plan = await planned(world, ADOPTS)

    taken = {one.record_id: one.target_id for one in plan.of(Kind.ADOPT)}
    assert taken == {record: twin, second: others[0]}
    assert [one.target_id for one in doubles(plan)] == [others[1]]
    assert (await applied(world, plan.path))[1] == {}
    await world.once()
    for each in (record, second):
        world.twin(each)
    assert len(world.outreach.opportunities.rows()) == 3


async def test_what_another_record_carries_is_nobodys_double(world: Bench) -> None:
    """Whether that record is ticked or not: it is another deal of the same size."""
    record = has_deal(world)
    await synced(world, record)
    twin = unwritten(world, record)
    world.outreach.opportunities.update(twin, {"customId": None})
    world.workbooks.opportunities.create(description="Other deal", **{ID: str(twin)})

    plan = await planned(world, ADOPTS)

    assert found(plan) == {f"OPP-{record}": Finding.UNCREATED}
    assert plan.changes == []


async def test_what_is_linked_is_read_in_pages_alone(world: Bench) -> None:
    """Also where no target record carries a reference: another program need not give them one."""
    records = [has_deal(world, f"Crane {number}") for number in range(6)]
    await synced(world, *records)
    for record in records:
        twin = int(str(world.record(record)["outreach_id"]))
        world.outreach.opportunities.update(twin, {"customId": None})

    plan = await planned(world, ADOPTS)

    assert plan.end.findings == {Finding.DIFFERENT: 6}
    read = predicted(plan.end.read)
    assert read["outreach", "GET", "/opportunities"] <= 2
    assert read["workbooks", "POST", "/crm/opportunities.api"] <= 3


async def test_what_the_listing_does_not_show_is_looked_at_by_itself(world: Bench) -> None:
    """It lags behind what was written; one record that cannot be read spoils no other."""
    world.outreach.knobs.index_lag_s = 3600.0
    records = [world.has(f"Crane {number}") for number in range(2)]
    await synced(world, *records)
    odd = world.twin(records[1]).id
    world.outreach_fault(
        Fault(
            method="GET",
            path=f"/opportunities/{odd}$",
            action="status",
            status=200,
            text='{"data": []}',
            times=None,
        )
    )

    plan = await planned(world, ADOPTS)

    assert found(plan) == {
        f"OPP-{records[0]}": Finding.LINKED,
        f"OPP-{records[1]}": Finding.UNREADABLE,
    }
    assert [one.target_id for one in plan.left_out] == [odd]


async def test_what_points_nowhere_is_left_to_a_person(world: Bench) -> None:
    """Gone, in the trash, or no id at all; nothing is done of it, and nothing flagged."""
    gone, trashed, wrong = (world.has(f"Crane {number}") for number in range(3))
    await synced(world, gone, trashed, wrong)
    world.outreach.opportunities.delete(world.twin(gone).id)
    world.outreach.opportunities.trash(world.twin(trashed).id)
    world.edit(wrong, **{ID: "see notes"})

    plan = await planned(world, ADOPTS)

    assert plan.end.findings == {Finding.GONE: 3}
    assert plan.changes == []
    assert len({one.ref for one in plan.left_out}) == 3


async def test_of_several_records_with_one_id_one_keeps_it(world: Bench) -> None:
    """The one whose reference the target record carries; the other is told whose it is."""
    first, copy = world.has("Harbour crane"), world.has("Copied crane")
    await synced(world, first, copy)
    world.outreach.opportunities.delete(world.twin(copy).id)
    world.edit(copy, **{ID: str(world.twin(first).id), URL: ""})

    plan = await planned(world, ADOPTS)

    assert found(plan) == {f"OPP-{first}": Finding.LINKED, f"OPP-{copy}": Finding.SHARED}
    [left] = plan.left_out
    assert f"OPP-{first}" in left.reason
    assert [one.record_id for one in plan.of(Kind.ADOPT)] == [first]


async def test_what_nobody_has_created_is_left_to_the_first_run(world: Bench) -> None:
    """Adopting creates nothing; a flagged record needs somebody first, a bad value too."""
    new, flagged = world.has("Harbour crane"), world.has("Quay crane", **{ERROR: True})
    bad = world.has("Bad crane", probability="often")

    plan = await planned(world, ADOPTS)

    assert found(plan) == {
        f"OPP-{new}": Finding.UNCREATED,
        f"OPP-{flagged}": Finding.FLAGGED,
        f"OPP-{bad}": Finding.UNREADABLE,
    }
    assert plan.changes == []
    assert (await applied(world, plan.path))[0]["done"] == 0
    assert world.outreach_traffic.counts[CREATE] == 0
    await world.once()
    world.twin(new)


async def test_what_is_ours_already_is_let_be(world: Bench) -> None:
    """A state that is partly filled: only what it does not know is taken over."""
    ours, theirs = world.has("Harbour crane"), world.has("Quay crane")
    await synced(world, ours, theirs)
    world.edit(theirs, cf_opportunity_sync_to_outreach=False)
    await world.once()
    world.edit(theirs, cf_opportunity_sync_to_outreach=True)

    plan = await planned(world, ADOPTS)

    assert plan.end.findings == {Finding.OURS: 1, Finding.LINKED: 1}
    assert [one.record_id for one in plan.of(Kind.ADOPT)] == [theirs]


async def test_what_has_changed_since_is_left_out(world: Bench) -> None:
    """A target record that is gone, taken or given to another record, an edit: nothing is sent."""
    gone, taken, given, edited = (world.has(f"Crane {number}") for number in range(4))
    await synced(world, gone, taken, given, edited)
    ids = {record: unwritten(world, record) for record in (gone, taken, given, edited)}
    plan = await planned(world, ADOPTS)
    world.outreach.opportunities.delete(ids[gone])
    world.has("Thief", **{ID: str(ids[taken])})
    world.outreach.opportunities.update(ids[given], {"customId": "OPP-999"})
    world.edit(edited, comment="Edited since")
    world.forget_traffic()

    numbers, left_out = await applied(world, plan.path)

    assert numbers == {"done": 0, "done_already": 0, "left_out": 4}
    assert set(left_out) == {f"OPP-{one}" for one in ids}
    assert "carries the reference of another record by now" in left_out[f"OPP-{given}"]
    assert writes(world) == []


async def test_an_adoption_that_is_cut_off_can_be_done_again(world: Bench) -> None:
    """It ends as the ids are to be written back; nothing is created, then or later."""
    records = [world.has(f"Crane {number}") for number in range(3)]
    await synced(world, *records)
    twins = {record: unwritten(world, record) for record in records}
    world.edit(records[0], **{ERROR: True})
    plan = await planned(world, ADOPTS)
    with anyio.CancelScope() as scope:
        world.just_before_a_write_back(scope.cancel)
        await applied(world, plan.path)
    assert scope.cancelled_caught
    await world.all_carried_out()
    world.workbooks_door.before.clear()

    await applied(world, plan.path)

    await world.once()
    assert {record: world.twin(record).id for record in records} == twins
    assert world.outreach_traffic.counts[CREATE] == 0


async def test_the_requests_are_counted_before_they_are_sent(world: Bench) -> None:
    """Of each kind that changes something exactly; and none but these."""
    records = [world.has(f"Crane {number}") for number in range(6)]
    await synced(world, *records)
    world.outreach.opportunities.update(world.twin(records[0]).id, {"name": "By hand"})
    unwritten(world, records[1])
    world.edit(records[2], **{URL: ""})

    plan = await planned(world, ADOPTS)
    world.forget_traffic()
    await applied(world, plan.path)

    told = predicted(plan.end.requests)
    assert told["outreach", "PATCH", "/opportunities/{id}"] == 1
    assert told["workbooks", "PUT", "/crm/opportunities.api"] == 1
    assert told["workbooks", "POST", "/crm/opportunities.api"] == 1
    gets = [one for one in world.outreach_seen if one.method == "GET"]
    alone = [one for one in gets if one.path.rsplit("/", 1)[-1].isdigit()]
    assert told["outreach", "GET", "/opportunities/{id}"] == len(alone)
    assert len(writes(world)) == 2


async def test_a_role_in_doubt_is_no_create_in_doubt(world: Bench) -> None:
    """What was announced of the people on its tab is no business of the record's."""
    record = world.has("Harbour crane")
    await world.once()
    with closing(statefile.connect(world.state / FILE_NAME)) as state:
        state.execute(
            "INSERT INTO intent (kind, record_id, correlation, opened_at) VALUES"
            " ('role', ?, '[]', 1)",
            (record,),
        )

    plan = await planned(world, ADOPTS)

    assert plan.end.findings == {Finding.OURS: 1}


async def test_the_store_links_nothing_that_is_anothers(world: Bench) -> None:
    """Nor a record of which a create was announced: it may have been executed."""
    owner, announced, free = (world.has(f"Crane {number}") for number in range(3))
    await world.once()
    owned = world.twin(owner).id
    config, environment = world.config(), world.environment()
    async with environment.place(config).open() as store:
        now = environment.clock.now()

        async def link(record: int, target_id: int) -> bool:
            named = Named(RecordType.OPPORTUNITY, record, f"OPP-{record}")
            note = Note("adopted", "as a test")
            return await store.acting.adopt(named, target_id, note, now, lift=False)

        assert not await link(free, owned)
        assert await link(free, owned + 1000)
        await store.acting.resync([Named(RecordType.OPPORTUNITY, announced, "")], now)
        assert await store.records.open_doubt(announced, "OPP-1", now, now)
        assert not await link(announced, owned + 2000)


async def test_many_records_are_read_page_by_page(world: Bench) -> None:
    """On both sides: the target's are on its second page."""
    world.settings["workbooks"]["page_size"] = 10
    for number in range(1000):
        world.outreach.opportunities.create({"name": f"Entered by hand {number}"})
    records = [world.has(f"Crane {number}") for number in range(35)]
    await synced(world, *records)
    twins = {record: unwritten(world, record) for record in records}

    plan = await planned(world, ADOPTS)

    assert {one.record_id: one.target_id for one in plan.of(Kind.ADOPT)} == twins
    assert plan.end.findings == {Finding.HALF_WRITTEN: 35}
