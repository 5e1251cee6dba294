"""How long property tests search: `WOSYNC_SEARCH=20 make test` searches twenty times as long."""

from __future__ import annotations

import os

SEARCH = int(os.environ.get("WOSYNC_SEARCH", "1"))


def examples(usual: int) -> int:
    """Examples to try, where so many are usual."""
    return usual * SEARCH
