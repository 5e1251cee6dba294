"""No duplicate, ever: a create whose answer is lost is looked for before anything is repeated."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from connectors.sandbox.faults import Fault
from engine.decide import doubt
from tests.scenario.bench import CREATE, SEARCH, Bench, running, until

pytestmark = pytest.mark.anyio

LOST_AFTER = [
    Fault(method="POST", path="/opportunities$", when="after", action="drop"),
    Fault(method="POST", path="/opportunities$", when="after", status=502),
    Fault(method="POST", path="/opportunities$", when="after", status=500),
    Fault(method="POST", path="/opportunities$", when="after", action="garbage"),
]
LOST_BEFORE = [
    Fault(method="POST", path="/opportunities$", when="before", action="drop"),
    Fault(method="POST", path="/opportunities$", when="before", status=502),
    Fault(method="POST", path="/opportunities$", when="before", action="garbage"),
]
NAMES_AFTER = ["dropped", "502", "500", "unreadable"]
NAMES_BEFORE = ["dropped", "502", "unreadable"]


@pytest.mark.parametrize("fault", LOST_AFTER, ids=NAMES_AFTER)
async def test_a_create_carried_out_and_not_answered_is_adopted(world: Bench, fault: Fault) -> None:
    """The record exists; sending it again would make two."""
    world.outreach_fault(fault)
    record = world.has("Harbour crane", comment="Two hooks")

    result = await world.once()

    assert world.twin(record).attributes["description"] == "Two hooks"
    assert world.outreach_traffic.counts[CREATE] == 1
    assert (result.counts.in_doubt, result.counts.pending) == (0, 0)


@pytest.mark.parametrize("fault", LOST_BEFORE, ids=NAMES_BEFORE)
async def test_a_create_never_carried_out_is_sent_again_once(world: Bench, fault: Fault) -> None:
    """Only after the bound within which a collection may lag is an empty answer believed."""
    world.outreach_fault(fault)
    record = world.has("Harbour crane")

    await world.once()

    assert world.twin(record)
    assert world.outreach_traffic.counts[CREATE] == 2
    assert world.outreach_traffic.counts[SEARCH] >= 1


@pytest.fixture
def patient(world: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench that looks for a create in doubt once a minute, so that a run leaves it in doubt."""
    monkeypatch.setattr(doubt, "FIRST_LOOK_S", 60.0)
    monkeypatch.setattr(doubt, "GROWTH", 1.0)
    world.settings["outreach"]["visibility_s"] = 300
    return world


async def test_a_lagging_collection_keeps_the_create_in_doubt(patient: Bench) -> None:
    """Within the lag, not finding a record proves nothing."""
    patient.outreach_fault(LOST_AFTER[0])
    patient.outreach.knobs.index_lag_s = 100
    record = patient.has("Harbour crane")

    await patient.once()
    patient.clock.advance(61)
    result = await patient.once()
    assert result.counts.in_doubt == 1
    assert len(patient.twins(record)) == 1
    assert patient.record(record)["outreach_id"] is None

    patient.clock.advance(61)
    result = await patient.once()

    assert patient.twin(record)
    assert (result.counts.in_doubt, patient.outreach_traffic.counts[CREATE]) == (0, 1)


async def test_a_record_that_is_gone_is_not_found_again_while_lists_still_show_it(
    patient: Bench,
) -> None:
    """It is not what the lost create made; taking it for that sends one create after the other."""
    patient.settings["outreach"]["on_missing"] = "recreate"
    patient.outreach.knobs.index_lag_s = 100
    record = patient.has("Harbour crane")
    await patient.once()
    patient.clock.advance(120)
    patient.outreach.opportunities.delete(patient.twin(record).id)
    patient.outreach_fault(LOST_AFTER[0])

    patient.edit(record, description="Harbour crane, blue")
    for _ in range(4):
        await patient.once()
        patient.clock.advance(61)

    assert patient.twin(record).attributes["name"] == "Harbour crane, blue"
    assert patient.outreach_traffic.counts[CREATE] == 2


async def test_what_was_found_of_one_create_is_not_taken_for_the_next_of_its_record(
    world: Bench,
) -> None:
    """Both bear the same value, and the first may be gone by then."""
    world.settings["outreach"]["on_missing"] = "recreate"
    record = world.has("Harbour crane")

    def linked_to_its_twin() -> bool:
        world.clock.advance(5)
        ids = [str(one.id) for one in world.twins(record)]
        return ids == [world.record(record)["outreach_id"]]

    world.outreach_fault(LOST_AFTER[0])
    with capture_logs() as said:
        async with running(world):
            await until(linked_to_its_twin)
            first = world.twin(record).id
            world.outreach.opportunities.delete(first)
            world.outreach_fault(LOST_AFTER[0])
            world.edit(record, description="Harbour crane, blue")
            looked_up = world.outreach_traffic.counts[SEARCH]
            await until(linked_to_its_twin)

    assert world.twin(record).attributes["name"] == "Harbour crane, blue"
    assert world.outreach_traffic.counts[CREATE] == 2
    assert world.outreach_traffic.counts[SEARCH] == looked_up + 1
    assert "create_not_seen_yet" not in [one["event"] for one in said]


async def test_an_edit_while_in_doubt_arrives_after_the_adoption(patient: Bench) -> None:
    """The create carried the old values; the newest ones must win in the end."""
    patient.outreach_fault(LOST_AFTER[0])
    patient.outreach.knobs.index_lag_s = 30
    record = patient.has("Harbour crane")
    await patient.once()

    patient.edit(record, description="Harbour crane, blue")
    patient.clock.advance(61)
    await patient.once()

    assert patient.twin(record).attributes["name"] == "Harbour crane, blue"
    assert patient.outreach_traffic.counts[CREATE] == 1


async def test_a_record_unticked_while_in_doubt_is_accounted_for(patient: Bench) -> None:
    """It may exist in Outreach; forgetting it would make the next tick a duplicate."""
    patient.outreach_fault(LOST_AFTER[0])
    patient.outreach.knobs.index_lag_s = 30
    record = patient.has("Harbour crane")
    await patient.once()

    patient.edit(record, cf_opportunity_sync_to_outreach=False)
    patient.clock.advance(61)
    await patient.once()
    patient.edit(record, cf_opportunity_sync_to_outreach=True)
    await patient.once()

    assert patient.twin(record)
    assert patient.outreach_traffic.counts[CREATE] == 1


async def test_several_answers_lost_together_duplicate_nothing(world: Bench) -> None:
    """A gateway in trouble loses many answers, not one."""
    fault = Fault(method="POST", path="/opportunities$", when="after", action="drop", times=6)
    world.outreach_fault(fault)
    records = [world.has(f"Row {number}") for number in range(8)]

    result = await world.once()

    assert len({world.twin(record).id for record in records}) == 8
    assert len(world.outreach.opportunities) == 8
    assert (result.counts.in_doubt, result.counts.refused) == (0, 0)


REFUSED_LOOKS = {
    "refused": (422, '{"errors":[{"id":"validationError","detail":"The filter is not one."}]}'),
    "not found": (404, '{"errors":[{"id":"resourceNotFound","detail":"Could not find it."}]}'),
}


@pytest.mark.parametrize(("status", "text"), REFUSED_LOOKS.values(), ids=REFUSED_LOOKS.keys())
async def test_a_look_that_is_refused_leaves_the_create_in_doubt(
    world: Bench, status: int, text: str
) -> None:
    """The record is flagged for it; after the flag is reset it is looked for, not created again."""
    world.outreach_fault(LOST_AFTER[0])
    world.outreach_fault(Fault(method="GET", path="/opportunities$", status=status, text=text))
    record = world.has("Harbour crane")
    result = await world.once()
    assert world.record(record)["error"] is True
    assert result.counts.in_doubt == 1

    world.edit(record, cf_opportunity_outreach_sync_error=False)
    result = await world.once()

    assert world.twin(record)
    assert world.outreach_traffic.counts[CREATE] == 1
    assert (result.counts.in_doubt, result.counts.refused) == (0, 0)


async def test_a_record_that_cannot_be_created_any_more_is_in_doubt_no_longer(
    patient: Bench,
) -> None:
    """What is refused in the end was looked for until the bound: nobody has to look into it."""
    patient.outreach_fault(LOST_BEFORE[0])
    record = patient.has("Harbour crane")
    await patient.once()

    patient.edit(record, description=None)
    assert (await patient.once()).counts.in_doubt == 1
    patient.clock.advance(301)
    result = await patient.once()

    assert patient.record(record)["error"] is True
    assert (result.counts.in_doubt, result.counts.refused) == (0, 1)
    assert len(patient.outreach.opportunities) == 0


async def test_the_history_tells_of_the_doubt_once(patient: Bench) -> None:
    """Whoever asks about the record while it is looked for must not read that nothing is known."""
    patient.outreach_fault(LOST_AFTER[0])
    patient.outreach.knobs.index_lag_s = 100
    record = patient.has("Harbour crane")

    await patient.once()
    patient.clock.advance(61)
    await patient.once()

    [line] = patient.history(record)
    assert (line.decision, "may have been executed" in line.detail) == ("in doubt", True)


@pytest.mark.parametrize("status", [302, 403, 404, 422, 500])
async def test_a_front_that_takes_no_list_leaves_nobody_in_doubt(world: Bench, status: int) -> None:
    """Then each create is looked for by itself, and nothing is lost."""
    lost = Fault(method="POST", path="/opportunities$", when="after", action="drop", times=8)
    listed = Fault(
        method="GET", path="/opportunities$", query=r"filter\[customId\]\[\]", times=None
    )
    world.outreach_fault(lost)
    world.outreach_fault(replace(listed, status=status, text="<html>Not like that.</html>"))
    records = [world.has(f"Row {number}") for number in range(8)]

    async with running(world):
        await until(lambda: all(world.record(record)["outreach_id"] for record in records))

    assert len({world.twin(record).id for record in records}) == 8
    assert world.outreach_traffic.counts[CREATE] == 8


async def test_a_value_that_is_refused_keeps_back_no_other(world: Bench) -> None:
    """One look for many must not make one record's trouble everybody's."""
    lost = Fault(method="POST", path="/opportunities$", when="after", action="drop", times=8)
    world.outreach_fault(lost)
    records = [world.has(f"Row {number}") for number in range(8)]
    refused, *others = records
    world.outreach_fault(
        Fault(
            method="GET",
            path="/opportunities$",
            query=rf"=OPP-{refused}\b",
            times=None,
            status=422,
            text='{"errors":[{"id":"validationError","detail":"The filter is not one."}]}',
        )
    )

    async with running(world):
        await until(lambda: all(world.record(record)["outreach_id"] for record in others))
        await until(lambda: world.record(refused)["error"] is True)

    assert world.reasons()[f"OPP-{refused}"].reason == "The filter is not one."
    assert world.outreach_traffic.counts[CREATE] == 8


async def test_a_create_in_doubt_waits_for_what_put_it_there(patient: Bench) -> None:
    """That it is not to be seen yet is no reason; and nobody is told of our own caution."""
    patient.outreach_fault(
        Fault(method="POST", path="/opportunities$", when="before", status=500, times=None)
    )
    record = patient.has("Harbour crane")

    await patient.once()
    patient.clock.advance(61)
    await patient.once()

    assert {reason.split(":")[0] for reason in patient.waiting()} == {"answered HTTP 500"}
    [line] = patient.history(record)
    assert "answered HTTP 500" in line.detail


async def _hours_of_500(patient: Bench, records: list[int], rounds: int) -> None:
    fault = Fault(method="POST", path="/opportunities$", status=500, times=None)
    patient.outreach_fault(fault)
    for _ in range(rounds):
        await patient.once()
        patient.clock.advance(310)
    assert len(patient.outreach.opportunities) == 0
    assert all(patient.twins(record) == [] for record in records)


async def test_a_create_that_is_answered_500_for_ever_is_flagged_even_when_it_is_alone(
    patient: Bench,
) -> None:
    """Whoever waits for it must be told, with what was answered; but not within a bad hour."""
    record = patient.has("Harbour crane")

    await _hours_of_500(patient, [record], 11)
    assert patient.record(record)["error"] is False
    await _hours_of_500(patient, [record], 4)

    assert patient.record(record)["error"] is True
    reason = patient.reasons()[f"OPP-{record}"].reason
    assert "answered HTTP 500" in reason
    assert "for over an hour" in reason


async def test_creates_that_are_answered_500_alike_are_nobodys_fault(patient: Bench) -> None:
    """However long that lasts, it is the system that fails."""
    records = [patient.has("Harbour crane"), patient.has("Barge")]

    await _hours_of_500(patient, records, 15)

    assert [patient.record(record)["error"] for record in records] == [False, False]
    assert {reason.split(":")[0] for reason in patient.waiting()} <= {
        "answered HTTP 500",
        "held back",
    }


async def test_a_create_that_never_happened_is_not_made_up_for_beside_an_id_entered_since(
    patient: Bench,
) -> None:
    """Its user has made it another record meanwhile; the create was for one without any."""
    patient.outreach_fault(LOST_BEFORE[0])
    record = patient.has("Harbour crane")
    await patient.once()
    chosen = patient.outreach.opportunities.create({"name": "Chosen by hand"})

    patient.edit(record, cf_opportunity_outreach_id=str(chosen))
    patient.clock.advance(61)
    await patient.once()
    patient.clock.advance(301)
    result = await patient.once()

    assert patient.twin(record).id == chosen
    assert len(patient.outreach.opportunities) == 1
    assert (result.counts.in_doubt, patient.outreach_traffic.counts[CREATE]) == (0, 1)
