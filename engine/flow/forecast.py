"""The forecast: when a backlog will be done. Arithmetic over what was seen, without any I/O."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.flow.budget import Grant
from engine.model.lane import Lane

# The pace is that of the last five minutes of work; time in which nothing may be sent is none.
REMEMBERED_S = 300.0
# A pace of fewer pieces is none yet.
PIECES_MIN = 5
# Fresh edits go on coming, and go first: as many as in the last hour, by looks a minute apart. What
# waits after a start came no faster than within these seconds.
ARRIVALS_S, LOOK_S, ARRIVALS_MIN_S = 3600.0, 60.0, 600.0
# A sum of requests that grows with the time they take is settled after so many rounds.
ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Tally:
    """What was done since the process started, at a moment of any steady clock in seconds.

    Args:
        fresh: those of the requests that fresh edits took.
    """

    at: float
    opportunities: float
    relationships: float
    requests: float
    fresh: float = 0.0


@dataclass(frozen=True, slots=True)
class Pieces:
    """What is still to be done in one lane."""

    opportunities: int = 0
    relationships: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """What is still to be done by lane, and what must pass before.

    Args:
        not_before_s: seconds until the last of it is due, and no pause stands in its way.
    """

    fresh: Pieces
    backlog: Pieces
    not_before_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Need:
    """What a part of the work takes."""

    requests: float
    seconds: float


@dataclass(slots=True)
class _Pace:
    """What was done in the last spells of work."""

    worked: deque[Tally] = field(default_factory=deque[Tally])

    def note(self, spell: Tally) -> None:
        self.worked.append(spell)
        while sum(one.at for one in self.worked) - self.worked[0].at >= REMEMBERED_S:
            self.worked.popleft()

    @property
    def pieces(self) -> float:
        return sum(one.opportunities + one.relationships for one in self.worked)

    def need(self, left: Pieces) -> _Need:
        opportunities = sum(one.opportunities for one in self.worked)
        relationships = sum(one.relationships for one in self.worked)
        # An opportunity that was made or linked is followed by its people.
        followed = min(1.0, relationships / opportunities) if opportunities else 1.0
        share = (left.opportunities * (1 + followed) + left.relationships) / self.pieces
        return _Need(
            share * sum(one.requests for one in self.worked),
            share * sum(one.at for one in self.worked),
        )


@dataclass(slots=True)
class _Arrivals:
    """What fresh edits took in the last hour: the first look of it, and the latest."""

    looks: deque[Tally] = field(default_factory=deque[Tally])
    latest: Tally | None = None

    def note(self, tally: Tally) -> None:
        self.latest = tally
        if not self.looks or tally.at - self.looks[-1].at >= LOOK_S:
            self.looks.append(tally)
        while tally.at - self.looks[0].at > ARRIVALS_S:
            self.looks.popleft()

    def per_second(self, waiting: float) -> float:
        """Requests that fresh edits come to, each second; so many of them wait now."""
        if self.latest is None:
            return 0.0
        first = self.looks[0]
        over_s = max(ARRIVALS_MIN_S, self.latest.at - first.at)
        return (max(0.0, self.latest.fresh - first.fresh) + waiting) / over_s


def _pace_by_lane() -> dict[Lane, _Pace]:
    return {lane: _Pace() for lane in Lane}


@dataclass(slots=True)
class Forecast:
    """The pace of the work, learnt from tallies taken one after the other.

    An edit is one request and mostly no more; a record of an import is created, and its people with
    it. So the pace is learnt lane by lane, and one lane's stands in for the other's only while that
    is unknown.
    """

    _before: Tally | None = None
    _pace: dict[Lane, _Pace] = field(default_factory=_pace_by_lane, init=False)
    _arrivals: _Arrivals = field(default_factory=_Arrivals, init=False)

    def note(self, tally: Tally, *, working: bool, lane: Lane) -> None:
        """Learn from what was done since the tally before.

        Args:
            working: something waited all the while, and nothing kept requests for it from being
                sent; otherwise only what was done says something, and time in which nothing was
                done does not.
            lane: where most of it waited.
        """
        self._arrivals.note(tally)
        before, self._before = self._before, tally
        if before is None or tally.at <= before.at:
            return
        spell = Tally(
            tally.at - before.at,
            max(0.0, tally.opportunities - before.opportunities),
            max(0.0, tally.relationships - before.relationships),
            max(0.0, tally.requests - before.requests),
        )
        # Where little is allowed at once, it is done within one spell: that tells what it takes.
        if working or spell.opportunities + spell.relationships:
            self._pace[lane].note(spell)

    def done_in_s(self, left: Left, granted: Callable[[float], Grant]) -> float:
        """Seconds until nothing is left; 0 when nothing is, NaN while no pace is known.

        The greater of what the pace takes, and of the wait until so many requests are allowed, with
        those of the fresh edits that will have come by then.

        Args:
            granted: when so many requests will have been allowed.
        """
        parts = {Lane.FRESH: left.fresh, Lane.BACKLOG: left.backlog}
        wanted = {lane: part for lane, part in parts.items() if part != Pieces()}
        if not wanted:
            return 0.0
        known = [pace for pace in self._pace.values() if pace.pieces >= PIECES_MIN]
        if not known:
            return math.nan
        needs = {
            lane: (self._pace[lane] if self._pace[lane] in known else known[0]).need(part)
            for lane, part in wanted.items()
        }
        requests = sum(need.requests for need in needs.values())
        seconds = sum(need.seconds for need in needs.values())
        grant = granted(requests)
        if not grant.after_s or not requests:
            return left.not_before_s + seconds
        waiting = needs[Lane.FRESH].requests if Lane.FRESH in needs else 0.0
        arriving = self._arrivals.per_second(waiting)
        # The rest of the requests is allowed then, and takes its part of the time.
        done_s = grant.after_s + seconds * grant.requests / requests
        for _ in range(ROUNDS if arriving else 0):
            grown = requests + arriving * done_s
            grant = granted(grown)
            done_s = grant.after_s + seconds * grant.requests / grown
        return max(left.not_before_s, done_s)
