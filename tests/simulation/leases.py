"""Leases by the clock of the simulation, which ends them in the database by statements."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from engine.loop import loop_time
from engine.store.postgres.database import Database
from engine.store.postgres.lease import RENEWALS, SAFETY, Lease
from tests.simulation.life import Life
from tests.simulation.tables import Leasing
from tests.simulation.trace import Trace

# A process that could not renew its lease tries so soon again.
SOON_S = 0.5
RENEWED = "UPDATE {schema}.leader SET until = 'infinity' WHERE number = %s RETURNING number"
ENDED = "UPDATE {schema}.leader SET until = '-infinity' WHERE number = %s"


@dataclass(slots=True)
class TimedLease(Lease):
    """The lease of a process that may stand still, or be cut off.

    Args:
        until_s: from then on it is taken for ended, by the process's own clock.
    """

    life: Life
    until_s: float
    lost: bool = False
    given_back: bool = False

    def _remaining_s(self) -> float:
        """See `Lease.left_s`; who stands still looks at no clock."""
        if self.life.frozen:
            return math.inf
        return 0.0 if self.lost else self.until_s - self.clock()

    def clock(self) -> float:
        """The process's own."""
        return loop_time() - self.life.slept_s

    def pause(self, seconds: float) -> None:
        """See `Lease.pause`: no time of the machine's counts here."""

    def give_back(self) -> None:
        """See `Lease.give_back`."""
        self.lost = True
        self.given_back = not (self.life.dead or self.life.cut_off)
        Lease.give_back(self)


class Leases(Leasing):
    """All of one state, one after the other.

    Args:
        lasts_s: virtual seconds, from each renewal on.
    """

    def __init__(self, lasts_s: float, trace: Trace) -> None:
        self.lasts_s = lasts_s
        self._trace = trace
        self.zombies = 0
        self._latest: TimedLease | None = None
        self._ends_s = 0.0

    @property
    def free(self) -> bool:
        """Whether nobody has one."""
        latest = self._latest
        return latest is None or latest.given_back or loop_time() >= self._ends_s

    def take(self, database: Database, life: Life) -> Lease:
        """See `Leasing.take`."""
        number = self.taken(database)
        ours = TimedLease(database, number, self.lasts_s, 0.0, life, 0.0)
        self._latest = ours
        self._prolonged(ours)
        self._later(self._ends_s, self._end, ours)
        return ours

    def committed(self, ours: Lease) -> None:
        """See `Leasing.committed`: only under the latest is anything written."""
        if ours is not self._latest:
            self.zombies += 1

    def fenced(self) -> None:
        """See `Leasing.fenced`."""
        self._trace.note("fenced", "")

    def _prolonged(self, ours: TimedLease) -> None:
        now = loop_time()
        ours.until_s = ours.clock() + self.lasts_s * (1 - SAFETY)
        self._ends_s = now + self.lasts_s
        self._later(now + self.lasts_s / RENEWALS, self._renew, ours)

    def _later(self, at_s: float, what: Callable[[TimedLease], None], ours: TimedLease) -> None:
        asyncio.get_running_loop().call_at(at_s, what, ours)

    def _renew(self, ours: TimedLease) -> None:
        """What the thread of the process does again and again."""
        life = ours.life
        if life.dead or ours.lost:
            return
        if life.frozen or life.cut_off:
            self._later(loop_time() + SOON_S, self._renew, ours)
            return
        with ours.database.connected() as connection:
            renewed = connection.execute(ours.database.named(RENEWED), (ours.number,)).fetchone()
        if renewed is None:
            ours.lost = True
            return
        ended = loop_time() >= self._ends_s
        self._prolonged(ours)
        if ended:
            self._later(self._ends_s, self._end, ours)

    def _end(self, ours: TimedLease) -> None:
        """What the clock of the database does."""
        if ours is not self._latest:
            return
        if loop_time() < self._ends_s:
            self._later(self._ends_s, self._end, ours)
            return
        known = ours.database
        # Reached by itself, whoever is dead or cut off.
        with Database(known.address, known.schema, known.password).connected() as connection:
            connection.execute(known.named(ENDED), (ours.number,))
