"""A row that cannot be read keeps nobody else waiting, wherever rows are read by their ids."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from connectors.sandbox.faults import Fault
from connectors.sandbox.workbooks.tables import Table
from engine.model.reason import Code
from tests.scenario.bench import OPPORTUNITIES, Bench, until
from tests.scenario.fuse_hands import past_the_overlap
from tests.scenario.service_port import eventually, served
from tests.scenario.test_status import verdict
from tests.scenario.undo_hands import latest_run, undo

pytestmark = pytest.mark.anyio

MINUTE_S = 61
# Every hour, by default.
SWEEP_S = 3601


def spoil(table: Table, row_id: int) -> None:
    """Have the service show a row with a version that is none; nothing else of it changes."""
    row = table.find(row_id)
    assert row is not None
    row.lock_version = -7


def mend(table: Table, row_id: int, version: int = 7) -> None:
    """Have the row be like any other again."""
    row = table.find(row_id)
    assert row is not None
    row.lock_version = version


async def goes_on_by_itself(world: Bench, record: int) -> None:
    """What could not be read waits with the reason, and is read again without an edit."""
    assert any(
        f"the record with id {record}: column lock_version" in one for one in world.waiting()
    )
    mend(world.workbooks.opportunities, record)
    world.clock.advance(MINUTE_S)
    await world.once()
    assert world.waiting() == set()
    assert world.reasons() == {}


async def test_a_person_who_cannot_be_read_keeps_no_other_from_being_related(world: Bench) -> None:
    """The people of many opportunities are read at once."""
    people = world.knows_all("Ada Byron", "Grace Hopper", "Mary Somerville")
    records = [world.has(f"Row {number}") for number in range(3)]
    for record, person in zip(records, people, strict=True):
        world.puts(record, (person, "Buyer"))
    spoil(world.workbooks.people, people[1])

    await world.once()

    for record, person in (records[0], people[0]), (records[2], people[2]):
        assert world.roles(record) == world.wanted((person, "Buyer"))
    assert world.roles(records[1]) == []
    [reason] = world.waiting()
    assert f"the record with id {people[1]}: column lock_version" in reason

    mend(world.workbooks.people, people[1])
    world.clock.advance(MINUTE_S)
    await world.once()
    assert world.roles(records[1]) == world.wanted((people[1], "Buyer"))
    assert world.waiting() == set()


async def test_a_record_that_cannot_be_read_keeps_no_other_tab_waiting(world: Bench) -> None:
    """Tabs that were edited are read at once."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    records = [world.has(f"Row {number}") for number in range(3)]
    await world.once()
    await past_the_overlap(world)
    for record in records:
        world.puts(record, (ada, "Buyer"), (grace, "User"))
    spoil(world.workbooks.opportunities, records[1])

    await world.once()

    for record in (records[0], records[2]):
        assert world.roles(record) == world.wanted((ada, "Buyer"), (grace, "User"))
    await goes_on_by_itself(world, records[1])
    assert world.roles(records[1]) == world.wanted((ada, "Buyer"), (grace, "User"))


async def test_a_record_that_cannot_be_read_keeps_no_other_from_its_id(world: Bench) -> None:
    """Where a write meets an edit, all are read before it is repeated together."""
    records = [world.has(f"Row {number}") for number in range(10)]
    odd, others = records[1], [records[0], *records[2:]]

    def edited() -> None:
        for record in records:
            world.edit(record, description="Edited meanwhile")
        spoil(world.workbooks.opportunities, odd)

    world.just_before_a_write_back(edited)
    with capture_logs() as lines:
        await world.once()

    failed = [line for line in lines if line["event"] == "write_back_failed"]
    assert {(line["records"], f"id {odd}:" in line["reason"]) for line in failed} == {(1, True)}
    for record in others:
        assert world.record(record)["outreach_id"] == str(world.twin(record).id)
    mend(world.workbooks.opportunities, odd)
    world.clock.advance(MINUTE_S)
    await world.once()
    assert world.record(odd)["outreach_id"] == str(world.twin(odd).id)
    assert len(world.outreach.opportunities) == len(records)


async def test_a_record_that_cannot_be_read_keeps_no_other_from_a_new_mapping(world: Bench) -> None:
    """With another mapping every linked record is read anew, a hundred at once."""
    records = [world.has(f"Row {number}", refcode=f"R{number}") for number in range(3)]
    await world.once()
    await past_the_overlap(world)
    spoil(world.workbooks.opportunities, records[1])
    world.settings["mapping.opportunity"] = {"custom1": "refcode"}

    await world.once()

    for number in (0, 2):
        assert world.twin(records[number]).attributes["custom1"] == f"R{number}"
    await goes_on_by_itself(world, records[1])
    assert world.twin(records[1]).attributes["custom1"] == "R1"


async def test_records_none_of_which_can_be_read_keep_no_new_mapping_from_its_end(
    world: Bench,
) -> None:
    """They are all that is linked, or all that the last hundred is."""
    records = [world.has(f"Row {number}", refcode=f"R{number}") for number in range(2)]
    await world.once()
    await past_the_overlap(world)
    for record in records:
        spoil(world.workbooks.opportunities, record)
    world.settings["mapping.opportunity"] = {"custom1": "refcode"}

    await world.once()

    said = {reason.partition(": column")[0] for reason in world.waiting()}
    assert said == {f"the record with id {record}" for record in records}
    for record in records:
        mend(world.workbooks.opportunities, record)
    world.clock.advance(MINUTE_S)
    await world.once()
    assert [world.twin(one).attributes["custom1"] for one in records] == ["R0", "R1"]


async def test_refused_records_that_cannot_be_read_end_no_audit(world: Bench) -> None:
    """No listing shows them any more, so that an audit asks for them by their ids."""
    world.settings["poller"] = {"sweep_interval_s": 0.001, "audit_interval_s": 0.001}
    refused = [world.has("") for _ in range(2)]
    await world.once()
    await past_the_overlap(world)
    for record in refused:
        spoil(world.workbooks.opportunities, record)
    with capture_logs() as lines:
        await world.once()

    assert [line for line in lines if line["event"] == "poll_failed"] == []
    assert len(world.reasons()) == len(refused)


async def test_a_row_that_stands_first_keeps_nobody_from_starting(world: Bench) -> None:
    """The oldest record is what a start reads to see whether it can read at all."""
    records = [world.has(f"Row {number}") for number in range(3)]
    people = world.knows_all("Ada Byron", "Grace Hopper")
    world.puts(records[1], (people[1], "Buyer"))
    spoil(world.workbooks.opportunities, records[0])
    spoil(world.workbooks.people, people[0])

    await world.once()

    for record in records[1:]:
        assert world.twin(record)
    assert world.roles(records[1]) == world.wanted((people[1], "Buyer"))
    assert world.twins(records[0]) == []


@pytest.mark.parametrize("people", [False, True])
async def test_a_row_besides_which_there_is_none_keeps_nobody_from_starting(
    world: Bench, people: bool
) -> None:
    """The first record that somebody ticks, or the first person."""
    record = world.has("Harbour crane")
    [ada] = world.knows_all("Ada Byron")
    table, odd = world.workbooks.opportunities, record
    if people:
        table, odd = world.workbooks.people, ada
    spoil(table, odd)

    await world.once()

    assert len(world.twins(record)) == int(people)
    mend(table, odd)
    world.clock.advance(MINUTE_S)
    await world.once()
    assert world.twin(record)


async def test_rows_that_only_a_sweep_lists_end_no_sweep_and_no_audit(world: Bench) -> None:
    """Whatever can be read has its id by then, so what a sweep lists is what cannot."""
    world.settings["poller"] = {"sweep_interval_s": 0.001, "audit_interval_s": 0.001}
    record, *odd = (world.has(f"Row {number}") for number in range(3))
    for one in odd:
        spoil(world.workbooks.opportunities, one)
    await world.once()
    world.clock.advance(600)
    row = world.workbooks.opportunities.find(record)
    assert row is not None
    row.values["description"] = "Row 0, by the back door"
    row.lock_version += 1
    with capture_logs() as lines:
        await world.once()

    assert [line for line in lines if line["event"] == "poll_failed"] == []
    assert "sweep_done" in {line["event"] for line in lines}
    assert world.twin(record).attributes["name"] == "Row 0, by the back door"
    for one in odd:
        mend(world.workbooks.opportunities, one)
    await world.once()
    assert all(world.twin(one) for one in odd)


async def test_a_row_that_stands_alone_is_no_poll_that_fails_and_is_told_of_until_it_is_mended(
    world: Bench,
) -> None:
    """Nothing else was edited for a while; a new record is known to nobody but the status."""
    record = world.has("Harbour crane")
    await world.once()
    world.clock.advance(600)
    odd = world.has("Ferry")
    spoil(world.workbooks.opportunities, odd)
    with capture_logs() as lines:
        async with served(world) as port:

            async def told() -> bool:
                return verdict(await port.status(), "workbooks")["code"] == "row-unreadable"

            await eventually(told)
            said = verdict(await port.status(), "workbooks")
            assert said["verdict"] == "works in part"
            assert f"the record with id {odd}: column lock_version" in said["cause"]
            world.edit(record, description="Harbour crane, blue")
            await until(lambda: world.twin(record).attributes["name"] == "Harbour crane, blue")

            mend(world.workbooks.opportunities, odd)
            world.clock.advance(SWEEP_S)
            await until(lambda: bool(world.record(odd)["outreach_id"]))

            async def works() -> bool:
                return verdict(await port.status(), "workbooks")["verdict"] == "works"

            await eventually(works)
    assert [line for line in lines if line["event"] == "poll_failed"] == []
    assert len([line for line in lines if line["event"] == "rows_unreadable"]) == 1


async def test_a_row_that_cannot_be_read_whole_is_no_poll_that_fails(world: Bench) -> None:
    """It is taken in, and only its own record waits: the link is read when that is worked on."""
    record, link = world.has("Harbour crane"), "cf_opportunity_outreach_url"
    await world.once()
    await past_the_overlap(world)
    world.edit(record, description="Harbour crane, blue")
    world.workbooks_fault(
        Fault(
            path=f"{OPPORTUNITIES}$", when="after", action="edit", times=None, cells={link: ["/1"]}
        )
    )

    await world.once()

    assert any(f"id {record}: column {link}" in reason for reason in world.waiting())
    world.workbooks_traffic.plan.clear()
    world.edit(record, description="Harbour crane, red")
    await world.once()
    assert world.twin(record).attributes["name"] == "Harbour crane, red"


async def test_a_row_behind_all_pages_ends_no_sweep_and_no_audit(world: Bench) -> None:
    """It would be tried from its last page for ever."""
    world.settings["poller"] = {"sweep_interval_s": 0.001, "audit_interval_s": 0.001}
    world.settings["workbooks"] |= {"page_size": 2}
    records = [world.has(f"Row {number}") for number in range(3)]
    await world.once()
    world.clock.advance(600)
    spoil(world.workbooks.opportunities, records[2])
    row = world.workbooks.opportunities.find(records[0])
    assert row is not None
    row.values["description"] = "Row 0, by the back door"
    row.lock_version += 1
    with capture_logs() as lines:
        for _ in range(2):
            await world.once()

    assert [line for line in lines if line["event"] == "poll_failed"] == []
    assert "sweep_done" in {line["event"] for line in lines}
    assert world.twin(records[0]).attributes["name"] == "Row 0, by the back door"
    await goes_on_by_itself(world, records[2])


async def test_the_log_tells_once_of_a_person_who_cannot_be_read(world: Bench) -> None:
    """Whoever stands last in the change order is listed by every poll."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    world.puts(world.has("Harbour crane"), (ada, "Buyer"))
    world.workbooks.people.update(ada, cf_person_sync_to_outreach=False)
    await world.once()
    await past_the_overlap(world)
    with capture_logs() as lines:
        async with served(world):
            polls = len([line for line in lines if line["event"] == "poll_done"])
            world.workbooks.people.update(grace, person_job_title="Admiral")
            spoil(world.workbooks.people, grace)

            def polled() -> bool:
                return len([line for line in lines if line["event"] == "poll_done"]) > polls + 9

            await until(polled)

    assert len([line for line in lines if line["event"] == "rows_unreadable"]) == 1


async def test_the_log_tells_once_of_a_linked_row_that_only_audits_list(world: Bench) -> None:
    """A sweep that does not list it has not found it mended."""
    records = [world.has(f"Row {number}") for number in range(2)]
    await world.once()
    await past_the_overlap(world)
    spoil(world.workbooks.opportunities, records[0])
    with capture_logs() as lines:
        async with served(world, sweep_interval_s=0.001, audit_interval_s=0.001) as port:

            def swept() -> bool:
                return len([line for line in lines if line["event"] == "sweep_done"]) > 9

            await until(swept)
            said = verdict(await port.status(), "workbooks")

    assert said["code"] == "row-unreadable"
    assert len([line for line in lines if line["event"] == "rows_unreadable"]) == 1


async def test_an_audit_finds_what_was_deleted_beside_rows_that_cannot_be_read(
    world: Bench,
) -> None:
    """It knows which those are, and that they are there."""
    world.settings["poller"] = {"sweep_interval_s": 0.001, "audit_interval_s": 0.001}
    records = [world.has(f"Row {number}") for number in range(4)]
    await world.once()
    await past_the_overlap(world)
    for odd in records[:2]:
        spoil(world.workbooks.opportunities, odd)
    world.workbooks.opportunities.delete(records[3])
    with capture_logs() as lines:
        await world.once()

    assert [line for line in lines if line["event"] == "poll_failed"] == []
    assert world.history(records[3])[-1].reason_code == Code.RECORD_DELETED
    for odd in records[:2]:
        assert world.history(odd)[-1].decision != "left out"
        mend(world.workbooks.opportunities, odd)
    world.clock.advance(MINUTE_S)
    await world.once()
    assert world.waiting() == set()


async def test_what_an_operator_has_undone_stays_so_where_a_row_cannot_be_read(
    world: Bench,
) -> None:
    """It is read again by itself, and nobody has asked for it to be repaired."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    world.has("Ferry")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer"))
    await world.once()
    world.clock.advance(600)
    world.edit(record, description="Harbour crane, blue")
    await world.once()
    await undo(world, run=latest_run(world, "started"))
    assert world.twin(record).attributes["name"] == "Harbour crane"

    version = int(str(world.record(record)["lock_version"]))
    world.puts(record, (ada, "Buyer"), (grace, "User"))
    spoil(world.workbooks.opportunities, record)
    await world.once()
    mend(world.workbooks.opportunities, record, version)
    world.clock.advance(MINUTE_S * 2)
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer"), (grace, "User"))
    assert world.twin(record).attributes["name"] == "Harbour crane"
