"""Bulky records: memory does not grow by how many workers there are."""

from __future__ import annotations

import anyio
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.flow import bulk
from tests.scenario.bench import CREATE, Bench
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

# Of an ordinary record the source shows some 1,100 characters, and 500 of them are sent.
BULKY_CHARS = 3000


class Peak:
    """Around an application: how many bulky creates were under way at once, at most.

    Each of them is answered once so many usual ones have been.
    """

    def __init__(self, app: ASGIApp, usual: int) -> None:
        self._app = app
        self._usual = usual
        self._all_usual = anyio.Event()
        self._under_way = 0
        self.most = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if (scope["method"], scope["path"]) != CREATE:
            await self._app(scope, receive, send)
        elif int(dict(scope["headers"])[b"content-length"]) > BULKY_CHARS:
            self._under_way += 1
            self.most = max(self.most, self._under_way)
            with anyio.fail_after(DEADLINE_S):
                await self._all_usual.wait()
            await self._app(scope, receive, send)
            self._under_way -= 1
        else:
            await self._app(scope, receive, send)
            self._usual -= 1
            if not self._usual:
                self._all_usual.set()


async def test_bulky_records_are_worked_on_one_after_the_other(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the usual ones beside them."""
    monkeypatch.setattr(bulk, "BULKY_CHARS", BULKY_CHARS)
    world.settings["concurrency"] = {"opportunity_syncers": 4}
    records = [world.has(f"Bulky {one}", comment="x" * BULKY_CHARS) for one in range(3)]
    records += [world.has(f"Usual {one}") for one in range(8)]
    peak = world.outreach_door.app = Peak(world.outreach_door.app, usual=8)

    await world.once()

    assert peak.most == 1
    assert all(world.twin(record) for record in records)
