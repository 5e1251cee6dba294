"""The scripted server, and the target opened on it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from connectors.outreach.target import OutreachTarget, open_target
from tests.unit.connectors.outreach.stand_ins import World, settings


@pytest.fixture
def world() -> World:
    """A server without a script yet."""
    return World()


@pytest.fixture
async def target(world: World) -> AsyncGenerator[OutreachTarget]:
    """The opened target."""
    async with open_target(settings(), world.environment) as opened:
        yield opened
