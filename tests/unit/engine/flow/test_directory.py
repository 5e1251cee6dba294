"""The directory: one reading for many askers, and no flood of readings."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio
import pytest

from engine.errors import Throttled
from engine.flow.directory import Directory

pytestmark = pytest.mark.anyio

LONG_S = 3600.0


@dataclass
class Users:
    """What the target would list; `gate` holds a reading back."""

    names: list[tuple[str, int]] = field(default_factory=lambda: [("Jo", 1), ("Sam", 2)])
    readings: int = 0
    failing: bool = False
    gate: anyio.Event | None = None

    async def read(self) -> list[tuple[str, int]]:
        """One reading of the whole list."""
        self.readings += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.failing:
            raise Throttled("later")
        return list(self.names)


async def test_one_reading_answers_every_name() -> None:
    """A request for each record's owner would spend the budget on names."""
    users = Users([("Jo", 1), ("Sam", 2), ("Sam", 3)])
    directory = Directory(users.read, LONG_S)

    assert await directory.lookup("Jo") == (1,)
    assert await directory.lookup("Sam") == (2, 3)
    assert await directory.lookup("Nobody") == ()
    assert await directory.lookup("jo") == ()
    assert users.readings == directory.readings == 1


async def test_concurrent_askers_share_one_reading() -> None:
    """Four syncers start at once with four owners."""
    users = Users(gate=anyio.Event())
    directory = Directory(users.read, LONG_S)
    found: list[tuple[int, ...]] = []

    async def ask(name: str) -> None:
        found.append(await directory.lookup(name))

    async with anyio.create_task_group() as tasks:
        for name in ("Jo", "Sam", "Jo", "Nobody"):
            tasks.start_soon(ask, name)
        await anyio.wait_all_tasks_blocked()
        assert users.gate is not None
        users.gate.set()

    assert users.readings == 1
    assert sorted(found) == [(), (1,), (1,), (2,)]


async def test_a_reading_counts_for_its_time_and_no_longer() -> None:
    """A renamed user must be seen one day."""
    users = Users()
    directory = Directory(users.read, 0.005)
    assert await directory.lookup("New") == ()
    users.names.append(("New", 9))
    await anyio.sleep(0.01)

    assert await directory.lookup("New") == (9,)
    assert users.readings == 2


async def test_an_unknown_name_is_not_asked_for_again_and_again() -> None:
    """A thousand records of somebody without a seat are one reading."""
    users = Users()
    directory = Directory(users.read, LONG_S)

    for number in range(50):
        await directory.lookup(f"Stranger {number % 5}")

    assert users.readings == 1


async def test_a_failed_reading_is_told_to_the_asker_and_tried_by_the_next() -> None:
    """An outage of the target must not be taken for an empty list of users."""
    users = Users(failing=True)
    directory = Directory(users.read, LONG_S)
    with pytest.raises(Throttled):
        await directory.lookup("Jo")
    users.failing = False

    assert await directory.lookup("Jo") == (1,)


async def test_a_refresh_reads_at_once_but_at_most_once_a_second() -> None:
    """A refused reference asks for a new reading; a hundred of them ask for one."""
    users = Users()
    directory = Directory(users.read, LONG_S)

    for _ in range(5):
        await directory.refresh()

    assert users.readings == 1
