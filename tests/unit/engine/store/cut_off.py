"""A process that is killed while it moves a state, forked off one that has loaded everything."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.config.loading import ServiceSettings
from engine.store import copying, moving
from engine.store.postgres.database import Database
from engine.store.sqlite import copies
from tests.waiting import DEADLINE_S

_MODULES = {"copying": copying, "moving": moving, "copies": copies}
# Not forked off the tests themselves, which have threads.
_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload([__name__])


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a process is killed: when it calls this function once more than so many times.

    Args:
        in_use: whether the one that was to be moved is in use then; otherwise neither is.
    """

    into: bool
    module: str
    name: str
    after: int
    in_use: bool = True


@dataclass(frozen=True, slots=True)
class Move:
    """What is moved, where to, and by which settings."""

    address: str
    schema: str
    directory: Path
    lease_s: float
    pair: str


def killed(move: Move, cut: Cut) -> None:
    """Have a process move the state, and be killed.

    Raises:
        AssertionError: it came to its end otherwise, or not in time.
    """
    child = _FORKED.Process(target=_moves, args=(move, cut))
    child.start()
    child.join(DEADLINE_S)
    assert child.exitcode == -signal.SIGKILL


def _moves(move: Move, cut: Cut) -> None:
    module = _MODULES[cut.module]
    setattr(module, cut.name, _dies(getattr(module, cut.name), cut.after))
    database = Database(move.address, move.schema, lambda: None)
    service = ServiceSettings().model_copy(update={"lease_s": move.lease_s})
    moving.moved(database, move.directory, service, move.pair, into=cut.into)


def _dies(real: Callable[..., Any], after: int) -> Callable[..., Any]:
    left = after

    def called(*values: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*values, **named)

    return called
