"""`wosync skip`, `unskip`, `resync`: left alone means left alone, and read anew means repaired."""

from __future__ import annotations

import pytest

from connectors.sandbox.faults import Fault
from engine.model.acting import Act, Request
from tests.scenario.acting_hands import act_offline, did, resync, retry, skip, unskip
from tests.scenario.asking_hands import remedy, why, why_offline
from tests.scenario.bench import Bench
from tests.scenario.people import CREATE_PROSPECT

pytestmark = pytest.mark.anyio

TOO_LONG = "x" * 256


def written(world: Bench) -> int:
    """Requests that wrote something in Outreach."""
    return sum(
        one.method in {"POST", "PATCH", "DELETE"} and "/oauth" not in one.path
        for one in world.outreach_seen
    )


async def synced(world: Bench) -> int:
    record = world.has()
    world.puts(record, (world.knows(), "Buyer"))
    await world.once()
    return record


async def test_nothing_is_sent_for_what_is_skipped(world: Bench) -> None:
    """Neither its fields nor the people on its tab, whatever is edited and however it is found."""
    record = await synced(world)
    told = await skip(world, record, reason="being merged")
    world.forget_traffic()

    world.edit(record, description="Painted")
    await world.once()
    world.puts(record, (world.knows("Bob Hill"), "User"))
    world.settings["poller"] = {"sweep_interval_s": 60, "audit_interval_s": 600}
    world.clock.advance(700)
    await world.once()

    assert did(told) == {f"OPP-{record}": "skipped"}
    assert written(world) == 0
    assert world.twin(record).attributes["name"] == "Harbour crane"


async def test_what_is_unskipped_is_due_as_it_is_by_then(world: Bench) -> None:
    """Everything that was edited meanwhile arrives."""
    record = await synced(world)
    await skip(world, record)
    world.edit(record, description="Painted")
    bob = world.knows("Bob Hill")
    await world.once()
    world.puts(record, (bob, "User"))
    await world.once()

    told = await unskip(world, record)
    await world.once()
    await world.once()

    assert did(told) == {f"OPP-{record}": "unskipped"}
    assert world.twin(record).attributes["name"] == "Painted"
    assert [role for _, role in world.roles(record)] == ["User"]


async def test_a_skip_is_told_wherever_somebody_asks(world: Bench) -> None:
    """With the words of whoever did it."""
    record = await synced(world)
    await skip(world, record, reason="being merged with OPP-9")
    await world.once()

    for told in (await why(world, f"OPP-{record}"), why_offline(world, f"OPP-{record}")):
        assert (told["verdict"], told["code"]) == ("not eligible", "skipped")
        assert "being merged with OPP-9" in told["reason"]
        assert "wosync unskip" in remedy(told)
    assert any(one.decision == "skipped" for one in world.history(record))


async def test_what_is_skipped_before_it_was_captured_is_never_sent(world: Bench) -> None:
    """A record that is about to be ticked by somebody else."""
    await synced(world)
    record = world.has("Untouchable")

    told = await skip(world, f"OPP-{record}")
    await world.once()
    world.edit(record, description="Still untouchable")
    await world.once()

    assert did(told) == {f"OPP-{record}": "skipped"}
    assert world.twins(record) == []
    assert (await why(world, record))["code"] == "skipped"


async def test_a_create_in_doubt_is_looked_for_although_it_is_skipped(world: Bench) -> None:
    """What may be in Outreach has to be accounted for; nothing more is sent."""
    world.outreach_fault(Fault(method="POST", path="/opportunities$", when="after", action="drop"))
    world.outreach.knobs.index_lag_s = 250
    world.settings["outreach"]["visibility_s"] = 300
    record = world.has()
    await world.once()

    told = await skip(world, record)
    world.clock.advance(400)
    await world.once()
    world.clock.advance(1000)
    await world.once()
    assert did(told) == {f"OPP-{record}": "doubted"}
    assert len(world.twins(record)) == 1
    assert (await why(world, record))["code"] == "skipped"

    await unskip(world, record)
    await world.once()
    assert world.twin(record)


async def test_a_skipped_person_is_neither_created_nor_related(world: Bench) -> None:
    """The opportunity goes on without."""
    ada, bob = world.knows("Ada King"), world.knows("Bob Hill", email=None)
    record = world.has()
    world.puts(record, (bob, "User"))
    await world.once()
    await skip(world, f"PERS-{bob}", f"PERS-{ada}", reason="asked not to be contacted")

    world.mends(bob, main_location_email="bob@customer.example")
    world.puts(record, (bob, "User"), (ada, "Buyer"))
    await world.once()
    world.clock.advance(400)
    await world.once()

    assert world.roles(record) == []
    assert world.outreach_traffic.counts[CREATE_PROSPECT] == 0
    assert (
        world.outreach.prospects.rows() == [] if hasattr(world.outreach.prospects, "rows") else True
    )
    told = await why(world, f"PERS-{bob}")
    assert (told["verdict"], told["code"]) == ("not eligible", "skipped")

    await unskip(world, f"PERS-{bob}", f"PERS-{ada}")
    await world.once()
    assert len(world.roles(record)) == 2


async def test_a_skip_outlives_a_restart_and_is_kept_on_a_stopped_state(world: Bench) -> None:
    """It is a line of the state, and of nothing that a process holds."""
    record = await synced(world)

    told = act_offline(world, Request(Act.SKIP, (f"OPP-{record}",), reason="being merged"))
    world.edit(record, description="Painted")
    await world.once()

    assert did(told) == {f"OPP-{record}": "skipped"}
    assert world.twin(record).attributes["name"] == "Harbour crane"
    assert did(act_offline(world, Request(Act.UNSKIP, (f"OPP-{record}",)))) == {
        f"OPP-{record}": "unskipped"
    }
    await world.once()
    assert world.twin(record).attributes["name"] == "Painted"


async def test_what_is_refused_and_skipped_is_neither_retried_nor_forgotten(world: Bench) -> None:
    """Our flag stays ours."""
    record = world.has(TOO_LONG)
    await world.once()
    await skip(world, record)

    assert did(await retry(world, record)) == {f"OPP-{record}": "left-alone"}
    assert did(await unskip(world, record)) == {f"OPP-{record}": "still-refused"}
    world.edit(record, description="Short")
    assert did(await retry(world, record)) == {f"OPP-{record}": "reset"}
    await world.once()

    assert world.twin(record).attributes["name"] == "Short"


async def test_a_resync_repairs_what_somebody_changed_in_the_target(world: Bench) -> None:
    """Fields and roles; of what agrees nothing is sent."""
    record = await synced(world)
    twin = world.twin(record)
    world.outreach.opportunities.update(twin.id, {"name": "Somebody else's"})
    [role] = world.role_rows(record)
    world.outreach.roles.delete(role.id)
    world.clock.advance(400)
    await world.once()
    assert world.twin(record).attributes["name"] == "Somebody else's"

    told = await resync(world, record)
    await world.once()
    world.clock.advance(400)
    await world.once()

    assert did(told) == {f"OPP-{record}": "read"}
    assert world.twin(record).attributes["name"] == "Harbour crane"
    assert [role for _, role in world.roles(record)] == ["Buyer"]


async def test_a_resync_of_what_agrees_writes_nothing(world: Bench) -> None:
    """It only looks."""
    record = await synced(world)
    await resync(world, record)
    world.forget_traffic()

    await world.once()

    assert written(world) == 0
    assert any(one.method == "GET" for one in world.outreach_seen)
