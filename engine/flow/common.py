"""What several pairs draw together that act as one user of a system: arithmetic, told the time.

The system counts requests by user. Pairs of one process share the window and the minutes here, at
once. What other processes draw is heard now and then: each tells the others what it has sent, and
hears what they have, in one exchange.

**The bound.** Whoever is about to send knows of every request but those that others have sent since
they last told, and those told since it last heard. A process exchanges every EXCHANGE_S seconds
while it sends, and at once when it begins to. So all together exceed what is allowed by no more
than each of them sends within two exchanges; the pairs of a single process never do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.flow.bell import Bell
from engine.flow.minutes import MINUTE_S, Minutes, oldest
from engine.flow.others import Others
from engine.flow.window import Window
from engine.model.fleet import Drawn

# Between two exchanges of a process that sends, seconds.
EXCHANGE_S = 2.0

UnderWay = Callable[[], int]
"""Tells how many requests of a pair have no answer yet."""


@dataclass(slots=True, eq=False)
class Common:
    """What one account draws, as this process knows it.

    Args:
        account: the user, so that nobody can tell who that is.
        news: rung when there is something to tell to others.
    """

    account: str
    news: Bell = field(default_factory=Bell)
    window: Window = field(default_factory=Window)
    untold: bool = field(default=True, init=False)
    """Others are to hear of something; of a new one, that it is here to listen."""
    _here: Minutes = field(default_factory=Minutes, init=False)
    _elsewhere: Mapping[int, int] = field(default_factory=dict[int, int], init=False)
    _heard: bool = field(default=False, init=False)
    _pairs: list[UnderWay] = field(default_factory=list[UnderWay], init=False)

    def join(self, pair: UnderWay, drawn: Mapping[int, int]) -> None:
        """A pair draws from it from now on.

        Args:
            drawn: by minute, what the pair has drawn already that was counted nowhere else.
        """
        self._pairs.append(pair)
        self._here.add(drawn)
        self._tell()

    def part(self, pair: UnderWay) -> None:
        """The pair does not any more; what it has drawn stays counted for its hour."""
        self._pairs.remove(pair)

    def idle(self, now: float) -> bool:
        """Whether nobody here draws from it, and nothing of it counts any more."""
        self._heed(now)
        return not self._pairs and not self._here

    def under_way(self) -> int:
        """Requests of all pairs here that have no answer yet."""
        return sum(pair() for pair in self._pairs)

    def count(self, now: float) -> None:
        """Count one request of any pair here."""
        self._heed(now)
        self._here.count(now)
        self.window.count()
        if not self.untold:
            self._tell()

    def drawn(self, own: Minutes, now: float) -> Sequence[tuple[int, int]]:
        """By minute of the last hour, what was drawn by everybody, in order.

        Args:
            own: what one pair has drawn. Of an earlier process of it, nobody else may have heard.
        """
        self._heed(now)
        total = dict(self._here)
        for minute, requests in self._elsewhere.items():
            total[minute] = total.get(minute, 0) + requests
        for minute, requests in own:
            total[minute] = max(total.get(minute, 0), requests)
        first = oldest(now)
        return sorted(one for one in total.items() if one[0] >= first)

    def part_of(self, own: int, *, everywhere: bool) -> float:
        """Which part of the next requests are those of a pair that has drawn so many of the last.

        Args:
            everywhere: also of what other processes draw.
        """
        elsewhere = sum(self._elsewhere.values()) if everywhere else 0
        others = max(0, sum(used for _, used in self._here) - own) + elsewhere
        if not others:
            return 1.0
        # Who has just begun has as much as each of the others soon.
        return max(own / (own + others), 1 / (len(self._pairs) + bool(elsewhere)))

    def told(self, now: float) -> Drawn:
        """What others are to hear, from then on told."""
        self._heed(now)
        self.untold = False
        window = self.window
        if window.remaining is None or window.reset_at is None or window.doubted:
            return Drawn(self.account, dict(self._here))
        return Drawn(
            self.account,
            dict(self._here),
            window.limit,
            window.remaining,
            window.reset_at,
            window.told_at,
        )

    def not_told(self) -> None:
        """They did not hear it."""
        self.untold = True

    def hear(self, others: Drawn, now: float) -> None:
        """Take over what all others have drawn in the last hour, and were told of the window."""
        minute = int(now // MINUTE_S)
        drawn: dict[int, int] = {}
        for at, requests in others.minutes.items():
            # What is of a time to come was sent before now.
            drawn[min(at, minute)] = drawn.get(min(at, minute), 0) + requests
        if not self._heard:
            # Who drew until now may have been our own.
            self.window.others = Others()
        before = self._elsewhere if self._heard else drawn
        more = (requests - before.get(at, 0) for at, requests in drawn.items())
        self.window.others.told(sum(one for one in more if one > 0))
        self._elsewhere, self._heard = drawn, True
        self.window.overhear(
            others.limit,
            others.remaining,
            others.reset_at,
            others.told_at,
            now,
            under_way=self.under_way(),
        )

    def _tell(self) -> None:
        self.untold = True
        self.news.ring()

    def _heed(self, now: float) -> None:
        if self._here.heed(now):
            self.window.clock_was_ahead(now)
        self._here.forget(now)
