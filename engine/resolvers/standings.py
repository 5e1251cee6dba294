"""What is remembered of people in memory: who is which prospect, and why somebody is none."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

import anyio

from engine.decide.person import counts_for_s
from engine.model.person import Standing

# Answers kept; the oldest go first.
KEPT_MAX = 50_000


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
        young = anyio.current_time() - at < counts_for_s(standing, self.ttl_s)
        return standing if young else None

    def says(self, person_id: int, reason: str) -> bool:
        """Whether this is why the person has no prospect, while it counts."""
        standing = self.fresh(person_id)
        return standing is not None and standing.reason == reason
