"""The account resolver by itself: many who ask at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import anyio
import anyio.lowlevel
import pytest

from engine.flow.pace import Pace
from engine.metrics import Metrics
from engine.resolvers.accounts import BATCH_MAX, AccountResolver
from engine.store.sqlite import statefile
from engine.store.sqlite.threaded import open_store
from tests.unit.engine.stand_ins import FakeClock

pytestmark = pytest.mark.anyio

MANY = 3 * BATCH_MAX


class Linked:
    """Both systems: each customer is linked to the account of its own number plus a million."""

    def __init__(self) -> None:
        self.asked: list[Sequence[int]] = []

    async def account_ids(self, customers: Collection[int]) -> Mapping[int, str]:
        """A page of them, after a while."""
        self.asked.append(sorted(customers))
        await anyio.lowlevel.checkpoint()
        return {customer: str(customer + 1_000_000) for customer in customers}

    async def accounts(self, ids: Collection[int]) -> set[int]:
        """All of them exist."""
        return set(ids)


async def test_everybody_who_asks_gets_an_answer_however_many_ask_at_once(tmp_path: Path) -> None:
    """One who is not asked for would be synced without its account, and nobody would notice."""
    systems, found = Linked(), dict[int, int | None]()
    async with open_store(tmp_path / statefile.FILE_NAME) as store:
        resolver = AccountResolver(
            source=cast("Any", systems),
            target=cast("Any", systems),
            store=store,
            clock=FakeClock(),
            columns=tuple,
            pace=Pace(3600.0),
            metrics=Metrics(),
            wake=lambda: None,
            customers=cast("Any", None),
        )

        async def ask(customer: int) -> None:
            found[customer], _ = await resolver.resolve(str(customer))

        async with anyio.create_task_group() as tasks:
            for customer in reversed(range(1, MANY + 1)):
                tasks.start_soon(ask, customer)

    assert found == {customer: customer + 1_000_000 for customer in range(1, MANY + 1)}
    assert all(len(batch) <= BATCH_MAX for batch in systems.asked)
    assert sum(map(len, systems.asked)) == MANY
