"""Nudging: the source says that something was edited, and the poller looks at once."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from engine.service.headers import NUDGE_TOKEN
from tests.scenario.bench import OPPORTUNITIES, Bench, until
from tests.scenario.service_port import ServicePort, eventually, served

pytestmark = pytest.mark.anyio

TOKEN = "a token that nobody guesses"
# Longer than any test waits.
NEVER_S = 80_000.0


def configured(world: Bench) -> None:
    """A token for nudges, and the name of a proxy."""
    path = Path(world.directory) / "nudge_token"
    path.write_text(TOKEN, encoding="utf-8")
    world.settings["service"] |= {
        "nudge_token": {"file": str(path)},
        "hosts": ["wosync.example.com"],
    }


async def nudge(port: ServicePort, token: str | None = TOKEN, **headers: str) -> httpx.Response:
    """What the process in the source sends."""
    sent = headers if token is None else {NUDGE_TOKEN: token} | headers
    return await port.client.post("/nudge", headers=sent)


async def is_ready(port: ServicePort) -> bool:
    """Whether the first poll is over."""
    return (await port.ready())[0] == 200


async def test_an_edit_arrives_at_once_when_the_source_nudges(world: Bench) -> None:
    """Without it, it would wait for the poll; through a proxy, and in a burst."""
    configured(world)
    async with served(world, interval_s=NEVER_S) as port:
        await eventually(lambda: is_ready(port))
        record = world.has("Harbour crane")
        answers = [await nudge(port, Host="wosync.example.com") for _ in range(5)]
        await until(lambda: world.record(record)["outreach_id"] is not None)
        world.edit(record, description="Harbour crane, blue")
        bearer = await nudge(port, None, Authorization=f"Bearer {TOKEN}")
        await until(lambda: world.twin(record).attributes["name"] == "Harbour crane, blue")

    assert {one.status_code for one in [*answers, bearer]} == {202}
    assert all(0 <= one.json()["looks_in_s"] <= 1 for one in answers)


async def test_who_has_no_token_nudges_nobody(world: Bench) -> None:
    """And hears what is missing; the name of a stranger is not even looked at."""
    configured(world)
    async with served(world, interval_s=NEVER_S) as port:
        await eventually(lambda: is_ready(port))
        polls = world.workbooks_traffic.counts["GET", OPPORTUNITIES]
        refused = [
            await nudge(port, None),
            await nudge(port, "wrong"),
            await nudge(port, None, Authorization="Basic d29zeW5j"),
        ]
        stranger = await nudge(port, Host="evil.example")
        looked_at = await port.client.get("/nudge")
        assert world.workbooks_traffic.counts["GET", OPPORTUNITIES] == polls

    assert {one.status_code for one in refused} == {403}
    assert all(NUDGE_TOKEN in one.text and TOKEN not in one.text for one in refused)
    assert stranger.status_code == 421
    assert looked_at.status_code == 405


async def test_without_a_configured_token_nudges_are_off(world: Bench) -> None:
    """That is said, with what to do about it."""
    async with served(world) as port:
        answer = await nudge(port)

    assert answer.status_code == 404
    assert "nudge_token" in answer.text
