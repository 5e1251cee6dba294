"""Which place the state of a pair has, and what is asked there without an event loop."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from engine.config.loading import Config
from engine.store.port.place import Place
from engine.store.sqlite.place import StateFile

R = TypeVar("R")


def place_of(config: Config) -> Place:
    """Where the state is kept that a configuration names."""
    return StateFile(config.engine.service.state_dir)


def done(work: Coroutine[Any, Any, R]) -> R:
    """The result of work that asks a store which waits for nothing, and nobody else.

    Raises:
        RuntimeError: it waits for something.
    """
    try:
        work.send(None)
    except StopIteration as ended:
        return ended.value
    work.close()
    raise RuntimeError("a command without an event loop waits for nothing")
