"""Somebody else writes in our name: an alarm, and nothing is created until somebody looked."""

from __future__ import annotations

import io
import json
import shutil
from typing import Any

import pytest

from connectors.sandbox.faults import Fault
from engine.cli import safekeeping
from engine.store import mark
from tests.scenario.bench import CREATE, Bench
from tests.scenario.people import CREATE_PROSPECT, CREATE_ROLE
from tests.scenario.test_state_put_back import unmoved

pytestmark = pytest.mark.anyio


def alarms(said: io.StringIO) -> list[dict[str, Any]]:
    """The log's lines about another writer."""
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    return [line for line in lines if line["event"] == "another_writer"]


def adopted(world: Bench) -> None:
    """An operator has looked, and says so."""
    assert safekeeping.adopt(world.directory / "config.toml") == 0


def somebody_links(world: Bench, record: int) -> int:
    """Another service creates the record's opportunity, and writes its id back; returns it."""
    made = world.outreach.opportunities.create({"name": "Theirs", "customId": f"OPP-{record}"}, {})
    world.edit(record, cf_opportunity_outreach_id=str(made))
    return made


async def test_another_id_at_write_back_is_an_alarm(world: Bench, said: io.StringIO) -> None:
    """Both have created the record; who comes second finds the other one's id."""
    record = world.has("Harbour crane")
    theirs: list[int] = []
    world.just_before_a_write_back(lambda: theirs.append(somebody_links(world, record)))
    await world.once()

    [alarm] = alarms(said)
    [ours] = [row.id for row in world.twins(record) if row.id not in theirs]
    assert (alarm["level"], alarm["ours"], alarm["theirs"]) == ("error", ours, theirs[0])
    assert alarm["remedy"]
    assert any(line.decision == "another writer" for line in world.history(record))


async def test_creates_are_paused_until_somebody_has_looked(world: Bench) -> None:
    """Roles and prospects count as well; edits of what is linked go on."""
    linked, record = world.has("Dry dock"), world.has("Harbour crane")
    world.just_before_a_write_back(lambda: somebody_links(world, record))
    await world.once()
    ada = world.knows("Ada Byron")
    world.puts(linked, (ada, "Buyer"))
    world.edit(linked, description="Dry dock, flooded")
    new = world.has("Lighthouse")

    world.forget_traffic()
    await world.once()
    counts = world.outreach_traffic.counts
    assert (counts[CREATE], counts[CREATE_ROLE], counts[CREATE_PROSPECT]) == (0, 0, 0)
    assert world.twin(linked).attributes["name"] == "Dry dock, flooded"
    assert any("creates are paused" in reason for reason in world.waiting())

    adopted(world)
    world.clock.advance(3600)
    await world.once()
    assert world.twin(new)
    assert world.roles(linked) == world.wanted((ada, "Buyer"))


async def test_two_services_on_one_state_notice_each_other(
    world: Bench, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine was cloned, its id and all: nothing tells the two apart but what they do."""
    world.settings["service"]["instance"] = "prod"
    record = world.has()
    world.edit(record, description=None)
    await world.once()
    cloned = world.directory / "cloned"
    shutil.copytree(world.state, cloned)
    world.edit(record, description="Harbour crane", cf_opportunity_outreach_sync_error=False)
    await world.once()
    assert world.twin(record)

    monkeypatch.setattr(mark, "look", unmoved(mark.look))
    world.settings["service"]["state_dir"] = str(cloned)
    world.clock.advance(3600)
    await world.once()
    new = world.has("Lighthouse")
    await world.once()

    [alarm] = alarms(said)
    assert (alarm["ours"], alarm["theirs"]) == (None, world.twin(record).id)
    assert world.twins(new) == []


async def test_a_pasted_id_is_no_alarm_where_the_answer_to_its_update_was_lost(
    world: Bench, said: io.StringIO
) -> None:
    """What carries our reference then carries it by our own hand."""
    record = world.has("Harbour crane")
    await world.once()
    old = world.outreach.opportunities.create({"name": "Old", "customId": "OPP-99"}, {})
    world.edit(record, cf_opportunity_outreach_id=str(old))
    lost = Fault(method="PATCH", path="/opportunities/", when="after", action="drop", times=1)
    world.outreach_traffic.plan.add(lost)

    for _ in range(3):
        world.clock.advance(60)
        await world.once()

    row = world.outreach.opportunities.get(old)
    assert row is not None
    assert (row.attributes["customId"], row.attributes["name"]) == (
        f"OPP-{record}",
        "Harbour crane",
    )
    assert world.outreach_traffic.plan.waiting == []
    assert alarms(said) == []
