"""Bulky records: memory does not grow by how many workers there are."""

from __future__ import annotations

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.sandbox.faults import Fault
from engine.flow import bulk
from tests.scenario.bench import CREATE, Bench

pytestmark = pytest.mark.anyio

# Of an ordinary record the source shows some 1,100 characters, and 500 of them are sent.
BULKY_CHARS = 3000


class Peak:
    """Around an application: how many creates of each size were under way at once, at most."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._under_way = {"bulky": 0, "usual": 0}
        self.most = {"bulky": 0, "usual": 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if (scope["method"], scope["path"]) != CREATE:
            await self._app(scope, receive, send)
            return
        size = "bulky" if int(dict(scope["headers"])[b"content-length"]) > BULKY_CHARS else "usual"
        self._under_way[size] += 1
        self.most[size] = max(self.most[size], self._under_way[size])
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way[size] -= 1


async def test_bulky_records_are_worked_on_one_after_the_other(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the usual ones beside them, by as many workers as there are."""
    monkeypatch.setattr(bulk, "BULKY_CHARS", BULKY_CHARS)
    world.settings["concurrency"] = {"opportunity_syncers": 4}
    records = [world.has(f"Bulky {one}", comment="x" * BULKY_CHARS) for one in range(3)]
    records += [world.has(f"Usual {one}") for one in range(4)]
    world.outreach_fault(
        Fault(method="POST", path="opportunities$", action="delay", delay_s=0.3, times=None)
    )
    peak = world.outreach_door.app = Peak(world.outreach_door.app)

    await world.once()

    assert peak.most["bulky"] == 1
    assert peak.most["usual"] > 1
    assert all(world.twin(record) for record in records)
