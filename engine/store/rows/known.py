"""References that a shell completes: which of them are asked for."""

from __future__ import annotations

from collections.abc import Mapping

# More than that, nobody reads; the next letter leaves fewer.
REFERENCES_MAX = 100


def asked(beginning: str) -> Mapping[str, str | int]:
    """Between what those lie that begin so, and how many of them are wanted."""
    return {"from": beginning, "to": f"{beginning}\U0010ffff", "most": REFERENCES_MAX}
