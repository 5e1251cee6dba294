"""What a scope is missing for is refused here too for a while, and nothing else is."""

from __future__ import annotations

import anyio
import pytest

from connectors.outreach.client import NOT_GRANTED_S
from connectors.outreach.target import open_target
from engine import NotGranted
from tests.unit.connectors.outreach.stand_ins import World, document, page, problem, settings

pytestmark = pytest.mark.anyio

DETAIL = "Your authorization does not include the required scope 'prospects.read'."


def refused_once() -> World:
    """A server that refuses the first request for want of a scope, and answers the next."""
    world = World()
    world.server.script = [problem(403, "unauthorizedOauthScope", DETAIL), page()]
    return world


async def test_what_was_not_granted_is_not_sent_again_for_a_while() -> None:
    """A thousand people would otherwise be a thousand refusals."""
    world = refused_once()
    async with open_target(settings(), world.environment) as target:
        for _ in range(2):
            with pytest.raises(NotGranted):
                await target.find_prospects(["a@x.example"])
        with pytest.raises(NotGranted) as caught:
            await target.find_prospects(["a@x.example"])

    assert len(world.server.requests) == 1
    assert DETAIL in str(caught.value)
    assert caught.value.status == 403
    assert "wosync auth" in str(caught.value.remedy)
    assert 0 < (caught.value.retry_after_s or 0) <= NOT_GRANTED_S


async def test_other_operations_go_on() -> None:
    """Each needs a scope of its own."""
    world = refused_once()
    world.server.script[1:] = [document(5)]
    async with open_target(settings(), world.environment) as target:
        with pytest.raises(NotGranted):
            await target.find_prospects(["a@x.example"])
        await target.create({"name": "x"})

    assert len(world.server.requests) == 2


async def test_what_was_not_granted_is_sent_once_a_person_has_acted() -> None:
    """Who has just authorised the service does not want to wait a minute."""
    world = refused_once()
    async with open_target(settings(), world.environment) as target:
        with pytest.raises(NotGranted):
            await target.find_prospects(["a@x.example"])
        world.governor.operator_acted()
        assert await target.find_prospects(["a@x.example"]) == []


async def test_what_was_not_granted_is_tried_again_in_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may have been granted elsewhere."""
    monkeypatch.setattr("connectors.outreach.client.NOT_GRANTED_S", 0.01)
    world = refused_once()
    async with open_target(settings(), world.environment) as target:
        with pytest.raises(NotGranted):
            await target.find_prospects(["a@x.example"])
        await anyio.sleep(0.02)
        assert await target.find_prospects(["a@x.example"]) == []
