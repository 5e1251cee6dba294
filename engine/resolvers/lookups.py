"""Lookups: what is read for many records at once, and what it means when that fails."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio

from engine.decide.retry import QUICK_TRIES
from engine.errors import (
    EngineError,
    HeldBack,
    Misconfigured,
    NotGranted,
    StateUnusable,
    Throttled,
    Transient,
    Unavailable,
)

# So many seconds later a record that needs the lookup is tried again, unless the system says
# otherwise: soon where it may help by itself.
RETRY_S = 60.0
TRANSIENT_RETRY_S = 5.0
# For this part of that time nobody asks anew: those who wait must not each fail by themselves. What
# keeps failing is not asked for more often than that at all.
SHARED_PART = 0.5


@dataclass(slots=True)
class Lookup:
    """One kind of reading.

    Args:
        what: is read, in the plural.
        at_source: it is the source that is asked. A target that refuses us altogether is left to
            be met as everywhere else: it pauses.
    """

    what: str
    at_source: bool = False
    _cause: EngineError | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    _shared_until: float = field(default=-math.inf, init=False)

    @contextmanager
    def reading(self) -> Generator[None]:
        """Make any failure of the block that of the lookup, and of no record that waits for it.

        Raises:
            Unavailable: it failed, or has just failed, and would have for any record.
            Transient: the system is paused, or told us to wait.
        """
        if self._cause is not None and anyio.current_time() < self._shared_until:
            raise self._unavailable(self._cause)
        try:
            yield
        except (StateUnusable, Throttled, HeldBack):
            raise
        except EngineError as error:
            everybodys = isinstance(error, Misconfigured) and not isinstance(error, NotGranted)
            if everybodys and not self.at_source:
                raise
            self._cause = error
            self._failures += 1
            part = 1.0 if self._keeps_failing else SHARED_PART
            self._shared_until = anyio.current_time() + part * self._retry_s(error)
            raise self._unavailable(error) from error
        self._cause, self._failures = None, 0

    @property
    def _keeps_failing(self) -> bool:
        return self._failures > QUICK_TRIES

    def _unavailable(self, cause: EngineError) -> Unavailable:
        return Unavailable(self.what, cause, retry_after_s=self._retry_s(cause))

    def _retry_s(self, cause: EngineError) -> float:
        if cause.retry_after_s is not None:
            return cause.retry_after_s
        quick = isinstance(cause, Transient) and not self._keeps_failing
        return TRANSIENT_RETRY_S if quick else RETRY_S
