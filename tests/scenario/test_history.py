"""What the history tells: every decision and every write, each field with what it held before."""

from __future__ import annotations

from contextlib import closing, suppress

import pytest

from connectors.sandbox.faults import Fault
from engine.errors import EngineError
from engine.model.edit import Edit
from engine.model.history import CAME_BACK, LEFT_OUT, WAITS
from engine.model.named import Named
from engine.model.reason import Code
from engine.model.records import RecordType
from engine.model.report import HistoryLine
from engine.model.write import Write, WriteKind
from engine.store.sqlite import journal, runs, statefile
from tests.scenario.asking_hands import why
from tests.scenario.bench import Bench

pytestmark = pytest.mark.anyio

SYNC = "cf_opportunity_sync_to_outreach"
LOST_UPDATE = Fault(method="PATCH", path="/opportunities/", when="after", action="drop")
NEVER_ARRIVES = Fault(method="PATCH", path="/opportunities/", when="before", action="drop")
LOST_ROLE = Fault(method="POST", path="Roles$", when="after", action="drop")
LOST_REMOVAL = Fault(method="DELETE", path="Roles/", when="after", action="drop")


def written(lines: list[HistoryLine], *kinds: WriteKind) -> list[Write]:
    """The writes of these kinds, in their order."""
    return [write for line in lines for write in line.writes if write.kind in kinds]


def waits(world: Bench, record: int) -> list[HistoryLine]:
    """What the record waits for now, by its own word."""
    named = Named(RecordType.OPPORTUNITY, record, f"OPP-{record}")
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        return list(journal.present(connection, named))


async def test_an_update_is_told_with_what_each_field_held_before(world: Bench) -> None:
    """Without that nobody could put it back."""
    record = world.has("Harbour crane", comment="Blue")
    await world.once()
    world.edit(record, description="Harbour crane, painted", comment="")
    await world.once()

    twin = world.twin(record).id
    lines = world.history(record)
    [created] = written(lines, WriteKind.CREATED)
    assert created.target_id == twin
    assert Edit("name", None, "Harbour crane") in created.edits
    [updated] = written(lines, WriteKind.UPDATED)
    assert set(updated.edits) == {
        Edit("name", "Harbour crane", "Harbour crane, painted"),
        Edit("description", "Blue", None),
    }
    [told] = written(lines, WriteKind.WRITTEN_BACK)
    assert Edit("target id", None, str(twin)) in told.edits


async def test_why_shows_the_same_lines(world: Bench) -> None:
    """With code, run and writes, so that nobody has to ask twice."""
    record = world.has("x" * 256)
    await world.once()
    world.edit(record, description="Crane", cf_opportunity_outreach_sync_error=False)
    await world.once()
    world.edit(record, description="Crane, painted")
    await world.once()

    told = (await why(world, f"OPP-{record}"))["history"]

    assert [one["reason_code"] for one in told if one["decision"] == "refused"] == [
        Code.VALUE_TOO_LONG
    ]
    assert (told[-1]["decision"], told[-1]["run"]) == ("updated", 3)
    assert told[-1]["writes"][0]["edits"] == [
        {"field": "name", "before": "Crane", "after": "Crane, painted"}
    ]


async def test_an_update_whose_answer_was_lost_is_told_when_it_is_found(world: Bench) -> None:
    """What it took the place of was on disk before it was sent."""
    record = world.has("Harbour crane")
    await world.once()
    world.outreach_fault(LOST_UPDATE)
    world.edit(record, description="Harbour crane, painted")
    await world.once()

    [updated] = written(world.history(record), WriteKind.UPDATED)
    assert updated.edits == (Edit("name", "Harbour crane", "Harbour crane, painted"),)
    assert updated.found


async def test_an_update_that_never_arrived_is_told_once(world: Bench) -> None:
    """Only what was carried out is history."""
    record = world.has("Harbour crane")
    await world.once()
    world.outreach_fault(NEVER_ARRIVES)
    world.edit(record, description="Harbour crane, painted")
    await world.once()

    [updated] = written(world.history(record), WriteKind.UPDATED)
    assert updated.edits == (Edit("name", "Harbour crane", "Harbour crane, painted"),)
    assert not updated.found


async def test_a_lost_update_that_another_edit_overtakes_is_told_too(world: Bench) -> None:
    """Both took the place of something."""
    record = world.has("Harbour crane")
    await world.once()
    world.settings["retry"] = {"base_s": 60, "cap_s": 300}
    world.outreach_fault(LOST_UPDATE)
    world.edit(record, description="Harbour crane, painted")
    with suppress(EngineError):
        await world.once()
    world.edit(record, description="Harbour crane, sold")
    world.clock.advance(600)
    await world.once()

    first, second = written(world.history(record), WriteKind.UPDATED)
    assert first.edits == (Edit("name", "Harbour crane", "Harbour crane, painted"),)
    assert second.edits == (Edit("name", "Harbour crane, painted", "Harbour crane, sold"),)
    assert (first.found, second.found) == (True, False)


async def test_roles_and_prospects_are_told(world: Bench) -> None:
    """Each role with the text it had, and has."""
    ada, kim = world.knows_all("Ada Byron", "Kim Lee")
    record = world.has()
    world.puts(record, (ada, "Buyer"), (kim, "User"))
    await world.once()
    world.puts(record, (ada, "Sponsor"))
    await world.once()

    lines = world.history(record)
    added = written(lines, WriteKind.ROLE_ADDED)
    assert {(one.prospect_id, one.edits[0].after) for one in added} == {
        (world.told(ada), "Buyer"),
        (world.told(kim), "User"),
    }
    [changed] = written(lines, WriteKind.ROLE_CHANGED)
    assert changed.edits == (Edit("role", "Buyer", "Sponsor"),)
    [removed] = written(lines, WriteKind.ROLE_REMOVED)
    assert (removed.prospect_id, removed.edits) == (world.told(kim), (Edit("role", "User", None),))
    [made] = written(world.history(ada, "PERS"), WriteKind.PROSPECT_CREATED)
    assert Edit("firstName", None, "Ada") in made.edits


@pytest.mark.parametrize("lost", [LOST_ROLE, LOST_REMOVAL])
async def test_an_edit_of_roles_whose_answer_was_lost_is_told_when_it_is_found(
    world: Bench, lost: Fault
) -> None:
    """A listing shows what became of it."""
    ada, kim = world.knows_all("Ada Byron", "Kim Lee")
    record = world.has()
    world.puts(record, (ada, "Buyer"))
    await world.once()
    world.outreach_fault(lost)
    world.puts(record, (kim, "User"))
    await world.once()
    world.clock.advance(5)
    await world.once()

    lines = world.history(record)
    assert len(written(lines, WriteKind.ROLE_ADDED)) == 2
    assert len(written(lines, WriteKind.ROLE_REMOVED)) == 1
    found = [one for line in lines for one in line.writes if one.found]
    kind = WriteKind.ROLE_ADDED if lost is LOST_ROLE else WriteKind.ROLE_REMOVED
    assert [one.kind for one in found] == [kind]


async def test_a_wait_is_told_once_and_not_each_time_it_is_tried(world: Bench) -> None:
    """However often it fails of the same."""
    record = world.has()
    await world.once()
    world.outreach_fault(Fault(method="PATCH", path="/opportunities/", status=503, times=4))
    world.edit(record, description="Harbour crane, painted")
    for _ in range(6):
        with suppress(EngineError):
            await world.once()
        world.clock.advance(120)

    lines = [line for line in world.history(record) if line.decision == WAITS]
    assert [line.reason_code for line in lines] == [Code.UNANSWERED]
    assert world.twin(record).attributes["name"] == "Harbour crane, painted"


async def test_what_waits_for_the_budget_says_so_though_nothing_was_tried(world: Bench) -> None:
    """It used to have no history at all."""
    world.settings["outreach.budget"] = {"per_hour": 4, "reserve": 0}
    records = [world.has(f"Row {one}") for one in range(6)]
    with suppress(EngineError):
        await world.once()

    late = [one for one in records if not world.twins(one)]
    assert late
    for record in late:
        told = [*world.history(record), *waits(world, record)]
        assert [line.decision for line in told] == [WAITS]
        assert told[0].reason_code in (Code.WAITS_ITS_TURN, Code.BUDGET_HOUR_SPENT)


async def test_leaving_and_coming_back_is_told_once_each(world: Bench) -> None:
    """Unticked after it was synced, which no poll shows; then ticked again."""
    world.settings["poller"] = {"sweep_interval_s": 0.001, "audit_interval_s": 0.001}
    record, other = world.has(), world.has("Another")
    await world.once()
    world.edit(record, **{SYNC: False})
    for _ in range(3):
        world.clock.advance(120)
        await world.once()
    world.edit(record, **{SYNC: True})
    await world.once()

    told = [line for line in world.history(record) if line.decision in (LEFT_OUT, CAME_BACK)]
    assert [(line.decision, line.reason_code) for line in told] == [
        (LEFT_OUT, Code.SYNC_OFF),
        (CAME_BACK, None),
    ]
    assert not [line for line in world.history(other) if line.decision == LEFT_OUT]


@pytest.mark.parametrize("deleted", [True, False])
async def test_vanishing_is_told_with_its_reason(world: Bench, deleted: bool) -> None:
    """Deleted, or hidden from our user, are not the same."""
    world.settings["poller"] = {"sweep_interval_s": 0.001, "audit_interval_s": 0.001}
    record = world.has()
    await world.once()
    if deleted:
        world.workbooks.opportunities.delete(record)
    else:
        world.workbooks.opportunities.hide(record)
    for _ in range(2):
        world.clock.advance(120)
        await world.once()

    [told] = [line for line in world.history(record) if line.decision == LEFT_OUT]
    assert told.reason_code == (Code.RECORD_DELETED if deleted else Code.RECORD_HIDDEN)


async def test_everything_belongs_to_a_run(world: Bench) -> None:
    """A start and a changed mapping each begin one."""
    record = world.has("Harbour crane", comment="Blue")
    await world.once()
    world.settings["mapping.opportunity"] = {"name": "comment"}
    await world.once()

    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        listed = runs.listed(connection, limit=10)
        lines = journal.lines(connection, run=listed[0].id)
    assert [one.kind for one in listed] == ["mapping changed", "started"]
    assert [one.records for one in listed] == [1, 1]
    [updated] = written(lines, WriteKind.UPDATED)
    assert updated.edits == (Edit("name", "Harbour crane", "Blue"),)
    assert {line.ref for line in lines} == {f"OPP-{record}"}
