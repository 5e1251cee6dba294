"""The wall clock of one host, set while its processes run, by libfaketime.

The clocks that nobody can set stay as they are, as on a machine. Under it Python's `time.sleep`
fails, which the service never calls.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LIBRARIES = "usr/lib/*/faketime/libfaketimeMT.so.1"
# Seconds until a process sees that its clock was set.
SEEN_S = 1
_SHARED = ("faketime_shm_{pid}", "sem.faketime_sem_{pid}")
_PROBE = """
import os, time
clocks = (time.time, time.monotonic, lambda: time.clock_gettime(time.CLOCK_BOOTTIME))
before = [clock() for clock in clocks]
with open(os.environ["FAKETIME_TIMESTAMP_FILE"], "w") as file:
    file.write("+7200")
print(*(round((clock() - was) / 3600) for clock, was in zip(clocks, before)))
"""


@dataclass(frozen=True, slots=True)
class WallClock:
    """The clock of the processes that are started with its environment.

    Args:
        file: where it is set.
    """

    file: Path

    def set(self, ahead_s: float) -> None:
        """Set it so far ahead of the real one."""
        self.file.write_text(f"{ahead_s:+.0f}\n")

    def environment(self) -> Mapping[str, str]:
        """For the program itself; what starts it must do without."""
        return {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Else threads wait for each other as long as the other clock says.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "FAKETIME_CACHE_DURATION": str(SEEN_S),
        }


def forget(pid: int) -> None:
    """Take away what the library leaves of a process that was killed."""
    for name in _SHARED:
        Path("/dev/shm", name.format(pid=pid)).unlink(missing_ok=True)  # noqa: S108 # its own place


@cache
def _library() -> Path | None:
    return next(iter(sorted(Path("/").glob(LIBRARIES))), None)


def missing(directory: Path) -> str | None:
    """Why no clock can be set here; None when it can."""
    if _library() is None:
        return "libfaketime not found; install the package libfaketime to set clocks too"
    clock = WallClock(directory / "probe")
    clock.set(0)
    environment = {**os.environ, **clock.environment(), "FAKETIME_NO_CACHE": "1"}
    tried = subprocess.run(
        [sys.executable, "-c", _PROBE], capture_output=True, text=True, check=False, env=environment
    )
    if tried.stdout.split() != ["2", "0", "0"]:
        return f"libfaketime sets other clocks as well: {tried.stdout or tried.stderr}"
    return None
