"""Which pairs have series of their own: so many at most, the worst of them."""

from __future__ import annotations

from collections.abc import Iterable

# Who is shown is shown for so long at least, seconds: a series that comes and goes says little.
SHOWN_S = 3600.0


class Shown:
    """Which pairs have series of their own."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._since: dict[str, float] = {}

    def of(self, worst_first: Iterable[str], now: float) -> list[str]:
        """Their names.

        Args:
            worst_first: all there are.
            now: seconds of a clock that only goes forward.
        """
        everybody = list(worst_first)
        there = set(everybody)
        kept = {
            name: since
            for name, since in self._since.items()
            if name in there and now - since < SHOWN_S
        }
        for name in everybody:
            if len(kept) >= self._most:
                break
            kept.setdefault(name, now)
        self._since = kept
        return sorted(kept)
