"""The desk: of two plans that are to be carried out at once, one waits."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, cast

import anyio
import pytest

from engine.service.planning import desk


@pytest.mark.anyio
async def test_who_comes_second_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at work on one record would each leave out what the other one did."""
    at_work, most = 0, 0

    async def apply(*_: object) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await anyio.sleep(0.01)
        at_work -= 1

    monkeypatch.setattr(desk, "apply_beside", apply)
    asked = desk.Desk()
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(asked.apply, cast("Any", None), Path("a"), cast("IO[str]", None))

    assert most == 1
