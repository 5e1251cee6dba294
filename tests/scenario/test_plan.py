"""`wosync plan`: what a run would do is told exactly, and nothing is done."""

from __future__ import annotations

import hashlib
import io
from contextlib import closing

import pytest

from engine import logs
from engine.model.edit import Edit
from engine.model.plan import Kind
from engine.service.planning.desk import mapping_of
from engine.service.planning.rehearsal import Wanted
from engine.service.why.pointing import UnknownRecord
from engine.store.sqlite import fuse, statefile
from tests.scenario.bench import Bench
from tests.scenario.plan_hands import arrived, planned, planned_beside, predicted, writes
from tests.scenario.service_port import ServicePort, eventually, served


def _state(world: Bench) -> str:
    digest = hashlib.sha256()
    for path in sorted(world.state.rglob("*")):
        if path.is_file() and path.name != "state.db-shm":
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


async def test_a_first_run_is_told_before_anything_is_there(world: Bench) -> None:
    """On an empty state: creates with their fields, people, roles and what is written back."""
    person = world.knows("Petra Piers")
    record = world.has_valued("Harbour crane", "1200.00")
    world.puts(record, (person, "Buyer"))

    plan = await planned(world)

    assert writes(world) == []
    [create] = plan.of(Kind.CREATE)
    assert (create.ref, create.record_id, create.target_id) == (f"OPP-{record}", record, None)
    assert Edit("name", None, "Harbour crane") in create.edits
    assert [one.ref for one in plan.of(Kind.PROSPECT)] == [f"PERS-{person}"]
    [role] = plan.of(Kind.ROLE_ADD)
    assert role.role is not None
    assert (role.role.person, role.role.after) == (f"PERS-{person}", "Buyer")
    assert {one.ref for one in plan.of(Kind.WRITE_BACK)} == {f"OPP-{record}", f"PERS-{person}"}
    world.forget_traffic()
    await world.once()
    assert predicted(plan.end.requests) == arrived(world)


async def test_an_idle_state_would_change_nothing(world: Bench) -> None:
    """And stays as it is, to the last byte."""
    world.has("Harbour crane")
    await world.once()
    await world.once()
    before = _state(world)

    plan = await planned(world)

    assert plan.changes == []
    assert _state(world) == before


async def test_an_edit_is_told_with_old_and_new(world: Bench) -> None:
    """The old value is what is there now, whoever entered it."""
    record = world.has("Harbour crane")
    await world.once()
    world.outreach.opportunities.update(world.twin(record).id, {"name": "Quay crane"})
    world.edit(record, description="Big crane")

    plan = await planned(world)

    [update] = plan.of(Kind.UPDATE)
    assert update.edits == (Edit("name", "Quay crane", "Big crane"),)
    assert update.overwrites
    assert update.target_id == world.twin(record).id
    world.forget_traffic()
    await world.once()
    assert predicted(plan.end.requests) == arrived(world)


async def test_a_mapping_that_is_not_in_force_is_tried_on_everything(world: Bench) -> None:
    """What the fuse would hold is told apart, with what an approval would send."""
    records = [world.has(f"Crane {number}") for number in range(4)]
    world.settings["fuse"] = {"records_min": 1, "share": 0.0}
    await world.once()
    await world.once()
    mapping = mapping_of('[mapping.opportunity]\nname = { template = "{description}!" }', "new")

    plan = await planned(world, Wanted(mapping=mapping, mapping_name="new"))

    assert [one.ref for one in plan.of(Kind.UPDATE)] == [f"OPP-{one}" for one in records]
    assert all(one.held for one in plan.changes)
    assert plan.changes[0].edits == (Edit("name", "Crane 0", "Crane 0!"),)
    assert plan.header.about == {"mapping": "new"}
    assert plan.end.held == 4
    assert not any(one.writes for one in plan.end.requests)
    assert {one.number for one in plan.end.after_approval if one.writes} == {4}
    # And the run, once that mapping is in force, does just that.
    world.settings["mapping.opportunity"] = {"name": {"template": "{description}!"}}
    world.forget_traffic()
    await world.once()
    assert predicted(plan.end.requests) == arrived(world)
    _approve(world)
    world.forget_traffic()
    await world.once()
    assert predicted(plan.end.after_approval) == arrived(world)


async def test_only_the_records_asked_for_are_looked_at(world: Bench) -> None:
    """By reference, by id, by the address of their target record, and by a person on them."""
    person = world.knows("Petra Piers")
    first, second = world.has("Crane one"), world.has("Crane two")
    world.puts(second, (person, "Buyer"))
    await world.once()
    for record in (first, second):
        world.edit(record, description=f"Edited {record}")
    twin = world.twin(second)

    for text in (f"OPP-{second}", f"https://outreach.example/opportunities/{twin.id}"):
        plan = await planned(world, Wanted((text,)))
        assert [one.ref for one in plan.changes] == [f"OPP-{second}"]
    plan = await planned(world, Wanted((f"PERS-{person}",)))
    assert [one.ref for one in plan.changes] == [f"OPP-{second}"]
    with pytest.raises(UnknownRecord, match="OPP-999"):
        await planned(world, Wanted(("OPP-999",)))


async def test_a_sample_is_drawn_by_lot(world: Bench) -> None:
    """No more of them than asked for."""
    for number in range(6):
        world.has(f"Crane {number}")

    plan = await planned(world, Wanted(sample=2))

    assert len(plan.of(Kind.CREATE)) == 2
    assert writes(world) == []


async def test_a_flag_is_told_with_its_reason(world: Bench) -> None:
    """And with the code that explains it."""
    record = world.has("Harbour crane", probability="often")

    plan = await planned(world)

    [flag] = plan.of(Kind.FLAG)
    assert (flag.ref, flag.code) == (f"OPP-{record}", "value-unreadable")
    assert flag.reason is not None
    assert "often" in flag.reason


async def test_a_record_with_an_id_is_adopted_and_what_is_overwritten_is_told(
    world: Bench,
) -> None:
    """On an empty state: whoever has filled the target record would lose it."""
    record = world.has("Harbour crane")
    await world.once()
    twin = world.twin(record).id
    world.outreach.opportunities.update(twin, {"name": "By hand"})
    world.forget_state()

    plan = await planned(world)

    [adopted] = plan.of(Kind.ADOPT)
    assert (adopted.ref, adopted.target_id) == (f"OPP-{record}", twin)
    [update] = plan.of(Kind.UPDATE)
    assert update.edits == (Edit("name", "By hand", "Harbour crane"),)
    assert update.overwrites


async def test_beside_the_service_the_same_is_told(world: Bench, said: io.StringIO) -> None:
    """By its own clients, while it works; its log tells of no deed that was not done."""
    world.settings["fuse"] = {"creates_max": 0}
    record = world.has("Harbour crane")
    async with served(world) as port:
        await eventually(lambda: _held(port))
        mints = world.outreach_traffic.counts["POST", "/oauth/token"]

        plan = await planned_beside(world, port)

        assert [one.ref for one in plan.of(Kind.CREATE)] == [f"OPP-{record}"]
        assert plan.end.held == len(plan.changes)
        assert writes(world) == []
        assert world.outreach_traffic.counts["POST", "/oauth/token"] == mints
        logs.drain()
        assert '"started"' in said.getvalue()
        assert '"created"' not in said.getvalue()
        failed = await port.lines("/plan", {"refs": ["OPP-999"]})
        assert "nothing is known of OPP-999" in failed[0]
        failed = await port.lines("/plan", {"mapping": "[mapping.opportunity]\nname = 7"})
        assert "mistake" in failed[0]


async def test_tokens_minted_on_the_way_are_kept(world: Bench) -> None:
    """A refresh token is used up by its first use; with the copy it would be lost."""
    world.has("Harbour crane")

    await planned(world)
    await planned(world)
    await world.once()

    assert world.outreach_traffic.counts["POST", "/oauth/token"] == 1


async def test_nothing_is_left_behind(world: Bench) -> None:
    """Neither of a plan that failed, nor of a process that was killed."""
    (world.state / "rehearsal-old").mkdir(parents=True)
    world.state.chmod(0o700)
    with pytest.raises(UnknownRecord):
        await planned(world, Wanted(("OPP-999",)))

    assert not list(world.state.glob("rehearsal-*"))


async def _held(port: ServicePort) -> bool:
    return bool((await port.status())["approval"]["records"])


def _approve(world: Bench) -> None:
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        fuse.release(connection, world.clock.now())
