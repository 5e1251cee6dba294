"""The forecast: when a backlog will be done. Arithmetic over what was seen, without any I/O."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.flow.budget import Grant

# The pace is that of the last five minutes of work; time in which nothing may be sent is none.
REMEMBERED_S = 300.0
# A pace of fewer pieces is none yet.
PIECES_MIN = 5


@dataclass(frozen=True, slots=True)
class Tally:
    """What was done since the process started, at a moment of any steady clock in seconds."""

    at: float
    opportunities: float
    relationships: float
    requests: float


@dataclass(frozen=True, slots=True)
class Left:
    """What is still to be done, and what must pass before.

    Args:
        not_before_s: seconds until the last of it is due, and no pause stands in its way.
    """

    opportunities: int
    relationships: int
    not_before_s: float = 0.0


@dataclass(slots=True)
class Forecast:
    """The pace of the work, learnt from tallies taken one after the other."""

    _before: Tally | None = None
    _worked: deque[Tally] = field(default_factory=deque[Tally], init=False)

    def note(self, tally: Tally, *, working: bool) -> None:
        """Learn from what was done since the tally before.

        Args:
            working: something waited meanwhile, and nothing kept requests for it from being sent.
        """
        before, self._before = self._before, tally
        if before is None or not working or tally.at <= before.at:
            return
        self._worked.append(
            Tally(
                tally.at - before.at,
                max(0.0, tally.opportunities - before.opportunities),
                max(0.0, tally.relationships - before.relationships),
                max(0.0, tally.requests - before.requests),
            )
        )
        while sum(spell.at for spell in self._worked) - self._worked[0].at >= REMEMBERED_S:
            self._worked.popleft()

    def done_in_s(self, left: Left, granted: Callable[[float], Grant]) -> float:
        """Seconds until nothing is left; 0 when nothing is, NaN while no pace is known.

        The greater of what the pace takes, and of the wait until so many requests are allowed.

        Args:
            granted: when so many requests will have been allowed.
        """
        if not left.opportunities and not left.relationships:
            return 0.0
        opportunities = sum(spell.opportunities for spell in self._worked)
        relationships = sum(spell.relationships for spell in self._worked)
        pieces = opportunities + relationships
        if pieces < PIECES_MIN:
            return math.nan
        # An opportunity that was made or linked is followed by its people.
        followed = min(1.0, relationships / opportunities) if opportunities else 1.0
        to_do = left.opportunities * (1 + followed) + left.relationships
        per_second = pieces / sum(spell.at for spell in self._worked)
        each = sum(spell.requests for spell in self._worked) / pieces
        grant = granted(to_do * each)
        after_grant_s = grant.requests / each / per_second if grant.after_s and each else 0.0
        return max(
            left.not_before_s + to_do / per_second if not grant.after_s else 0.0,
            grant.after_s + after_grant_s,
            left.not_before_s,
        )
