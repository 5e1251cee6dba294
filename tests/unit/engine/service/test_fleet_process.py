"""A process of a fleet that is told something before it has joined."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import anyio
import pytest

from tests.farm import Wanted, fleet_text
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

LOOK_S = 0.05
# Nobody looks through the files by himself for as long as a test may take.
NEVER_S = 100 * DEADLINE_S


@pytest.fixture
def kept_from_ending() -> Generator[None]:
    """As the command has it: nobody is ended by what only means to be read again."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it."""
    with anyio.fail_after(DEADLINE_S):
        while not holds():  # noqa: ASYNC110 # nobody tells of it
            await anyio.sleep(LOOK_S)


@pytest.mark.usefixtures("kept_from_ending")
async def test_what_it_is_told_to_read_while_it_joins_is_read_once_it_has(
    tmp_path: Path, unpooled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever adds a pair and says so cannot know whether the files were looked through before."""
    from engine.assembly.environment import Environment
    from engine.config import fleet as fleet_config
    from engine.model.fleet import Roster
    from engine.service import listening
    from engine.service.fleet import process
    from engine.service.fleet.keeper import Keeper
    from tests.unit.engine.store.databases import apart

    asks, answered, beat = threading.Event(), threading.Event(), Keeper.beat

    def late(keeper: Keeper) -> Roster:
        asks.set()
        assert answered.wait(DEADLINE_S)
        return beat(keeper)

    monkeypatch.setattr(process, "FILES_S", NEVER_S)
    monkeypatch.setattr(Keeper, "beat", late)
    (tmp_path / "pairs").mkdir()
    with apart(unpooled) as state:
        path = tmp_path / "fleet.toml"
        path.write_text(fleet_text(Wanted(state), tmp_path / "state"))
        fleet = fleet_config.load(path)
        joins = process.Process(fleet, Environment.real())
        with listening.listen(*fleet.service.http_address) as listener:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(joins.serve, listener)
                await until(asks.is_set)
                (tmp_path / "pairs" / "added.toml").touch()
                os.kill(os.getpid(), signal.SIGHUP)
                await anyio.wait_all_tasks_blocked()
                answered.set()
                await until(lambda: "added" in joins.known)
                os.kill(os.getpid(), signal.SIGTERM)
