"""The lease: which process may write, by the database's own clock and a number that only grows.

Whoever takes the lease counts its number up, at least to the milliseconds of the present, so that
it grows also where tables were put back that knew a smaller one. Each transaction that writes names
the number it was given, and the database refuses it under any other (`fence` in the schema). A
process that cannot renew its lease stops before it ends.

A replica that was promoted knows the number too, and may lack what was written last under it. So
each transaction also asks by which timeline the server goes, and writes on no other than that of
the server which gave the lease.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from engine.clock import passed_s
from engine.errors import StateInUse, StateUnusable
from engine.store.postgres import troubles
from engine.store.postgres.database import TIMELINE, Database
from engine.store.postgres.session import Session

# It is renewed so often while it lasts, and is taken for ended so much before it is: clocks differ.
RENEWALS, SAFETY = 3, 0.1
LOOK_S = 0.2
# So long a transaction under a lease that has ended is waited for.
LOCK_MS = 500


@dataclass(slots=True)
class Lease:
    """The right of this process to write, for as long as it is renewed.

    Args:
        lasts_s: how long another one must wait, from the last renewal on.
    """

    database: Database
    number: int
    lasts_s: float
    _until: float
    """By the clock that nobody can set; what was asked for then cannot have ended before."""
    timeline: str | None = field(default=None, init=False)
    """Of the server that gave it; None where that does not tell."""
    _ended: threading.Event = field(default_factory=threading.Event, init=False)

    @property
    def stands(self) -> bool:
        """Whether nobody else can have taken it yet."""
        return self._remaining_s() > 0

    def pause(self, seconds: float) -> None:
        """Wait, though not longer than it is wanted."""
        self._ended.wait(seconds)

    def left_s(self) -> float:
        """For how many seconds we may write even if it is not renewed.

        Raises:
            StateInUse: it has ended.
        """
        left_s = self._remaining_s()
        if left_s <= 0:
            raise troubles.lost(self.database.shown)
        return left_s

    def _remaining_s(self) -> float:
        return 0.0 if self._ended.is_set() else self._until - passed_s()

    def renewed(self, asked_at: float) -> None:
        """It was, by whom nobody had it taken from since.

        Args:
            asked_at: when that was asked for, by the clock that nobody can set.
        """
        self._until = asked_at + self.lasts_s * (1 - SAFETY)

    def lose(self) -> None:
        """It has ended, whatever the clock says."""
        self._ended.set()

    def keep(self) -> None:
        """Renew it again and again, until it is given back or lost; on a thread of its own."""
        connection: psycopg.Connection[Any] | None = None
        try:
            while not self._ended.wait(self.lasts_s / RENEWALS):
                try:
                    connection = connection or self.database.connect(self.lasts_s)
                    asked_at = passed_s()
                    if not _renew(connection, self):
                        self.lose()
                        return
                    self.renewed(asked_at)
                except (psycopg.Error, StateUnusable):
                    # The next try has a connection of its own; until then the lease runs out.
                    _close(connection)
                    connection = None
        finally:
            _close(connection)

    def give_back(self) -> None:
        """Let the next one have it at once; where the database cannot be told, it waits."""
        self.lose()
        try:
            # Who waits for it longer than it lasts has it by then.
            with self.database.connected(self.lasts_s) as connection:
                connection.execute(
                    self.database.named(
                        "UPDATE {schema}.leader SET until = '-infinity' WHERE number = %s"
                    ),
                    (self.number,),
                )
        except StateUnusable:
            pass


@contextmanager
def leased(database: Database, lasts_s: float, *, patient: bool = True) -> Generator[Lease]:
    """The lease of tables that are up to date, for the block.

    Args:
        patient: see `taken`.

    Raises:
        StateInUse: another process has it, and renews it.
        StateUnusable: the database cannot be reached.
    """
    lease = taken(database, lasts_s, patient=patient)
    keeping = threading.Thread(target=lease.keep, name="lease", daemon=True)
    keeping.start()
    try:
        yield lease
    finally:
        lease.give_back()
        keeping.join()


def holder(session: Session) -> str | None:
    """Which process has it now; None for none."""
    row = session.execute("SELECT holder FROM leader WHERE until > clock_timestamp()").fetchone()
    return None if row is None else str(row[0])


def is_read_only(session: Session) -> bool:
    """Whether nobody can take it, or keep it, in a database that may be read all the same."""
    row = session.execute(
        "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean"
    )
    return bool(row.fetchone()[0])


def taken(database: Database, lasts_s: float, *, patient: bool = True) -> Lease:
    """The lease, which is for the caller to renew and to give back.

    Args:
        patient: wait for one whose owner was killed until it ends.

    Raises:
        StateInUse: another process has it.
        StateUnusable: the database cannot be reached.
    """
    gave_up_at = passed_s() + (lasts_s * 2 if patient else 0.0)
    seen: tuple[str, str | None] | None = None
    with database.connected(lasts_s) as connection:
        while True:
            asked_at = passed_s()
            # A server that is promoted after that is another one.
            timeline = database.timeline(connection)
            number = _take(connection, database, lasts_s)
            if number is not None:
                lease = Lease(database, number, lasts_s, asked_at + lasts_s * (1 - SAFETY))
                lease.timeline = timeline
                return lease
            found = connection.execute(
                database.named(
                    "SELECT holder, until::text, until < clock_timestamp() FROM {schema}.leader"
                )
            ).fetchone()
            # Whoever renews it is alive; what nobody renews ends by itself.
            occupant, until, ended = found or ("another process", None, False)
            if ended:
                _end_transactions(connection, database)
            renewed = seen is not None and (occupant, until) != seen
            if passed_s() >= gave_up_at or renewed:
                raise StateInUse(
                    f"{occupant} works on the state in {database.shown}",
                    remedy="give the command on the machine of that process, or stop it first;"
                    " if it works on another pair, give this one another [service] state_schema,"
                    " since two writers on one state would duplicate records",
                )
            seen = (occupant, until)
            threading.Event().wait(LOOK_S)


def _take(connection: psycopg.Connection[Any], database: Database, lasts_s: float) -> int | None:
    """The number of a lease that is ours now; None while it is another's, or in use by one."""
    try:
        with connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{LOCK_MS}ms",))
            row = connection.execute(
                database.named(
                    "UPDATE {schema}.leader SET number = greatest(number + 1,"
                    " (extract(epoch FROM clock_timestamp()) * 1000)::bigint), holder = %s,"
                    " until = clock_timestamp() + make_interval(secs => %s)"
                    " WHERE until < clock_timestamp() RETURNING number"
                ),
                (_holder(), lasts_s),
            ).fetchone()
    except psycopg.errors.LockNotAvailable:
        return None
    return None if row is None else int(row[0])


def _end_transactions(connection: psycopg.Connection[Any], database: Database) -> None:
    """End what is under way under a lease that has ended: of a process that is frozen, for ever.

    No time-out of the server's own ends it, since in the middle of a pipeline none runs.
    """
    connection.execute(
        database.named(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l"
            " JOIN {schema}.leader o ON o.until < clock_timestamp()"
            " WHERE l.relation = %s::regclass AND l.mode = 'RowShareLock' AND l.granted"
            " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND l.pid <> pg_backend_pid()"
        ),
        (f"{database.schema}.leader",),
    )


def _renew(connection: psycopg.Connection[Any], lease: Lease) -> bool:
    """Whether it is still ours, and the server still the one that gave it."""
    told = "NULL" if lease.timeline is None else TIMELINE
    row = connection.execute(
        lease.database.named(
            "UPDATE {schema}.leader SET until = clock_timestamp() + make_interval(secs => %s)"  # noqa: S608 # a constant
            " WHERE number = %s RETURNING " + told
        ),
        (lease.lasts_s, lease.number),
    ).fetchone()
    return row == (lease.timeline,)


def _close(connection: psycopg.Connection[Any] | None) -> None:
    if connection is not None:
        connection.close()


def _holder() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"
