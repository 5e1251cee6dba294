"""How much of a day is told, and which settings are others than they were."""

from __future__ import annotations

from collections.abc import Mapping

REASONS_MAX = 50
AWAITED_MAX = 20
CHANGES_MAX = 50
# Changes of settings that are kept.
CHANGES_KEPT = 1000


def changed(seen: Mapping[str, str], values: Mapping[str, str]) -> list[str]:
    """The keys of these that are not as they were seen, or not there on one side."""
    return [key for key in {**seen, **values} if seen.get(key) != values.get(key)]
