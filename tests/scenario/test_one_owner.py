"""One owner per target record: two records of Workbooks never take turns at one in Outreach."""

from __future__ import annotations

import pytest

from connectors.sandbox.faults import Fault
from tests.scenario.bench import CREATE, UPDATE, Bench, running, until

pytestmark = pytest.mark.anyio

OUTREACH_ID = "cf_opportunity_outreach_id"
OUTREACH_URL = "cf_opportunity_outreach_url"
SYNC = "cf_opportunity_sync_to_outreach"
FLAG = "cf_opportunity_outreach_sync_error"


@pytest.fixture(params=[1, 4], ids=["one worker", "four workers"], autouse=True)
def workers(world: Bench, request: pytest.FixtureRequest) -> None:
    """Whoever is first must not matter."""
    world.settings["concurrency"] = {"opportunity_syncers": request.param}


def link_to(target: int) -> str:
    """Where Outreach shows an opportunity."""
    return f"https://outreach.example/opportunities/{target}"


def copied(world: Bench, record: int, name: str = "Harbour crane, copied") -> int:
    """A copy as Workbooks makes it: it carries id and link with it."""
    held = world.record(record)
    return world.has(name, **{OUTREACH_ID: held["outreach_id"], OUTREACH_URL: held["outreach_url"]})


def name_of(world: Bench, target: int) -> object:
    """What an Outreach opportunity is called."""
    found = world.outreach.opportunities.get(target)
    return found and found.attributes["name"]


def told(world: Bench, record: int) -> str:
    """The history of a record, as one text."""
    return "\n".join(f"{line.decision}: {line.detail}" for line in world.history(record))


async def assert_rest(world: Bench) -> None:
    """Nobody takes turns: edits aside, nothing is sent any more."""
    world.forget_traffic()
    for _ in range(2):
        await world.once()
    assert world.outreach_traffic.counts[UPDATE] == 0
    assert world.outreach_traffic.counts[CREATE] == 0


async def assert_refused(world: Bench, loser: int, winner: int) -> None:
    """The loser is flagged with the winner's name, and the histories of both say so."""
    assert world.record(loser)["error"] is True
    assert f"OPP-{winner}" in world.reasons()[f"OPP-{loser}"].reason
    assert f"OPP-{winner}" in told(world, loser)
    assert f"OPP-{loser}" in told(world, winner)
    await assert_rest(world)


@pytest.mark.parametrize("first", ["original", "copy"])
async def test_a_pair_at_the_first_start_is_settled_by_the_reference_in_outreach(
    world: Bench, first: str
) -> None:
    """With the state lost nobody knows who was linked first, but the record itself does."""
    record = world.has("Harbour crane")
    await world.once()
    target = world.twin(record).id
    copy = copied(world, record)
    world.forget_state()
    # The later edit comes last in the order of changes.
    world.clock.advance(10)
    world.edit(record if first == "copy" else copy, comment="edited last")

    await world.once()

    assert name_of(world, target) == "Harbour crane"
    await assert_refused(world, copy, record)


async def test_a_pair_whose_reference_is_neither_s_goes_to_one_of_them(world: Bench) -> None:
    """The one that was there first."""
    target = world.outreach.opportunities.create({"name": "Chosen by hand"})
    record = world.has("Harbour crane", **{OUTREACH_ID: str(target)})
    copy = copied(world, record)

    await world.once()

    assert name_of(world, target) == "Harbour crane"
    await assert_refused(world, copy, record)


async def test_a_copy_imported_while_running_is_refused(world: Bench) -> None:
    """And it gets an opportunity and a link of its own once somebody clears the id."""
    record = world.has("Harbour crane")
    async with running(world):
        await until(lambda: world.record(record)["outreach_url"] is not None)
        copy = copied(world, record)
        await until(lambda: world.record(copy)["error"] is True)
        world.edit(copy, **{OUTREACH_ID: None, FLAG: False})
        await until(lambda: world.record(copy)["outreach_id"] is not None)

    assert world.twin(copy).attributes["name"] == "Harbour crane, copied"
    assert world.twin(record).attributes["name"] == "Harbour crane"


@pytest.mark.parametrize("cut_first", [True, False])
async def test_an_id_cut_from_one_and_pasted_on_another_moves(
    world: Bench, cut_first: bool
) -> None:
    """That is how somebody says which of the two it shall be; the other gets one of its own.

    What is edited where the id was cut is sent there, and not to what it has given away.
    """
    record, successor = world.has("Harbour crane"), world.has("Harbour crane, again")
    await world.once()
    target, spare = world.twin(record).id, world.twin(successor).id
    world.forget_traffic()

    cut, paste = (
        (record, {OUTREACH_ID: None, OUTREACH_URL: None, "comment": "Edited where it was cut"}),
        (
            successor,
            {OUTREACH_ID: str(target)},
        ),
    )
    for one, columns in (cut, paste) if cut_first else (paste, cut):
        world.edit(one, **columns)
    await world.once()
    await world.once()

    assert world.record(successor)["outreach_id"] == str(target)
    assert world.record(successor)["outreach_url"] == link_to(target)
    assert name_of(world, target) == "Harbour crane, again"
    assert [one for one in world.outreach_seen if "where it was cut" in one.body] == [
        one for one in world.outreach_seen if one.method == "POST"
    ]
    assert world.record(record)["outreach_id"] not in (None, str(target), str(spare))
    assert f"OPP-{successor}" in told(world, record)
    assert f"OPP-{record}" in told(world, successor)
    assert world.reasons() == {}
    await assert_rest(world)


async def test_a_record_that_comes_back_does_not_take_turns(world: Bench) -> None:
    """It was unticked, another one took its id, and it is ticked again."""
    record = world.has("Harbour crane")
    await world.once()
    target = world.twin(record).id
    world.edit(record, **{SYNC: False})
    successor = copied(world, record, "Harbour crane, again")
    await world.once()
    assert world.reasons() == {}
    assert name_of(world, target) == "Harbour crane, again"

    world.edit(record, **{SYNC: True})
    await world.once()

    assert name_of(world, target) == "Harbour crane, again"
    await assert_refused(world, record, successor)

    world.edit(successor, **{SYNC: False})
    world.edit(record, **{FLAG: False})
    await world.once()
    assert name_of(world, target) == "Harbour crane"
    assert world.reasons() == {}


async def test_an_original_whose_id_is_cleared_while_the_copy_is_let_go(world: Bench) -> None:
    """Each has one of its own in the end, and nothing is written to the wrong one."""
    record = world.has("Harbour crane")
    await world.once()
    target = world.twin(record).id
    copy = copied(world, record)
    await world.once()
    assert world.record(copy)["error"] is True

    world.edit(copy, **{FLAG: False})
    world.edit(record, **{OUTREACH_ID: None, OUTREACH_URL: None})
    await world.once()
    await world.once()

    ids = [world.record(one)["outreach_id"] for one in (record, copy)]
    assert None not in ids
    assert len(set(ids)) == 2
    assert str(target) in ids
    assert world.reasons() == {}
    for one, name in ((record, "Harbour crane"), (copy, "Harbour crane, copied")):
        held = world.record(one)
        assert name_of(world, int(str(held["outreach_id"]))) == name
        assert held["outreach_url"] == link_to(int(str(held["outreach_id"])))
    await assert_rest(world)


async def test_an_original_in_error_keeps_its_opportunity(world: Bench) -> None:
    """A passing error of its own is no reason to give it to a copy."""
    record = world.has("Harbour crane")
    await world.once()
    target = world.twin(record).id
    world.edit(record, **{FLAG: True})
    copy = copied(world, record)

    await world.once()

    assert name_of(world, target) == "Harbour crane"
    await assert_refused(world, copy, record)


async def test_two_creates_in_doubt_with_one_value_end_as_two(world: Bench) -> None:
    """A copied value that is mapped to the correlation value finds both."""
    world.settings["mapping.opportunity"] = {"customId": "comment"}
    world.outreach_fault(
        Fault(method="POST", path="/opportunities$", when="after", action="drop", times=2)
    )
    records = [world.has("Harbour crane", comment="HC-1"), world.has("Copied", comment="HC-1")]

    for _ in range(3):
        await world.once()
        world.clock.advance(30)

    assert len(world.outreach.opportunities) == 2
    held = [world.record(one)["outreach_id"] for one in records]
    assert None not in held
    assert len(set(held)) == 2
    names = [name_of(world, int(str(one))) for one in held]
    assert names == ["Harbour crane", "Copied"]


async def test_a_link_that_leads_to_another_record_is_set_right(world: Bench) -> None:
    """A copied link would be believed."""
    record, other = world.has("Harbour crane"), world.has("Tug")
    await world.once()

    world.edit(record, **{OUTREACH_URL: link_to(world.twin(other).id)})
    await world.once()

    assert world.twin(record)
