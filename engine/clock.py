"""The only wall-clock read in the repository."""

from __future__ import annotations

import time


class SystemClock:
    """The machine's clock as it stood at the start, carried on by the time that really passes.

    Whoever sets the machine's clock while the service runs changes nothing here: a wait for a
    create in doubt, once begun, takes as long as it takes. Sleep of the machine counts.
    """

    def __init__(self) -> None:
        self._ahead_s = time.time() - _passed_s()

    def now(self) -> float:
        """Seconds since the Unix epoch, UTC."""
        return self._ahead_s + _passed_s()


def _passed_s() -> float:
    """Seconds of a clock that nobody can set."""
    boot_clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_clock is None else time.clock_gettime(boot_clock)
