"""How long property tests search: `WOSYNC_SEARCH=20 make test` searches twenty times as long, and
`WOSYNC_SEED=7` elsewhere."""

from __future__ import annotations

import os

SEARCH = int(os.environ.get("WOSYNC_SEARCH", "1"))
SEED = int(os.environ.get("WOSYNC_SEED", "20261130"))


def examples(usual: int) -> int:
    """Examples to try, where so many are usual."""
    return usual * SEARCH
