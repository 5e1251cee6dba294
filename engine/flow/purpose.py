"""What a request is spent on: a context variable, like the lane of the work in hand."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from engine.flow.lane import current_lane
from engine.model.purpose import Purpose

_purpose: ContextVar[Purpose | None] = ContextVar("purpose", default=None)


@contextmanager
def spent_on(purpose: Purpose) -> Generator[None]:
    """Requests within the block are spent on this, whatever the lane of the work is."""
    token = _purpose.set(purpose)
    try:
        yield
    finally:
        _purpose.reset(token)


def current_purpose() -> Purpose:
    """What a request in hand is spent on: the lane of the work, unless something else was said."""
    return _purpose.get() or Purpose[current_lane.get().name]
