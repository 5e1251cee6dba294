"""An adoption beside the running service: by its own clients, of what its fuse holds."""

from __future__ import annotations

from engine.model.adoption import Finding
from tests.scenario.adopting_hands import doubled, doubles, found, has_deal, synced, unwritten
from tests.scenario.bench import CREATE, Bench
from tests.scenario.plan_hands import planned_beside, writes
from tests.scenario.service_port import ServicePort, eventually, served


async def test_beside_the_service_the_same_is_told_and_done(world: Bench) -> None:
    """By its own clients, of what its fuse holds at the first look; then it goes on by itself."""
    records = [has_deal(world, f"Crane {number}") for number in range(4)]
    await synced(world, *records)
    twins = {record: world.twin(record).id for record in records}
    world.outreach.opportunities.update(twins[records[0]], {"name": "By hand"})
    for record in (records[1], records[3]):
        unwritten(world, record)
    second = doubled(world, twins[records[2]])
    world.settings["fuse"] = {"creates_max": 0, "records_min": 1, "share": 0.0}
    async with served(world) as port:
        await eventually(lambda: _held(port))
        mints = world.outreach_traffic.counts["POST", "/oauth/token"]

        plan = await planned_beside(world, port, adopts=True)

        assert writes(world) == []
        assert found(plan)[f"OPP-{records[1]}"] is Finding.HALF_WRITTEN
        assert [one.target_id for one in doubles(plan)] == [second]
        assert world.outreach_traffic.counts["POST", "/oauth/token"] == mints
        world.outreach.opportunities.delete(twins[records[3]])
        [left, _] = await port.sends("/apply", plan.path)
        assert f"OPP-{records[3]}" in left
        # What is left out waits on, as it was held.
        assert (await port.status())["approval"] == {"records": 1, "needed": True}
        await eventually(lambda: _carries(world, records[1]))
    assert {record: world.twin(record).id for record in records[:2]} == {
        record: twins[record] for record in records[:2]
    }
    assert world.outreach_traffic.counts[CREATE] == 0


async def test_a_service_that_only_looks_is_to_be_stopped_first(world: Bench) -> None:
    """It answers as if what it would have done were done."""
    world.has("Harbour crane")
    world.shadow = True
    async with served(world) as port:
        await eventually(lambda: _ready(port))
        [failed] = await port.lines("/plan", {"adopts": True})

    assert "only looks" in failed


async def _ready(port: ServicePort) -> bool:
    return (await port.client.get("/readyz")).status_code == 200


async def _held(port: ServicePort) -> bool:
    return bool((await port.status())["approval"]["needed"])


async def _carries(world: Bench, record: int) -> bool:
    return bool(world.record(record)["outreach_id"])
