"""Standing by: whose turn it is, and what is heard meanwhile."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import anyio
import pytest

from connectors.sandbox.serving import free_port
from engine.errors import EngineError, Misconfigured, StateReadOnly, StateUnusable
from engine.service.standby import serve_in_turn
from engine.service.told import Told
from engine.store.port.place import Place
from tests.unit.engine.config.test_loading import EMPTY, read
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

# Long beside what the loop needs to hear of a signal.
HEARD_S = 0.3
Look = Callable[[], str | None]


@dataclass(slots=True)
class Watched:
    """A place, as far as whoever stands by looks at it.

    Args:
        looks: what each look does and tells; the last one again and again.
    """

    looks: Sequence[Look]
    shown: str = "a database"

    @contextmanager
    def watching(self) -> Generator[Look]:
        """See `Place.watching`."""

        def occupant() -> str | None:
            look, *self.looks = self.looks
            self.looks = self.looks or [look]
            return look()

        yield occupant


async def served(tmp_path: Path, *looks: Look, fails: Sequence[Exception] = ()) -> int:
    """How often it served before it was told to stop; each time it served, that failed first."""
    config = read(tmp_path, f'[service]\nhttp = "127.0.0.1:{free_port()}"\nlease_s = 2\n{EMPTY}')
    times, failures = 0, list(fails)

    async def serve() -> None:
        nonlocal times
        times += 1
        if failures:
            raise failures.pop(0)

    with Told() as told, anyio.fail_after(DEADLINE_S):
        await serve_in_turn(config, cast("Place", Watched(looks)), told, serve)
    return times


def somebody() -> str:
    """Another one works."""
    return "another process"


def nobody() -> None:
    """Nobody does."""


def read_only() -> None:
    """The database is a replica."""
    raise StateReadOnly("it can only be read")


def told_to_stop_and_nobody() -> None:
    """Both in the same moment."""
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(HEARD_S)


async def test_whoever_is_told_to_stop_does_not_work_though_it_is_his_turn(tmp_path: Path) -> None:
    """The one that works and those that stand by are often told at the same time."""
    assert await served(tmp_path, somebody, told_to_stop_and_nobody) == 0


async def test_whoever_could_never_write_is_not_kept_waiting(tmp_path: Path) -> None:
    """An address that names a replica will not become another by itself."""
    with pytest.raises(StateReadOnly):
        await served(tmp_path, read_only)


async def test_a_database_that_can_be_read_only_by_now_is_waited_for(tmp_path: Path) -> None:
    """Whether it was found to be so while this one worked, or while it stood by."""
    lost = StateReadOnly("it can only be read")

    assert await served(tmp_path, somebody, read_only, nobody) == 1
    assert await served(tmp_path, nobody, fails=[lost]) == 2


def refused() -> None:
    """The password was changed there, and not here."""
    raise StateUnusable("password authentication failed")


def another_program() -> None:
    """Something else has the port for a moment."""
    raise Misconfigured("another program answers there")


@pytest.mark.parametrize("look", [refused, another_program])
async def test_a_database_that_refuses_whom_it_let_in_before_is_waited_for(
    tmp_path: Path, look: Look
) -> None:
    """Whether it was found to do so while this one worked, or while it stood by."""
    failed = StateUnusable("it cannot be reached")

    assert await served(tmp_path, somebody, look, nobody) == 1
    assert await served(tmp_path, nobody, look, look, nobody, fails=[failed]) == 2


@pytest.mark.parametrize("look", [refused, another_program])
async def test_whoever_was_never_let_in_is_not_kept_waiting(tmp_path: Path, look: Look) -> None:
    """What names the database is wrong, and nothing but a correction helps."""
    with pytest.raises(EngineError):
        await served(tmp_path, look)


async def test_what_has_nothing_to_do_with_the_database_ends_the_service(tmp_path: Path) -> None:
    """The database answers, so that it is not for it that the work has failed."""
    with pytest.raises(Misconfigured):
        await served(tmp_path, nobody, fails=[Misconfigured("a field is missing")])
