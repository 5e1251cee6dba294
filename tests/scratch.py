"""Where tests keep what nobody needs after a power loss: in memory, if there is enough of it.

Hundreds of states are made, and each waits for its disk at every step.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 # whoever uses it makes a directory of its own in it
# More than all that one run leaves until its end.
ROOM_MIN = 4 * 2**30


def scratch() -> str | None:
    """The directory to make one's own in; None for the usual place."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM_MIN:
        return None
    # Tests write programs and run them.
    return None if os.statvfs(MEMORY).f_flag & os.ST_NOEXEC else str(MEMORY)
