"""Lookups: what is read for many records at once, and what it means when that fails."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from engine.errors import (
    EngineError,
    HeldBack,
    Misconfigured,
    StateUnusable,
    Throttled,
    Unavailable,
)

# So many seconds later it is tried again, unless the system says otherwise.
RETRY_S = 60.0


@contextmanager
def looking_up(what: str, *, at_source: bool = False) -> Generator[None]:
    """Make any failure of the block that of the lookup, and of no record that waits for it.

    Args:
        what: is read, in the plural.
        at_source: it is the source that is asked. A target that refuses us altogether is left to
            be met as everywhere else: it pauses.

    Raises:
        Unavailable: it failed, and would have for any record.
        Transient: the system is paused, or told us to wait.
    """
    try:
        yield
    except (StateUnusable, Throttled, HeldBack, Unavailable):
        raise
    except EngineError as error:
        if isinstance(error, Misconfigured) and not at_source:
            raise
        failure = Unavailable(what, error)
        failure.retry_after_s = error.retry_after_s or RETRY_S
        raise failure from error
