"""A connection that does not wait for ever: the server may take what is sent and never answer.

A server that stands still, or a pooler without a free session, keeps its connections alive, so that
no time-out of the network ends them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.waiting import Ready

from engine.clock import passed_s


class Link(psycopg.Connection[Any]):
    """A connection to the database.

    Attributes:
        wanted: asked now and then while the server is silent, whether its answer is still wanted;
            None where it is for good.
        silence_s: so long a server may be silent.

    Raises:
        psycopg.OperationalError: it was silent for too long; the connection is lost.
    """

    wanted: Callable[[], bool] | None = None
    silence_s: float = math.inf

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """See `psycopg.Connection`."""
        return super().wait(self._heard(gen), interval, timeout)

    def _heard(self, waiting: PQGen[RV]) -> PQGen[RV]:
        silent_since = passed_s()
        try:
            wait = next(waiting)
            while True:
                ready = yield wait
                if ready != Ready.NONE:
                    silent_since = passed_s()
                elif self._is_in_vain(silent_since):
                    self.pgconn.finish()
                    raise psycopg.OperationalError("it takes what is sent and gives no answer")
                wait = waiting.send(ready)
        except StopIteration as ended:
            return ended.value

    def _is_in_vain(self, silent_since: float) -> bool:
        wanted = self.wanted is None or self.wanted()
        return not wanted or passed_s() - silent_since > self.silence_s
