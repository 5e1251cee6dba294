"""No duplicate, ever: roles and prospects whose answer is lost are looked for before a repeat."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import anyio
import pytest
from structlog.testing import capture_logs

from connectors.sandbox.faults import Fault
from engine.decide import doubt
from tests.scenario.bench import Bench, running, until
from tests.scenario.people import CREATE_PROSPECT, CREATE_ROLE, FIND_PROSPECTS, LIST_ROLES

pytestmark = pytest.mark.anyio

ROLE_PATH, PROSPECT_PATH = "/opportunityProspectRoles$", "/prospects$"
When = Literal["before", "after"]
How = Literal["drop", "status", "garbage"]
LOST: list[tuple[When, How]] = [
    ("after", "drop"),
    ("after", "status"),
    ("after", "garbage"),
    ("before", "drop"),
]


def lost(path: str, how: How = "drop", when: When = "after", times: int = 1) -> Fault:
    """A create that is carried out, or not, and not answered as it should be."""
    return Fault(method="POST", path=path, when=when, action=how, status=502, times=times)


def related(world: Bench, *roles: str, name: str = "Harbour crane") -> tuple[int, int]:
    """(opportunity, the person on it in these relationships)"""
    ada = world.knows()
    record = world.has(name)
    world.puts(record, *((ada, role) for role in roles))
    return record, ada


@pytest.mark.parametrize(("when", "how"), LOST)
async def test_a_role_whose_answer_is_lost_is_there_once(
    world: Bench, how: How, when: When
) -> None:
    """Outreach takes equal roles, so a blind repeat would show the person twice."""
    world.outreach_fault(lost(ROLE_PATH, how, when))
    record, ada = related(world, "Decision maker", "Sponsor")

    result = await world.once()

    assert world.roles(record) == world.wanted((ada, "Decision maker"), (ada, "Sponsor"))
    assert (result.counts.tabs, result.counts.in_doubt) == (0, 0)


@pytest.mark.parametrize(("when", "how"), LOST)
async def test_a_prospect_whose_answer_is_lost_is_there_once(
    world: Bench, how: How, when: When
) -> None:
    """It is looked for by its address, and sent again only when it never came into being."""
    world.outreach_fault(lost(PROSPECT_PATH, how, when))
    record, ada = related(world, "Decision maker")

    result = await world.once()

    assert world.roles(record) == world.wanted((ada, "Decision maker"))
    assert len(world.outreach.prospects) == 1
    assert (result.counts.tabs, result.counts.in_doubt) == (0, 0)


async def test_two_equal_roles_in_doubt_end_as_two(world: Bench) -> None:
    """One of the pair is found, the other is still to be made."""
    world.outreach_fault(lost(ROLE_PATH))
    record, ada = related(world, "Buyer", "Buyer")

    await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer"), (ada, "Buyer"))


async def test_a_role_found_after_a_lost_answer_is_ours_to_remove(world: Bench) -> None:
    """We made it, though nobody told us."""
    world.outreach_fault(lost(ROLE_PATH))
    record, _ = related(world, "Decision maker")
    await world.once()

    world.puts(record)
    await world.once()

    assert world.roles(record) == []


async def test_many_answers_lost_together_duplicate_nothing(world: Bench) -> None:
    """A gateway in trouble loses many answers, not one."""
    world.outreach_fault(lost(ROLE_PATH, times=4))
    world.outreach_fault(lost(PROSPECT_PATH, times=2))
    people = world.knows_all("Ada Byron", "Grace Hopper", "Mary Somerville")
    records = [world.has(f"Row {number}") for number in range(4)]
    lines = [(person, "Buyer") for person in people]
    for record in records:
        world.puts(record, *lines)

    for _ in range(2):
        await world.once()
        world.clock.advance(60)
    result = await world.once()

    assert all(world.roles(record) == world.wanted(*lines) for record in records)
    assert len(world.outreach.prospects) == 3
    assert (result.counts.tabs, result.counts.in_doubt) == (0, 0)


@pytest.fixture
def patient(world: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A collection that lags, and a look a minute, so that a run leaves things in doubt."""
    monkeypatch.setattr(doubt, "FIRST_LOOK_S", 60.0)
    monkeypatch.setattr(doubt, "GROWTH", 1.0)
    world.settings["outreach"]["visibility_s"] = 300
    world.outreach.knobs.index_lag_s = 100
    return world


async def test_a_lagging_collection_keeps_a_role_in_doubt(patient: Bench) -> None:
    """Within the lag, not finding it proves nothing."""
    patient.outreach_fault(lost(ROLE_PATH))
    record, ada = related(patient, "Decision maker")
    await patient.once()
    patient.clock.advance(61)
    result = await patient.once()
    assert result.counts.in_doubt == 1
    assert len(patient.roles(record)) == 1

    patient.clock.advance(61)
    result = await patient.once()

    assert patient.roles(record) == patient.wanted((ada, "Decision maker"))
    counts = patient.outreach_traffic.counts
    assert (result.counts.in_doubt, counts[CREATE_ROLE]) == (0, 1)
    assert counts[LIST_ROLES] >= 1


async def test_a_lagging_collection_keeps_a_prospect_in_doubt(patient: Bench) -> None:
    """The line waits with its person, and completes itself."""
    patient.outreach_fault(lost(PROSPECT_PATH))
    record, ada = related(patient, "Decision maker")
    await patient.once()
    patient.clock.advance(61)
    result = await patient.once()
    assert result.counts.in_doubt == 1
    assert patient.roles(record) == []

    patient.clock.advance(61)
    result = await patient.once()

    assert patient.roles(record) == patient.wanted((ada, "Decision maker"))
    assert result.counts.in_doubt == 0
    assert patient.outreach_traffic.counts[CREATE_PROSPECT] == 1


async def test_an_address_changed_while_in_doubt_makes_no_second_prospect(patient: Bench) -> None:
    """The one that may exist carries the old address."""
    patient.outreach_fault(lost(PROSPECT_PATH))
    _, ada = related(patient, "Decision maker")
    await patient.once()

    patient.mends(ada, main_location_email="ada@new.example")
    for _ in range(4):
        patient.clock.advance(120)
        await patient.once()

    assert len(patient.outreach.prospects) == 1
    assert patient.told(ada)


async def test_somebody_elses_role_found_in_a_doubt_stays_theirs(world: Bench) -> None:
    """Our create was never carried out; the equal role is another's, and outlives the line."""
    record, ada = related(world, "Decision maker")
    await world.once()
    theirs = world.relates(record, world.told(ada), "Sponsor")
    # Times of the target are whole seconds; within one of them the two could not be told apart.
    world.clock.advance(2)
    world.outreach_fault(lost(ROLE_PATH, when="before"))
    world.puts(record, (ada, "Decision maker"), (ada, "Sponsor"))
    await world.once()

    world.puts(record)
    await world.once()

    assert [row.id for row in world.role_rows(record)] == [theirs]


async def test_a_person_taken_off_the_tab_while_in_doubt_is_accounted_for(patient: Bench) -> None:
    """Its prospect may exist all the same, and then the person is told."""
    patient.outreach_fault(lost(PROSPECT_PATH))
    record, ada = related(patient, "Decision maker")
    await patient.once()

    patient.puts(record)
    patient.mends(ada, cf_person_sync_to_outreach=False)
    await patient.once()
    patient.clock.advance(101)
    result = await patient.once()

    assert patient.told(ada)
    assert patient.roles(record) == []
    assert result.counts.in_doubt == 0


async def test_a_doubt_on_an_opportunity_unticked_meanwhile_is_settled_when_it_is_back(
    patient: Bench,
) -> None:
    """While it rests nobody is told to look into it."""
    patient.outreach_fault(lost(ROLE_PATH))
    record, ada = related(patient, "Decision maker")
    await patient.once()
    patient.edit(record, cf_opportunity_sync_to_outreach=False)
    patient.clock.advance(301)
    result = await patient.once()
    assert result.counts.in_doubt == 0

    patient.edit(record, cf_opportunity_sync_to_outreach=True)
    await patient.once()

    assert patient.roles(record) == patient.wanted((ada, "Decision maker"))


async def test_a_tab_edited_while_in_doubt_wins_in_the_end(patient: Bench) -> None:
    """The create carried the old line; what came of it is found and made equal."""
    patient.outreach_fault(lost(ROLE_PATH))
    record, ada = related(patient, "Decision maker")
    await patient.once()

    patient.puts(record, (ada, "Sponsor"))
    await patient.once()
    patient.clock.advance(101)
    await patient.once()
    patient.clock.advance(301)
    await patient.once()

    assert patient.roles(record) == patient.wanted((ada, "Sponsor"))


async def test_an_address_taken_in_the_last_moment_is_adopted(world: Bench) -> None:
    """Somebody enters the same person while our create is on its way."""
    taken: list[int] = []
    world.just_before_a_prospect_create(
        lambda: taken.append(world.prospect("ada.byron@customer.example"))
    )
    record, ada = related(world, "Decision maker")

    await world.once()

    assert [world.told(ada)] == taken
    assert world.roles(record) == [(taken[0], "Decision maker")]
    assert world.person(ada)["error"] is False


async def test_an_address_taken_and_not_shown_yet_is_adopted_later(patient: Bench) -> None:
    """The refusal knows more than the collection shows."""
    taken: list[int] = []
    patient.just_before_a_prospect_create(
        lambda: taken.append(patient.prospect("ada.byron@customer.example"))
    )
    record, ada = related(patient, "Decision maker")
    await patient.once()
    assert patient.person(ada)["error"] is False

    for _ in range(2):
        patient.clock.advance(61)
        await patient.once()

    assert [patient.told(ada)] == taken
    assert patient.roles(record) == [(taken[0], "Decision maker")]


async def test_an_address_taken_by_whom_cannot_be_asked_is_adopted_later(patient: Bench) -> None:
    """The same process goes on with a create that was answered, whatever befell the look."""
    taken: list[int] = []
    patient.just_before_a_prospect_create(
        lambda: taken.append(patient.prospect("ada.byron@customer.example"))
    )
    look = Fault(method="GET", path=PROSPECT_PATH, when="after", action="edit", rows="none")
    patient.outreach_fault(replace(look, action="status", skip=1))
    patient.outreach_fault(replace(look, skip=1))
    record, ada = related(patient, "Decision maker")

    with capture_logs() as lines:
        async with running(patient):
            await until(lambda: patient.outreach_traffic.counts[FIND_PROSPECTS] == 3)
        for _ in range(2):
            patient.clock.advance(61)
            await patient.once()

    assert lines
    assert [one for one in lines if one["event"] == "unexpected"] == []
    assert patient.roles(record) == [(taken[0], "Decision maker")]
    assert patient.outreach_traffic.counts[CREATE_PROSPECT] == 1
    assert patient.person(ada)["error"] is False


@pytest.mark.parametrize("path", [ROLE_PATH, PROSPECT_PATH], ids=["role", "prospect"])
async def test_a_process_killed_before_it_heard_the_answer_doubles_nothing(
    world: Bench, path: str
) -> None:
    """What was announced and not settled is looked for by the next process."""
    record, ada = related(world, "Decision maker", "Sponsor")
    world.outreach_fault(
        Fault(method="POST", path=path, when="after", action="delay", delay_s=20.0)
    )
    made = world.outreach.roles if path == ROLE_PATH else world.outreach.prospects
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.once)
        await until(lambda: len(made) == 1)
        tasks.cancel_scope.cancel()
    await world.once()
    world.clock.advance(60)
    result = await world.once()

    assert world.roles(record) == world.wanted((ada, "Decision maker"), (ada, "Sponsor"))
    assert len(world.outreach.prospects) == 1
    assert (result.counts.tabs, result.counts.in_doubt) == (0, 0)


async def test_the_histories_tell_of_what_is_in_doubt(patient: Bench) -> None:
    """Whoever asks about a person or a role while it is looked for must get an answer."""
    patient.outreach_fault(lost(ROLE_PATH))
    record, _ = related(patient, "Decision maker")
    await patient.once()
    patient.outreach_fault(lost("/prospects$"))
    grace = patient.knows("Grace Hopper")
    patient.puts(patient.has("Another"), (grace, "Buyer"))
    await patient.once()

    assert "roles in doubt" in [line.decision for line in patient.history(record)]
    assert [line.decision for line in patient.history(grace, "PERS")] == ["in doubt"]
