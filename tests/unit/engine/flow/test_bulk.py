"""Whose turn it is among bulky records."""

from __future__ import annotations

from dataclasses import dataclass

import anyio
import pytest

from engine.flow.bulk import BULKY_CHARS, Bulk

pytestmark = pytest.mark.anyio


@dataclass
class Loaded:
    """What a worker takes in hand."""

    payload: str = "x" * (BULKY_CHARS + 1)


async def test_a_bulky_record_that_cannot_be_loaded_keeps_nobody_waiting() -> None:
    """Whoever fails at its turn gives it on, however it fails."""
    bulk, loads = Bulk(), 0

    async def once_only() -> Loaded:
        nonlocal loads
        loads += 1
        if loads == 2:
            raise OSError
        return Loaded()

    with pytest.raises(OSError):  # the one above
        async with bulk.in_hand(once_only):
            pass

    with anyio.fail_after(5):
        async with bulk.in_hand(once_only) as found:
            assert found == Loaded()


async def test_what_is_done_with_meanwhile_is_not_taken_in_hand() -> None:
    """It is loaded again when its turn comes."""
    bulk = Bulk()
    found: list[Loaded | None] = [Loaded(), None]

    async def load() -> Loaded | None:
        return found.pop(0)

    async with bulk.in_hand(load) as taken:
        assert taken is None
