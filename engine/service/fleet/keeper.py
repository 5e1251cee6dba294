"""Keeping: the sign of life of one process of a fleet, and the leases of all it works on.

On a thread of its own: however busy the work is, no lease ends for that. The database is asked a
few times within a lease, for everything at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg
import structlog

from engine.clock import passed_s
from engine.errors import EngineError, StateUnusable
from engine.model.fleet import Member, Roster
from engine.store.postgres import lease, troubles
from engine.store.postgres.database import Database
from engine.store.postgres.fleet.register import Register
from engine.store.postgres.lease import RENEWALS, Lease
from engine.store.postgres.lent import Lent

UNFORESEEN = "the register of the fleet was not asked, for an error that nobody foresaw"

log = structlog.get_logger(component="fleet")


@dataclass(slots=True)
class Keeper:
    """Speaks with the register of a fleet.

    Args:
        lasts_s: how long a lease lasts.
        member: this process, as it is now.
        tell: called on the keeper's own thread with what was heard, or why nothing was.
    """

    register: Register
    lent: Lent
    lasts_s: float
    member: Callable[[], Member]
    tell: Callable[[Roster | EngineError], None]
    _leases: dict[str, Lease] = field(default_factory=dict[str, Lease], init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _wanted: threading.Event = field(default_factory=threading.Event, init=False)
    _ended: threading.Event = field(default_factory=threading.Event, init=False)

    @contextmanager
    def kept(self) -> Generator[None]:
        """Keep for the block; the others hear at its end that this process has left."""
        thread = threading.Thread(target=self._keep, name="keeper", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._wanted.set()
            thread.join()
            with suppress(StateUnusable):
                self.register.leave(self.member().id)

    def soon(self) -> None:
        """Have the register asked at once."""
        self._wanted.set()

    @contextmanager
    def leased(self, database: Database) -> Generator[Lease]:
        """The lease of a pair's tables for the block; whoever has it is not waited for.

        Raises:
            StateInUse: another process has it.
            StateUnusable: the database cannot be reached.
        """
        ours = lease.taken(database, self.lasts_s, patient=False)
        with self._lock:
            self._leases[database.schema] = ours
        try:
            yield ours
        finally:
            with self._lock:
                del self._leases[database.schema]
            ours.give_back()

    def beat(self) -> Roster:
        """Say that we live, renew all leases, and hear who else there is.

        Raises:
            StateUnusable: the database cannot be reached.
            Misconfigured: another fleet has this name.
        """
        member = self.member()
        with self._lock:
            ours = list(self._leases.values())
        connection = self.lent.take()
        try:
            asked_at = passed_s()
            roster = self.register.beat(connection, member, self.lasts_s, ours)
        except psycopg.Error as error:
            connection.close()
            raise troubles.told(self.register.database.shown, error) from error
        finally:
            self.lent.give(connection)
        for one in ours:
            if one.database.schema in roster.renewed:
                one.renewed(asked_at)
            else:
                one.lose()
        return roster

    def _keep(self) -> None:
        while not self._ended.is_set():
            self._wanted.wait(self.lasts_s / RENEWALS)
            self._wanted.clear()
            if self._ended.is_set():
                return
            try:
                self.tell(self.beat())
            except EngineError as error:
                # The next try has a connection of its own; until then the leases run out.
                self.tell(error)
            except Exception:
                # Nobody else would hear of it, and who keeps nothing any more must not seem to.
                log.exception("beat_failed")
                self.tell(StateUnusable(UNFORESEEN, remedy="see the log; it is tried again"))
