"""Rule 5 and the echo: ids and URLs return to Workbooks, in batches, and cost nothing after."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import pytest

from connectors.sandbox.faults import Fault
from connectors.workbooks.source import WorkbooksSource
from engine.decide.write_back import MISSING_LOOKS, MISSING_RETRY_S_MAX
from engine.model.records import RecordType, WriteBack, WriteBackResult
from engine.store.sqlite import statefile
from tests.scenario.bench import CREATE, OPPORTUNITIES, Bench

pytestmark = pytest.mark.anyio

WRITE = ("PUT", OPPORTUNITIES)


async def test_several_ids_return_in_one_request(world: Bench) -> None:
    """One request per record would take a bulk import hours."""
    records = [world.has(f"Row {number}") for number in range(12)]

    await world.once()

    assert len({world.twin(record).id for record in records}) == 12
    assert world.workbooks_traffic.counts[WRITE] <= 3


async def test_our_own_write_back_is_no_news(world: Bench) -> None:
    """It moves Updated At, and a service that answers its own echo never rests."""
    for number in range(5):
        world.has(f"Row {number}")
    await world.once()

    world.forget_traffic()
    result = await world.once()

    assert result.changed == 0
    assert world.outreach_traffic.total == 0
    assert world.workbooks_traffic.counts[WRITE] == 0


async def test_an_edit_made_before_the_id_returns_is_kept_and_synced(world: Bench) -> None:
    """The version moved on: neither may the id be lost nor the edit be overwritten."""
    record = world.has("Harbour crane")
    world.just_before_a_write_back(lambda: world.edit(record, description="Harbour crane, blue"))

    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane, blue"
    assert world.outreach_traffic.counts[CREATE] == 1
    assert world.record(record)["description"] == "Harbour crane, blue"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(method="PUT", when="after", action="drop"),
        Fault(method="PUT", when="after", status=502),
        Fault(method="PUT", when="after", action="garbage"),
        Fault(method="PUT", when="before", action="drop"),
    ],
    ids=["answer lost", "gateway failed", "answer unreadable", "request lost"],
)
async def test_a_lost_answer_to_a_write_back_is_cleared_up(world: Bench, fault: Fault) -> None:
    """The records themselves tell what was written; nothing is written twice."""
    records = [world.has(f"Row {number}") for number in range(3)]
    world.workbooks_fault(fault)

    result = await world.once()

    versions = {world.record(record)["lock_version"] for record in records}
    assert len({world.twin(record).id for record in records}) == 3
    assert (versions, result.counts.outbox) == ({1}, 0)
    world.forget_traffic()
    await world.once()
    assert world.outreach_traffic.total == 0


async def test_one_bad_row_does_not_hold_up_its_batch(world: Bench) -> None:
    """Each object answers for itself; a deleted record must not cost the others their ids."""
    doomed, *others = [world.has(f"Row {number}") for number in range(4)]
    world.just_before_a_write_back(lambda: world.workbooks.opportunities.delete(doomed))

    result = await world.once()

    assert all(world.twin(record) for record in others)
    assert result.counts.outbox == 0
    assert len(world.twins(doomed)) == 1
    told = {line.decision: line.detail for line in world.history(doomed)}
    assert told["write-back withdrawn"] == "the record is deleted"


async def test_a_deleted_record_that_comes_back_is_told_its_id_then(world: Bench) -> None:
    """Nothing is owed to it meanwhile, and it is not created a second time."""
    record = world.has("Harbour crane")
    world.just_before_a_write_back(lambda: world.workbooks.opportunities.delete(record))
    await world.once()

    world.workbooks.opportunities.restore(record)
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane"
    assert world.outreach_traffic.counts[CREATE] == 1


async def given_up(world: Bench) -> tuple[int, list[int]]:
    """A record hidden before it was told its id, and what was owed after each look for it."""
    world.settings["poller"] = {"audit_interval_s": 1e9, "sweep_interval_s": 1e9}
    record = world.has("Harbour crane")
    world.just_before_a_write_back(lambda: world.workbooks.opportunities.hide(record))
    owed = [(await world.once()).counts.outbox]
    for _ in range(MISSING_LOOKS):
        world.clock.advance(MISSING_RETRY_S_MAX)
        owed.append((await world.once()).counts.outbox)
    return record, owed


async def test_a_record_that_stays_hidden_is_given_up_after_a_while(world: Bench) -> None:
    """A look a day for ever, for every record ever hidden, would never end."""
    record, owed = await given_up(world)

    assert owed == [1] * (MISSING_LOOKS - 1) + [0, 0]
    assert "write-back withdrawn" in [line.decision for line in world.history(record)]


async def test_a_record_given_up_is_told_its_id_when_it_is_shown_again(world: Bench) -> None:
    """Its version is the one we know, so that only what we remember can tell."""
    record, _ = await given_up(world)
    world.workbooks.opportunities.show(record)

    world.settings["poller"] = {"sweep_interval_s": 60}
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane"
    assert world.outreach_traffic.counts[CREATE] == 1


async def test_a_record_restored_after_its_create_still_gets_its_id(world: Bench) -> None:
    """What is owed stays owed; without it a restored record would be created twice."""
    record = world.has("Harbour crane")
    world.just_before_a_write_back(lambda: world.workbooks.opportunities.hide(record))
    await world.once()
    world.workbooks.opportunities.show(record)

    world.clock.advance(3601)
    result = await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane"
    assert world.outreach_traffic.counts[CREATE] == 1
    assert result.counts.outbox == 0


async def test_an_edit_on_top_of_an_unanswered_write_is_not_taken_for_our_own(
    world: Bench,
) -> None:
    """The version that proves our delivery may be somebody's edit already."""
    world.workbooks_fault(Fault(method="PUT", path=OPPORTUNITIES, when="after", action="drop"))
    record = world.has("Harbour crane")

    def edit_before_the_next_read() -> None:
        world.workbooks_door.before["POST", OPPORTUNITIES] = lambda: world.edit(
            record, description="Dry dock"
        )

    world.just_before_a_write_back(edit_before_the_next_read)
    await world.once()
    await world.once()

    assert world.twin(record).attributes["name"] == "Dry dock"


async def test_a_write_back_that_is_never_answered_waits_for_that_reason(world: Bench) -> None:
    """An operator who reads that the record keeps changing looks in the wrong place."""
    world.settings["retry"] = {"base_s": 300, "cap_s": 300}
    world.has("Harbour crane")
    world.workbooks_fault(Fault(method="PUT", when="before", action="drop", times=4))

    result = await world.once()

    assert result.counts.outbox == 1
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        [row] = connection.execute("SELECT reason FROM outbox").fetchall()
    assert "disconnected" in row["reason"]


async def test_a_surprise_in_a_batch_delays_it_and_stops_nothing(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect of ours at one record would end the service, again after every restart."""
    sound, surprises = WorkbooksSource.write_back, [KeyError("data")]

    async def surprising(
        self: WorkbooksSource, record_type: RecordType, entries: Sequence[WriteBack]
    ) -> list[WriteBackResult]:
        if surprises:
            raise surprises.pop()
        return await sound(self, record_type, entries)

    monkeypatch.setattr(WorkbooksSource, "write_back", surprising)
    record = world.has("Harbour crane")

    result = await world.once()

    assert world.twin(record)
    assert result.counts.outbox == 0
