"""Runs: one name for one poll, one reconcile or one batch, in every log line and exemplar of it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import Random

kept_run: ContextVar[int | None] = ContextVar("kept_run", default=None)
"""The run, as the state numbers them, that what is written belongs to; None for the present one."""


@dataclass(slots=True)
class Spent:
    """Requests to either system since somebody last took note of them."""

    requests: int = 0

    def taken(self) -> int:
        """How many they are; from now on others are counted."""
        requests, self.requests = self.requests, 0
        return requests


spent: ContextVar[Spent | None] = ContextVar("spent", default=None)
"""Counts the requests for the record that the work in hand is about."""


def note_request() -> None:
    """One is sent."""
    counting = spent.get()
    if counting is not None:
        counting.requests += 1


@contextmanager
def within(number: int | None) -> Generator[None]:
    """What is written in the block belongs to this run; without one, to the run it is in."""
    token = None if number is None else kept_run.set(number)
    try:
        yield
    finally:
        if token is not None:
            kept_run.reset(token)


_exemplar: ContextVar[dict[str, str] | None] = ContextVar("exemplar", default=None)


@dataclass(slots=True)
class Runs:
    """Hands out names; those of another process begin otherwise."""

    rng: Random
    _count: int = field(default=0, init=False)
    _process: str = field(init=False)

    def __post_init__(self) -> None:
        self._process = f"{self.rng.getrandbits(24):06x}"

    @contextmanager
    def run(self, **fields: object) -> Generator[None]:
        """Everything logged in the block carries the name, and these fields."""
        # Whoever only reads what was kept names no run, and writes no line.
        from structlog.contextvars import bound_contextvars

        self._count += 1
        name = f"{self._process}-{self._count:x}"
        token = _exemplar.set({"run": name})
        try:
            with bound_contextvars(run=name, **fields):
                yield
        finally:
            _exemplar.reset(token)


def exemplar() -> dict[str, str] | None:
    """The label that leads from a histogram's bucket to the log lines of the present run."""
    return _exemplar.get()
