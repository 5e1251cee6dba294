"""The only wall-clock read in the repository."""

from __future__ import annotations

import time


class SystemClock:
    """Reads the machine's clock."""

    def now(self) -> float:
        """Seconds since the Unix epoch, UTC."""
        return time.time()
