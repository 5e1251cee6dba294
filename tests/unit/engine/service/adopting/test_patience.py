"""A survey waits for the budget, and for nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest

from engine.errors import EngineError, Gone, HeldBack, Throttled
from engine.service.adopting.survey import patiently

pytestmark = pytest.mark.anyio


def _failing(*errors: EngineError) -> Callable[[int], Awaitable[int]]:
    left = list(errors)

    async def ask(number: int) -> int:
        if left:
            raise left.pop(0)
        return number

    return ask


async def test_a_spent_budget_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it says, and no longer than a few minutes at once."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(anyio, "sleep", sleep)
    ask = _failing(HeldBack("spent", retry_after_s=40), Throttled("slowly", retry_after_s=9000))

    assert await patiently(ask, 7) == 7
    assert waits == [40.0, 300.0]


async def test_anything_else_is_told() -> None:
    """A record that is gone, say."""
    with pytest.raises(Gone):
        await patiently(_failing(Gone("no such record")), 7)
