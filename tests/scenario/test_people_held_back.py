"""A person who cannot be synced holds back its own line and nothing else, until that changes."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.outreach.target import OutreachTarget
from connectors.sandbox.faults import Fault
from engine.model.records import RecordType
from tests.scenario.bench import Bench, running, until
from tests.scenario.people import CREATE_PROSPECT, CREATE_ROLE

pytestmark = pytest.mark.anyio

HOPPER = "grace.hopper@customer.example"
HINDRANCES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "sync is off": (
        {"cf_person_sync_to_outreach": False},
        {"cf_person_sync_to_outreach": True},
    ),
    "the flag is set": (
        {"cf_person_outreach_sync_error": True},
        {"cf_person_outreach_sync_error": False},
    ),
    "no address": ({"email": None}, {"main_location_email": HOPPER}),
    "an id that is no number": (
        {"cf_person_outreach_id": "see my e-mail"},
        {"cf_person_outreach_id": None},
    ),
    "an id that no prospect can have": (
        {"cf_person_outreach_id": "9" * 30},
        {"cf_person_outreach_id": None},
    ),
    "a duplicate": (
        {"cf_person_outreach_duplicate": True},
        {"cf_person_outreach_duplicate": False},
    ),
}
REFUSAL = Fault(
    method="POST",
    path="/prospects$",
    status=422,
    text='{"errors":[{"id":"validationError","source":{"pointer":"/data/attributes/title"},'
    '"title":"Validation Error","detail":"Title is not a title."}]}',
)


def related(world: Bench, *people: int) -> int:
    """An opportunity with these people, each a buyer, not yet synchronised."""
    record = world.has("Harbour crane")
    world.puts(record, *((person, "Buyer") for person in people))
    return record


@pytest.mark.parametrize(("hindered", "mended"), HINDRANCES.values(), ids=HINDRANCES.keys())
async def test_a_hindered_person_holds_back_its_own_line_until_it_changes(
    world: Bench, hindered: dict[str, Any], mended: dict[str, Any]
) -> None:
    """The opportunity and the others go on; the edge completes itself when the person can."""
    ada = world.knows("Ada Byron")
    grace = world.knows("Grace Hopper", **hindered)
    record = related(world, ada, grace)

    result = await world.once()
    assert world.twin(record)
    assert world.roles(record) == world.wanted((ada, "Buyer"))
    assert len(world.outreach.prospects) == 1
    assert (result.counts.lines_held_back, result.counts.people_refused) == (1, 0)

    world.mends(grace, **mended)
    result = await world.once()
    assert world.roles(record) == world.wanted((ada, "Buyer"), (grace, "Buyer"))
    assert result.counts.lines_held_back == 0


async def test_the_history_says_who_is_held_back_and_why(world: Bench) -> None:
    """A rep who misses somebody in Outreach gets an answer."""
    grace = world.knows("Grace Hopper", cf_person_sync_to_outreach=False)
    record = related(world, grace)

    await world.once()

    [line] = [one for one in world.history(record) if one.decision == "related"]
    assert f"person {grace} held back" in line.detail
    assert "sync is off" in line.detail


async def test_who_is_still_held_back_is_told_once(world: Bench) -> None:
    """Every start looks at the tab again; the line would push out what really happened."""
    grace = world.knows("Grace Hopper", cf_person_sync_to_outreach=False)
    record = related(world, grace)
    await world.once()
    before = world.history(record)

    await world.once()
    await world.once()
    assert world.history(record) == before

    world.mends(grace, cf_person_sync_to_outreach=True)
    await world.once()
    assert world.history(record)[-1].writes


async def test_waiting_for_a_person_costs_outreach_nothing(world: Bench) -> None:
    """Many people may never be ticked; asking for them must not eat the budget."""
    related(world, world.knows("Grace Hopper", cf_person_sync_to_outreach=False))
    await world.once()

    world.forget_traffic()
    await world.once()
    await world.once()

    assert world.outreach_traffic.total == 0


async def test_an_organisation_on_the_tab_holds_back_its_own_line(world: Bench) -> None:
    """The tab takes any party; an organisation is nobody's prospect."""
    ada = world.knows()
    engines = world.workbooks.organisations.create(name="Analytical Engines")
    record = related(world, ada, engines)

    await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer"))


async def test_the_service_completes_a_line_as_soon_as_its_person_can(world: Bench) -> None:
    """While it runs, the people's own feed tells, long before the next refresh."""
    grace = world.knows("Grace Hopper", cf_person_sync_to_outreach=False)
    async with running(world):
        record = related(world, grace)
        await until(lambda: world.record(record)["outreach_url"] is not None)
        world.mends(grace, cf_person_sync_to_outreach=True)
        await until(lambda: world.person(grace)["outreach_url"] is not None)
        await until(lambda: world.roles(record) != [])

    assert world.roles(record) == world.wanted((grace, "Buyer"))


async def test_an_overlong_name_is_reported_on_the_person(world: Bench) -> None:
    """The opportunity is not at fault and carries no flag."""
    ada = world.knows("Ada Byron")
    grace = world.knows("Grace Hopper", person_first_name="G" * 256)
    record = related(world, ada, grace)

    result = await world.once()

    assert world.twin(record)
    assert world.roles(record) == world.wanted((ada, "Buyer"))
    assert world.person(grace)["error"] is True
    reason = world.reasons()[str(world.person(grace)["object_ref"])]
    assert "256 characters" in reason.reason
    assert world.reasons().keys() == {world.person(grace)["object_ref"]}
    assert (result.counts.people_refused, result.counts.refused) == (1, 0)


async def test_a_refusal_by_outreach_is_reported_on_the_person_in_its_words(world: Bench) -> None:
    """Rules that only the organisation knows show in its refusal alone."""
    world.outreach_fault(REFUSAL)
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    world.mends(ada, cf_person_outreach_id=str(world.prospect("ada@elsewhere.example")))
    record = related(world, ada, grace)

    await world.once()

    assert world.twin(record)
    assert len(world.roles(record)) == 1
    assert world.person(grace)["error"] is True
    assert "not a title" in world.reasons()[str(world.person(grace)["object_ref"])].reason


async def test_a_refused_person_is_left_alone_until_its_flag_is_reset(world: Bench) -> None:
    """Where nothing heals by itself, an edit alone does not try again, the flag does."""
    world.settings["retry"]["heal"] = False
    grace = world.knows("Grace Hopper", person_first_name="G" * 256)
    record = related(world, grace)
    await world.once()

    world.forget_traffic()
    world.mends(grace, person_first_name="Grace")
    await world.once()
    assert world.outreach_traffic.total == 0
    assert world.roles(record) == []

    world.mends(grace, cf_person_outreach_sync_error=False)
    result = await world.once()
    assert world.roles(record) == world.wanted((grace, "Buyer"))
    assert result.counts.people_refused == 0


async def test_resetting_the_flag_alone_tries_a_person_again(world: Bench) -> None:
    """The cause may lie in Outreach; a person refused again is flagged again."""
    grace = world.knows("Grace Hopper")
    world.outreach_fault(REFUSAL)
    world.outreach_fault(REFUSAL)
    record = related(world, grace)
    await world.once()

    world.mends(grace, cf_person_outreach_sync_error=False)
    await world.once()
    assert world.person(grace)["error"] is True

    world.mends(grace, cf_person_outreach_sync_error=False)
    await world.once()
    assert world.roles(record) == world.wanted((grace, "Buyer"))
    assert world.outreach_traffic.counts[CREATE_PROSPECT] == 3


async def test_the_reason_is_written_beside_the_flag_of_the_person(world: Bench) -> None:
    """Whoever sees the flag should not have to ask an engineer; success blanks it."""
    column = world.workbooks.custom_fields.add("Person", "Outreach Sync Error Message")
    grace = world.knows("Grace Hopper", person_first_name="G" * 256)
    related(world, grace)
    await world.once()
    assert "256 characters" in str(world.workbooks.people.value(grace, column))

    world.mends(grace, person_first_name="Grace", cf_person_outreach_sync_error=False)
    await world.once()

    assert world.told(grace)
    assert not world.workbooks.people.value(grace, column)


async def test_a_user_who_may_not_create_prospects_still_relates_those_there_are(
    world: Bench,
) -> None:
    """The permission concerns the missing person, not the opportunity's other people."""
    world.outreach_fault(
        Fault(
            method="POST",
            path="/prospects$",
            status=403,
            text='{"errors":[{"id":"unauthorizedRequest","title":"Unauthorized"}]}',
            times=None,
        )
    )
    there = world.prospect("ada@elsewhere.example")
    ada = world.knows("Ada Byron", cf_person_outreach_id=str(there))
    grace = world.knows("Grace Hopper")
    record = related(world, ada, grace)

    await world.once()

    assert world.roles(record) == [(there, "Buyer")]
    assert world.person(grace)["error"] is False


async def test_a_relationship_too_long_for_a_role_holds_back_only_itself(world: Bench) -> None:
    """Workbooks takes longer texts than Outreach."""
    ada = world.knows()
    record = world.has("Harbour crane")
    world.puts(record, (ada, "x" * 256), (ada, "Buyer"))

    result = await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer"))
    assert world.outreach_traffic.counts[CREATE_ROLE] == 1
    assert result.counts.tabs == 1
    assert any("256 characters" in reason for reason in world.waiting())
    world.forget_traffic()
    world.puts(record, (ada, "x" * 255), (ada, "Buyer"))
    await world.once()
    assert world.roles(record) == world.wanted((ada, "x" * 255), (ada, "Buyer"))


async def test_a_surprise_at_one_person_holds_back_nobody_else(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People are asked for together; a defect of ours at one of them is that one's alone."""
    ada = world.knows("Ada Byron", cf_person_outreach_id="77")
    grace = world.knows("Grace Hopper")
    sound = OutreachTarget.url

    def surprising(self: OutreachTarget, record_type: RecordType, target_id: int) -> str:
        if target_id == 77:
            raise KeyError("data")
        return sound(self, record_type, target_id)

    monkeypatch.setattr(OutreachTarget, "url", surprising)
    record = related(world, ada, grace)

    await world.once()

    assert world.roles(record) == world.wanted((grace, "Buyer"))
