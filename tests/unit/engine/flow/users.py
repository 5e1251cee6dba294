"""One user of a system, and several processes that act as that user, each with pairs of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.flow.allowance import BudgetLimits
from engine.flow.budget import Budget
from engine.flow.common import EXCHANGE_S, Common
from engine.model.fleet import Drawn
from tests.unit.engine.stand_ins import NOW

ACCOUNT = "somebody"
LISTEN_S = 30.0


@dataclass
class Served:
    """The system: so many requests of the user in each window, whoever sends them."""

    limit: int
    lasts_s: float = 3600.0
    refused: int = 0
    _window: float = 0.0
    _used: int = 0

    def answers(self, now: float) -> tuple[int, int, float]:
        """Take a request; what the answer says of limit, rest and end."""
        window = now // self.lasts_s
        if window != self._window:
            self._window, self._used = window, 0
        if self._used < self.limit:
            self._used += 1
        else:
            self.refused += 1
        return self.limit, self.limit - self._used, (window + 1) * self.lasts_s


@dataclass
class Board:
    """Where processes tell each other, as the tables of a fleet do."""

    told: dict[str, Drawn] = field(default_factory=dict[str, Drawn])
    newest: Drawn | None = None

    def exchange(self, member: str, told: Drawn | None) -> Drawn:
        """Tell what one has drawn, hear what all others have."""
        if told is not None:
            self.told[member] = told
            newer = self.newest is None or told.told_at > self.newest.told_at
            if newer and told.remaining is not None:
                self.newest = told
        minutes: Counter[int] = Counter()
        for name, one in self.told.items():
            if name != member:
                minutes.update(one.minutes)
        of = self.newest or Drawn(ACCOUNT, {})
        return Drawn(ACCOUNT, minutes, of.limit, of.remaining, of.reset_at, of.told_at)


@dataclass(eq=False)
class Process:
    """One process, which exchanges as the service does."""

    name: str
    board: Board
    common: Common = field(default_factory=lambda: Common(ACCOUNT))
    _exchanged_at: float = 0.0
    _listened_at: float = 0.0

    def pair(self, limits: BudgetLimits, now: float = NOW) -> Budget:
        """A pair of it, whose requests are answered at once."""
        budget = Budget(limits)
        budget.join(self.common, lambda: 0, now)
        return budget

    def pass_to(self, now: float) -> None:
        """Exchange, if it is time."""
        listens = now - self._listened_at >= LISTEN_S
        if (self.common.untold and now - self._exchanged_at >= EXCHANGE_S) or listens:
            self.exchange(now)
        if listens:
            self._listened_at = now

    def exchange(self, now: float) -> None:
        """Tell and hear."""
        self._exchanged_at = now
        told = self.common.told(now) if self.common.untold else None
        self.common.hear(self.board.exchange(self.name, told), now)


def sends(budget: Budget, served: Served, now: float, *, backlog: bool) -> bool:
    """Send one request and hear its answer, if the budget lets it; whether it did."""
    if budget.wait_s(now, backlog=backlog) > 0:
        return False
    budget.count(now)
    budget.learn(*served.answers(now), now)
    return True


def seconds(number: float, step_s: float = 1.0) -> Iterator[float]:
    """The time, step by step."""
    for step in range(int(number / step_s)):
        yield NOW + step * step_s
