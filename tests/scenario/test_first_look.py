"""The first look at a populated pair, or the first after a lost state, is when a fuse is wanted."""

from __future__ import annotations

import json
from contextlib import closing

import anyio
import pytest

from connectors.sandbox.faults import Fault
from engine.cli import running as cli
from engine.cli.exits import Exit
from engine.errors import EngineError
from engine.model.kept import FIRST_LOOK
from engine.store.sqlite import kept, statefile
from tests.scenario.bench import CREATE, READ, UPDATE, Bench
from tests.scenario.fuse_hands import approve, held, written
from tests.scenario.people import CREATE_ROLE, LIST_ROLES

pytestmark = pytest.mark.anyio

MANY = 40


@pytest.fixture
def keen(world: Bench) -> Bench:
    """A fuse that trips soon."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 2}
    return world


async def populated(world: Bench, number: int = MANY) -> list[int]:
    """Records that are in Outreach, whose values there somebody has changed since."""
    records = [world.has(f"Row {one}") for one in range(number)]
    await world.once()
    for record in records:
        world.outreach.opportunities.update(world.twin(record).id, {"name": "Better name"})
    world.forget_state()
    world.forget_traffic()
    return records


async def test_what_a_first_look_would_overwrite_waits(keen: Bench) -> None:
    """What stands in Outreach may be the better one, and nobody has asked for it to go."""
    records = await populated(keen)
    new = keen.has("New")

    result = await keen.once()

    assert keen.outreach_traffic.counts[UPDATE] == 0
    assert {keen.twin(record).attributes["name"] for record in records} == {"Better name"}
    assert keen.twin(new).attributes["name"] == "New"
    assert (result.held.records, result.held.tripped) == (MANY, True)
    assert keen.waiting() == {"held by the fuse: would send name"}
    assert [line.decision for line in keen.history(records[0])][-1] == "held by the fuse"

    await keen.once()
    assert keen.outreach_traffic.counts[UPDATE] == 0

    await approve(keen)
    await keen.once()
    assert [keen.twin(record).attributes["name"] for record in records] == [
        f"Row {one}" for one in range(MANY)
    ]


async def test_what_agrees_costs_a_read_and_is_linked(keen: Bench) -> None:
    """A lost state is no reason to hold what is as it shall be."""
    ada = keen.knows("Ada Byron")
    records = [keen.has(f"Row {one}") for one in range(MANY)]
    for record in records:
        keen.puts(record, (ada, "Partner"))
    await keen.once()
    keen.forget_state()
    keen.forget_traffic()

    result = await keen.once()

    assert written(keen) == set()
    assert keen.outreach_traffic.counts[READ] == MANY
    assert keen.outreach_traffic.counts[LIST_ROLES] == MANY
    assert (result.counts.linked, result.counts.pending, result.counts.tabs) == (MANY, 0, 0)


async def test_people_are_held_in_a_first_look_as_well(keen: Bench) -> None:
    """Tabs that differ from Outreach on everything are a mass change of roles."""
    ada = keen.knows("Ada Byron")
    records = [keen.has(f"Row {one}") for one in range(MANY)]
    await keen.once()
    keen.forget_state()
    for record in records:
        keen.puts(record, (ada, "Partner"))
    keen.forget_traffic()

    await keen.once()
    assert written(keen) == set()
    assert held(keen).records == MANY

    await approve(keen)
    await keen.once()
    assert keen.outreach_traffic.counts[CREATE_ROLE] == MANY


async def test_a_held_record_that_is_edited_goes_on_alone(keen: Bench) -> None:
    """Whoever works today is not to wait for the decision."""
    records = await populated(keen)
    await keen.once()

    keen.edit(records[0], description="Edited by hand")
    await keen.once()

    assert keen.twin(records[0]).attributes["name"] == "Edited by hand"
    assert held(keen).records == MANY - 1


async def test_what_is_held_stays_so_through_a_sweep_and_another_mapping(keen: Bench) -> None:
    """Nothing that reads it again in passing is an approval."""
    records = await populated(keen)
    await keen.once()
    keen.settings["poller"] = {"sweep_interval_s": 0.001, "audit_interval_s": 0.001}
    await keen.once()
    keen.settings["mapping.opportunity"] = {"nextStep": "object_ref"}

    await keen.once()

    assert keen.outreach_traffic.counts[UPDATE] == 0
    assert held(keen).records == len(records)


async def test_a_first_look_that_fails_half_way_is_one_first_look(keen: Bench) -> None:
    """Its pages together are the mass change, whatever process reads them."""
    keen.settings["workbooks"]["page_size"] = 2
    await populated(keen)
    keen.workbooks_fault(Fault(path="/crm/opportunities", body="=updated_at", skip=4))

    with pytest.raises(EngineError):
        await keen.once()
    assert keen.outreach_traffic.counts[UPDATE] == 0
    with closing(statefile.connect(keen.state / statefile.FILE_NAME)) as connection:
        assert kept.setting(connection, FIRST_LOOK) is not None
    await keen.once()

    assert keen.outreach_traffic.counts[UPDATE] == 0
    assert held(keen).records == MANY


async def test_creates_of_a_first_look_wait_above_a_bound(keen: Bench) -> None:
    """Everything once more in Outreach is what a wrong address in the configuration does."""
    keen.settings["fuse"]["creates_max"] = 10
    records = [keen.has(f"Row {one}") for one in range(11)]

    result = await keen.once()
    assert keen.outreach_traffic.counts[CREATE] == 0
    assert (result.held.records, result.held.creates, result.held.tripped) == (11, 11, True)
    assert keen.waiting() == {"held by the fuse: would be created"}

    new = keen.has("New")
    keen.edit(records[0], description="Edited by hand")
    await keen.once()
    assert keen.twin(new)
    assert keen.twin(records[0])
    assert keen.outreach_traffic.counts[CREATE] == 2

    await approve(keen)
    await keen.once()
    assert all(keen.twin(record) for record in records)


async def test_creates_up_to_the_bound_go_on_while_overwrites_wait(keen: Bench) -> None:
    """New records are ordinary business."""
    await populated(keen)
    keen.settings["fuse"]["creates_max"] = 5
    new = [keen.has(f"New {one}") for one in range(5)]

    await keen.once()

    assert all(keen.twin(record) for record in new)
    assert held(keen).records == MANY


async def test_a_later_import_is_ordinary_business(keen: Bench) -> None:
    """Only the first look is bounded."""
    keen.settings["fuse"]["creates_max"] = 5
    keen.has("First")
    await keen.once()
    records = [keen.has(f"Row {one}") for one in range(20)]

    await keen.once()

    assert all(keen.twin(record) for record in records)


@pytest.mark.sockets
async def test_once_says_how_to_approve(keen: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever tries it by hand must not have to guess."""
    await populated(keen)
    keen.config()
    path = keen.directory / "config.toml"

    ended = await anyio.to_thread.run_sync(lambda: cli.once(path, as_json=False))

    assert ended == Exit.ATTENTION
    assert "run: wosync approve" in capsys.readouterr().out
    with closing(statefile.connect(keen.state / statefile.FILE_NAME)) as connection:
        value = connection.execute("SELECT value FROM setting WHERE name = 'fuse'").fetchone()[0]
    assert json.loads(value)["records"] == MANY
