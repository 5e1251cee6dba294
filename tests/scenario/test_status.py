"""The status: for each thing that goes wrong its cause, since when, until when, and what helps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.faults import Fault
from engine.service.status import Status
from tests.scenario.asking_hands import started
from tests.scenario.bench import CLIENT_ID, Bench, bench, until
from tests.scenario.service_port import ServicePort, eventually, served
from tests.scenario.test_missing_scopes import OPPORTUNITIES, PEOPLE, consents_to

pytestmark = pytest.mark.anyio

SCOPES = (*OPPORTUNITIES, *PEOPLE)


def verdict(document: dict[str, Any], name: str) -> dict[str, Any]:
    """What is said of one."""
    [found] = [one for one in document["verdicts"] if one["name"] == name]
    return found


async def status(world: Bench) -> dict[str, Any]:
    """What the state and the systems' last answers tell, without work being done."""
    async with started(world) as assembly:
        return await Status(assembly, started=True).document()


async def told(port: ServicePort, name: str, code: str) -> dict[str, Any]:
    """What is said of a system once this is the reason."""

    async def named() -> bool:
        return verdict(await port.status(), name)["code"] == code

    await eventually(named)
    return verdict(await port.status(), name)


async def test_a_service_with_nothing_in_its_way_says_so(world: Bench) -> None:
    """Of both systems and of itself, and with numbers apart."""
    record = world.has("Harbour crane")
    async with served(world) as port:
        await until(lambda: world.record(record)["outreach_id"] is not None)
        await eventually(lambda: _ready(port))
        document = await port.status()

    assert [one["verdict"] for one in document["verdicts"]] == ["works", "works", "works"]
    assert document["counts"]["linked"] == 1
    assert document["counts"]["vanished"] == document["counts"]["refused"] == 0


async def _ready(port: ServicePort) -> bool:
    return (await port.ready())[0] == 200


async def test_an_outage_is_told_with_its_begin_and_the_next_attempt(world: Bench) -> None:
    """One line of on-call: which system, since when, when again, and what to look at."""
    async with served(world) as port:
        await eventually(lambda: _ready(port))
        began = world.clock.now()
        world.outreach_fault(Fault(status=503, times=None))
        world.has("During the outage")
        found = await told(port, "outreach", "unanswered")

    assert found["verdict"] == "stands still"
    assert began - 1 <= found["since"] <= world.clock.now()
    assert found["next_at"] is None or found["next_at"] > began
    assert any("wosync check" in step for step in found["remedy"])


async def test_a_token_refused_within_a_minute_of_its_mint_is_told_as_that(world: Bench) -> None:
    """For a minute nobody knows whether the consent was withdrawn; what helps is said at once."""
    world.settings["service"]["shutdown_s"] = 0.2
    async with served(world) as port:
        record = world.has("Before")
        await until(lambda: world.record(record)["outreach_id"] is not None)
        world.outreach.revoke_all_tokens()
        world.has("After the leave was lost")
        found = await told(port, "outreach", "access-awaited")
        assert found["verdict"] == "waits"
        assert "the one in use is refused" in found["cause"]
        assert found["next_at"] is not None
        assert any("wosync auth" in step for step in found["remedy"])


async def test_a_lost_scope_is_told_with_what_it_keeps_from_working(tmp_path: Path) -> None:
    """The rest goes on."""
    async with bench(tmp_path) as world:
        consents_to(world, *(one for one in SCOPES if one != "prospects.write"))
        world.has("Harbour crane")
        await world.once()
        found = verdict(await status(world), "outreach")

    assert (found["verdict"], found["code"]) == ("works in part", "not-granted")
    assert found["cause"].startswith("prospects.write was not granted: ")
    assert any("wosync auth" in step for step in found["remedy"])
    assert CLIENT_ID not in str(found)


async def test_a_mapping_record_that_is_left_out_is_told_of_its_system(world: Bench) -> None:
    """Its administrator looks there, not into a log."""
    world.workbooks.add_mapping("noSuchField", "comment")
    world.has("Harbour crane")
    await world.once()
    found = verdict(await status(world), "workbooks")

    [matter] = [one for one in found["matters"] if one["code"] == "mapping-line-left-out"]
    assert "noSuchField" in matter["cause"]
    assert any("mapping record in Workbooks" in step for step in matter["remedy"])


async def test_a_refused_role_is_told_by_its_record_and_its_person(world: Bench) -> None:
    """Among a thousand lines it must be found."""
    record = world.has("Harbour crane")
    fine, refused = world.knows("Ada"), world.knows("Bob", "bob@customer.example")
    world.puts(record, (fine, "Buyer"), (refused, "x" * 256))
    await world.once()
    document = await status(world)

    [matter] = verdict(document, "outreach")["matters"]
    assert matter["subject"] == f"OPP-{record} Harbour crane"
    assert f"PERS-{refused}" in matter["cause"]
    assert f"PERS-{fine}" not in matter["cause"]
    assert matter["next_at"] > matter["since"]
    assert document["counts"]["tabs_refused"] == 1


async def test_records_are_counted_apart(world: Bench) -> None:
    """Linked, refused and vanished are three different mornings."""
    linked, refused, gone = world.has("Linked"), world.has("x" * 300), world.has("Gone")
    await world.once()
    world.workbooks.opportunities.delete(gone)
    world.clock.advance(86_400)
    world.settings["poller"] = {"sweep_interval_s": 1, "audit_interval_s": 1}
    await world.once()
    await world.once()
    counts = (await status(world))["counts"]

    assert (counts["linked"], counts["refused"], counts["vanished"]) == (2, 1, 1)
    assert world.record(linked)["outreach_id"] is not None
    assert world.record(refused)["error"] is True
