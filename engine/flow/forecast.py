"""The forecast: when a backlog will be done. Arithmetic over what was seen, without any I/O."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from engine.flow.allowance import Grant
from engine.model.lane import Lane

# The pace is that of the last five minutes of work, or of the last hundred pieces where these came
# first: what a start makes up for tells little of an import after it.
REMEMBERED_S, REMEMBERED = 300.0, 100
# A pace of fewer pieces is none yet.
PIECES_MIN = 5
# So much weight has the guess that an opportunity and its people cost the same, in pieces squared.
EVEN = 100.0
# Fresh edits go on coming, and go first: as many as in the last hour, by looks a minute apart. Few
# of them say little of how fast they come: one alone counts as if it had taken half of this more.
ARRIVALS_S, LOOK_S, ARRIVALS_MIN_S = 3600.0, 60.0, 600.0
# A sum of requests that grows with the time they take is settled after so many rounds, to a second;
# otherwise fresh edits take all that is allowed, or nearly so, and no end is in sight.
ROUNDS, SETTLED_S = 60, 1.0


@dataclass(frozen=True, slots=True)
class Tally:
    """What was done since the process started, at a moment of any steady clock in seconds.

    Args:
        created: those of the opportunities whose people follow.
        agreed: those of the relationships for which nothing was to be sent.
        fresh: those of the requests that fresh edits took.
        waiting: the fresh edits that were waiting then.
        answered: those of the requests of fresh edits that came to an answer: what an outage has
            sent again and again is one edit.
    """

    at: float
    opportunities: float
    relationships: float
    requests: float
    created: float = 0.0
    fresh: float = 0.0
    waiting: float = 0.0
    agreed: float = 0.0
    answered: float = 0.0


NOTHING = Tally(0.0, 0.0, 0.0, 0.0)


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


def _sent(spell: Tally) -> float:
    """The pieces of it for which something was to be sent."""
    return spell.opportunities + spell.relationships - spell.agreed


def _by_lane(spell: Tally) -> dict[Lane, Tally]:
    """What of a spell was done in each lane, with its share of the time."""
    fresh = min(spell.fresh, spell.requests)
    share = fresh / spell.requests if spell.requests else 0.0
    edits = min(fresh, spell.opportunities)
    parts = {
        Lane.FRESH: Tally(spell.at * share, edits, 0.0, fresh),
        Lane.BACKLOG: Tally(
            spell.at * (1 - share),
            spell.opportunities - edits,
            spell.relationships,
            spell.requests - fresh,
            min(spell.created, spell.opportunities - edits),
            agreed=spell.agreed,
        ),
    }
    return {lane: part for lane, part in parts.items() if part.at}


@dataclass(slots=True)
class _Pace:
    """What was done in the last spells of work."""

    worked: deque[Tally] = field(default_factory=deque[Tally])

    def note(self, spell: Tally, *, working: bool) -> None:
        """Take in what was done in a spell.

        Args:
            working: all of its time was spent on that; otherwise it says what a piece takes of the
                allowance, and of time no more than is known.
        """
        if not working and self.pieces >= PIECES_MIN:
            pieces = spell.opportunities + spell.relationships
            spell = replace(spell, at=min(spell.at, self._each_s() * pieces))
        self.worked.append(spell)
        while self._enough_without_the_first():
            self.worked.popleft()

    def _enough_without_the_first(self) -> bool:
        first = self.worked[0]
        seconds = sum(one.at for one in self.worked) - first.at
        pieces = sum(_sent(one) for one in self.worked) - _sent(first)
        return seconds >= REMEMBERED_S or pieces >= REMEMBERED

    @property
    def pieces(self) -> float:
        return sum(one.opportunities + one.relationships for one in self.worked)

    def need(self, left: Pieces, followed: float) -> _Need:
        relationships = left.relationships + left.opportunities * followed
        for_opportunity, for_relationship = self._costs()
        return _Need(
            for_opportunity * left.opportunities + for_relationship * relationships,
            self._each_s() * (left.opportunities + relationships),
        )

    def _each_s(self) -> float:
        return sum(one.at for one in self.worked) / self.pieces

    def _costs(self) -> tuple[float, float]:
        """Requests for an opportunity, and for people that differ: what fits all spells best."""
        pairs = [(one.opportunities, one.relationships - one.agreed) for one in self.worked]
        requests = [one.requests for one in self.worked]
        each = sum(requests) / max(1.0, sum(one + other for one, other in pairs))
        # Of what was not seen yet one request is known: it is created, or changed.
        first, second = (each if sum(kind) else 1.0 for kind in zip(*pairs, strict=True))
        oo = sum(one * one for one, _ in pairs) + EVEN
        op = sum(one * other for one, other in pairs)
        pp = sum(other * other for _, other in pairs) + EVEN
        ro = sum(r * one for r, (one, _) in zip(requests, pairs, strict=True)) + EVEN * first
        rp = sum(r * other for r, (_, other) in zip(requests, pairs, strict=True)) + EVEN * second
        of_both = oo * pp - op * op
        return max(0.0, ro * pp - rp * op) / of_both, max(0.0, rp * oo - ro * op) / of_both


@dataclass(slots=True)
class _Followed:
    """What part of the opportunities of a backlog is followed by their people.

    Those that are created are; before any is seen it is taken for an import.
    """

    opportunities: float = 1.0
    created: float = 1.0

    def note(self, spell: Tally) -> None:
        self.opportunities += spell.opportunities
        self.created += spell.created

    @property
    def share(self) -> float:
        return self.created / self.opportunities


@dataclass(slots=True)
class _Arrivals:
    """What fresh edits took in the last hour: the first look of it, and the latest."""

    looks: deque[Tally] = field(default_factory=deque[Tally])
    latest: Tally | None = None
    begun_at: float = math.inf

    def note(self, tally: Tally) -> None:
        self.latest, self.begun_at = tally, min(self.begun_at, tally.at)
        if tally.at - self.begun_at < LOOK_S:
            # What a start finds waiting came in a time that nobody saw.
            self.looks.clear()
        if not self.looks or tally.at - self.looks[-1].at >= LOOK_S:
            self.looks.append(tally)
        while tally.at - self.looks[0].at > ARRIVALS_S:
            self.looks.popleft()

    def per_second(self) -> float:
        """Requests that fresh edits come to, each second."""
        if self.latest is None:
            return 0.0
        first, last = self.looks[0], self.latest
        came = max(0.0, last.answered + last.waiting - first.answered - first.waiting)
        return came / (last.at - first.at + ARRIVALS_MIN_S / (1 + came))


def _pace_by_lane() -> dict[Lane, _Pace]:
    return {lane: _Pace() for lane in Lane}


@dataclass(slots=True)
class Forecast:
    """The pace of the work, learnt from tallies taken one after the other.

    An edit is one request and mostly no more; a record of an import is created, and its people with
    it. So the pace is learnt lane by lane, where one request stands for one edit, and one lane's
    stands in for the other's only while that is unknown.
    """

    _before: Tally | None = None
    _pace: dict[Lane, _Pace] = field(default_factory=_pace_by_lane, init=False)
    _arrivals: _Arrivals = field(default_factory=_Arrivals, init=False)
    _followed: _Followed = field(default_factory=_Followed, init=False)

    def note(self, tally: Tally, *, working: bool) -> None:
        """Learn from what was done since the tally before.

        Args:
            working: something waited all the while, and nothing kept requests for it from being
                sent; otherwise what was done says something, and the time that it took little.
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
            max(0.0, tally.created - before.created),
            max(0.0, tally.fresh - before.fresh),
            agreed=max(0.0, tally.agreed - before.agreed),
        )
        # Where little is allowed at once, it is done within one spell: that tells what it takes.
        if working or spell.opportunities + spell.relationships:
            parts = _by_lane(spell)
            for lane, part in parts.items():
                self._pace[lane].note(part, working=working)
            self._followed.note(parts.get(Lane.BACKLOG, NOTHING))

    def forget_the_backlog(self) -> None:
        """It is done: the next one may be of another kind."""
        self._followed = _Followed()

    def done_in_s(self, left: Left, granted: Callable[[float, Lane], Grant]) -> float:
        """Seconds until nothing is left; 0 when nothing is, NaN while no pace is known.

        The greater of what the pace takes, and of the wait until so many requests are allowed, with
        those of the fresh edits that will have come by then; infinite where these leave nothing
        over.

        Args:
            granted: when so many requests will have been allowed to a lane, and those before it.
        """
        parts = {Lane.FRESH: left.fresh, Lane.BACKLOG: left.backlog}
        wanted = {lane: part for lane, part in parts.items() if part != Pieces()}
        if not wanted:
            return 0.0
        known = [pace for pace in self._pace.values() if pace.pieces >= PIECES_MIN]
        if not known:
            return math.nan
        needs = {
            lane: (self._pace[lane] if self._pace[lane] in known else known[0]).need(
                part, self._followed.share if lane is Lane.BACKLOG else 0.0
            )
            for lane, part in wanted.items()
        }
        ends_s = _Ends(
            sum(need.requests for need in needs.values()),
            needs[Lane.BACKLOG].requests if Lane.BACKLOG in needs else 0.0,
            sum(need.seconds for need in needs.values()),
            self._arrivals.per_second(),
            granted,
        )
        at_once = ends_s.at_once
        if at_once is not None:
            return left.not_before_s + at_once
        return max(left.not_before_s, _settled(ends_s))


@dataclass(frozen=True, slots=True)
class _Ends:
    """When all is done that is there, and that comes within so many seconds.

    Args:
        requests: for all that is there.
        of_backlog: those of them that may not use the share kept for fresh edits.
        seconds: what all of it takes where nothing has to be waited for.
        arriving: requests that come each second.
    """

    requests: float
    of_backlog: float
    seconds: float
    arriving: float
    granted: Callable[[float, Lane], Grant]

    @property
    def at_once(self) -> float | None:
        """The seconds of it, if nothing has to be waited for."""
        return None if self._last(self.requests)[0] else self.seconds

    def __call__(self, passed_s: float) -> float:
        after_s, part = self._last(self.requests + self.arriving * passed_s)
        # The rest of the requests is allowed only then, and takes its part of the time.
        return after_s + self.seconds * part

    def _last(self, requests: float) -> tuple[float, float]:
        """When the last of them are allowed, and what part of all they are."""
        wanted = {Lane.FRESH: requests, Lane.BACKLOG: self.of_backlog}
        grants = (
            (grant.after_s, grant.requests / number)
            for lane, number in wanted.items()
            if number
            for grant in (self.granted(number, lane),)
        )
        return max(grants, default=(0.0, 1.0))


def _settled(ends_s: Callable[[float], float]) -> float:
    """The seconds within which no more comes than is done by then; infinite if there are none."""
    passed_s = 0.0
    for _ in range(ROUNDS):
        before_s, passed_s = passed_s, ends_s(passed_s)
        if passed_s - before_s < SETTLED_S:
            return passed_s
    return math.inf
