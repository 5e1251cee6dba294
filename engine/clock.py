"""The clock: the only wall-clock read in the repository."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """The only reader of the wall clock."""

    def now(self) -> float:
        """Seconds since the Unix epoch, UTC."""
        ...


class SystemClock:
    """The machine's clock as it stood at the start, carried on by the time that really passes.

    Whoever sets the machine's clock while the service runs changes nothing here: a wait for a
    create in doubt, once begun, takes as long as it takes. Sleep of the machine counts.
    """

    def __init__(self) -> None:
        self._ahead_s = time.time() - passed_s()

    def now(self) -> float:
        """Seconds since the Unix epoch, UTC."""
        return self._ahead_s + passed_s()


# The boot clock counts the sleep of the machine; not every system has it.
_BOOT_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def passed_s() -> float:
    """Seconds of a clock that nobody can set."""
    return time.monotonic() if _BOOT_CLOCK is None else time.clock_gettime(_BOOT_CLOCK)


def file_time_s() -> float:
    """The time a file system would give a file now, in seconds since the epoch.

    For comparing with the times of files, which follow the machine's clock wherever it is set to.
    """
    return time.time()
