"""What is remembered of people in memory: who is which prospect, and why somebody is none."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

import anyio

# Answers kept; the oldest go first.
KEPT_MAX = 50_000
# A person without a prospect is asked for again after so many seconds, if somebody needs it.
NEGATIVE_S = 60.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's prospect, or why there is none.

    `retry_s` is set when that ends by itself, so many seconds from now. `would` is set when the
    person is only evaluated for the fuse, and says what would become of it.
    """

    prospect_id: int | None
    reason: str = ""
    retry_s: float | None = None
    would: str = ""


@dataclass(slots=True)
class Standings:
    """Standings by person id, each with its age; a prospect counts for `ttl_s` seconds."""

    ttl_s: float
    _known: OrderedDict[int, tuple[Standing, float]] = field(
        default_factory=OrderedDict[int, tuple[Standing, float]], init=False
    )

    def note(self, person_id: int, standing: Standing) -> None:
        """Remember it from now on."""
        self._known[person_id] = (standing, anyio.current_time())
        self._known.move_to_end(person_id)
        while len(self._known) > KEPT_MAX:
            self._known.popitem(last=False)

    def forget(self, person_id: int) -> None:
        """Know nothing of the person."""
        self._known.pop(person_id, None)

    def last(self, person_id: int) -> Standing | None:
        """What was noted last, however old."""
        known = self._known.get(person_id)
        return None if known is None else known[0]

    def fresh(self, person_id: int) -> Standing | None:
        """What was noted last, while it counts."""
        known = self._known.get(person_id)
        if known is None:
            return None
        standing, at = known
        ttl_s = self.ttl_s
        if standing.prospect_id is None or standing.would:
            ttl_s = min(ttl_s, NEGATIVE_S, standing.retry_s or NEGATIVE_S)
        return standing if anyio.current_time() - at < ttl_s else None
