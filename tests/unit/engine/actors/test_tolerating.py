"""What a failed round means for its actor, and a listing that never ends."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest

from engine.actors.auditor import Auditor
from engine.actors.unreadable_rows import UnreadableRows
from engine.errors import EngineError, StateUnusable, TheirFault, Unreachable
from engine.flow.pace import Pace
from engine.metrics import Metrics
from engine.model.records import Page
from engine.resolvers.refreshing import refreshing
from engine.store.sqlite import statefile
from engine.store.sqlite.threaded import open_store
from tests.unit.engine.stand_ins import FakeClock, row, take
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

COMPONENT = "account_resolver"


def errors(metrics: Metrics, error_class: str) -> float | None:
    """How often this class was counted."""
    labels = {"component": COMPONENT, "class": error_class}
    return metrics.registry.get_sample_value("wosync_errors_total", labels)


class Rounds:
    """Fails the first time, in the way it was given; the second is good, and the last one."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.done = anyio.Event()
        self.count = 0

    async def step(self) -> None:
        """One round."""
        self.count += 1
        if self.count == 1:
            raise self.error
        self.done.set()


@pytest.mark.parametrize(
    ("error", "error_class"),
    [(Unreachable("down", operation="look"), "unreachable"), (KeyError("data"), "unexpected")],
    ids=["down", "a defect of ours"],
)
async def test_a_round_that_fails_does_not_end_its_actor(
    error: Exception, error_class: str
) -> None:
    """One odd record would stop the whole service, and stop it again after every restart."""
    metrics, rounds = Metrics(), Rounds(error)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(refreshing, rounds.step, Pace(0.001), COMPONENT, metrics)
        with anyio.fail_after(DEADLINE_S):
            await rounds.done.wait()
        tasks.cancel_scope.cancel()

    assert errors(metrics, error_class) == 1


async def test_a_state_that_cannot_be_used_ends_everything() -> None:
    """Going on would mean to send what cannot be remembered."""
    with pytest.raises(EngineError) as raised:
        await refreshing(Rounds(StateUnusable("disk full")).step, Pace(0.001), COMPONENT, Metrics())

    assert isinstance(raised.value, StateUnusable)


class Ignoring:
    """A source that ignores where a listing is to go on."""

    async def eligible(self, _after: int, _size: int) -> Page:
        """The same page for ever."""
        return Page([row(1), row(2)], complete=False)


async def test_a_listing_that_stands_still_is_given_up_with_the_reason(tmp_path: Path) -> None:
    """Asked on and on, it would eat the machine and prove nothing."""
    async with open_store(tmp_path / statefile.FILE_NAME) as store:
        await store.write(take, *(row(number) for number in range(1, 9)))
        clock, metrics = FakeClock(), Metrics()
        auditor = Auditor(
            source=cast("Any", Ignoring()),
            store=store,
            clock=clock,
            page_size=2,
            share=1.0,
            metrics=metrics,
            wake=lambda: None,
            absent=cast("Any", SimpleNamespace(look=len)),
            unreadable=UnreadableRows(store, clock, metrics),
        )
        with anyio.fail_after(DEADLINE_S), pytest.raises(TheirFault, match="before the position"):
            await auditor.step()
