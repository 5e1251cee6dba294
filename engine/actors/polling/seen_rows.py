"""Seen rows: which rows of a feed need no second look, though each poll reads the last ones again.

Only a row whose second was over when it was read counts as seen: whatever happens to it later gives
it another time, and so another position.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.model.records import Position

# A row is as it stays for its second once so many seconds have passed.
OVER_S = 5.0
# Positions kept at the most: what is forgotten is looked at once more, and nothing else.
KEPT_MAX = 10_000


@dataclass(slots=True)
class SeenRows:
    """Positions of one feed, in memory; a restart looks at them once more."""

    _seen: set[Position] = field(default_factory=set[Position], init=False)

    def __contains__(self, position: Position) -> bool:
        """Whether the row that stood there needs no second look."""
        return position in self._seen

    def note(
        self, positions: Iterable[Position], *, served_at: float | None, skew_s: float
    ) -> None:
        """These rows were looked at.

        Args:
            served_at: what the source's clock told with them, unix seconds; None when it told
                nothing, and then none of them is over for certain.
            skew_s: how far the clocks of its servers differ.
        """
        if served_at is None:
            return
        over_at = served_at - OVER_S - skew_s
        for position in positions:
            if position.updated_at <= over_at and len(self._seen) < KEPT_MAX:
                self._seen.add(position)

    def forget_upto(self, mark: Position | None) -> None:
        """No poll reads so far back again."""
        if mark is not None:
            self._seen = {position for position in self._seen if position > mark}
