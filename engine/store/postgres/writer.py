"""The writer: groups of writes, each one transaction under the number of our lease.

Where the connection breaks while a commit is under way, nobody knows whether it was executed: the
server is asked by the number of the transaction, and only what was not is done again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, LiteralString, cast

import psycopg

from engine.errors import StateUnusable
from engine.store.grouping import Job, JobFailed, run_group
from engine.store.mark import Mark
from engine.store.postgres import provenance, together, troubles
from engine.store.postgres.database import TIMELINE
from engine.store.postgres.lease import Lease
from engine.store.postgres.lent import Lent
from engine.store.postgres.link import Link
from engine.store.postgres.session import Session, transaction

# Between two tries to reach the database, or to hear how a transaction ended.
AGAIN_S = 0.3
# The database refuses the transaction where our lease has another number by now.
_BEGUN = "SELECT fence(%s), pg_current_xact_id()::text"
_ENDED = "SELECT pg_xact_status(%s::text::xid8)"


@dataclass(slots=True)
class _Attempt:
    """A transaction under way.

    Args:
        number: of the transaction, from when its commit is sent.
        counted: what the mark is to repeat once it is committed.
    """

    number: str | None = None
    counted: tuple[str, int] | None = None


@dataclass(slots=True)
class Writer:
    """The only one that writes.

    Args:
        mark: repeats what the state counts.
        lent: where its connections come from.
    """

    lease: Lease
    mark: Mark
    lent: Lent

    def commit(self, group: list[Job[Session]]) -> None:
        """Run and commit them; each has its result or its error then."""
        run_group(group, self._together, StateUnusable)

    def _together(self, group: list[Job[Session]]) -> None:
        """Run and commit them, again where the connection was lost while our lease stands.

        Raises:
            StateUnusable: we may not write any more, or nobody reaches the database.
            JobFailed: one of them failed, and nothing is kept.
        """
        while True:
            attempt = _Attempt()
            connection = self._connected()
            try:
                self._try(connection, group, attempt)
            except psycopg.Error as error:
                if not connection.broken:
                    # It shows where somebody waits next: whose it was is found one by one.
                    raise JobFailed from troubles.told(self.lease.database.shown, error)
                if not self._was_committed(attempt):
                    for job in group:
                        job.undone()
                    continue
            finally:
                self.lent.give(connection)
            if attempt.counted is not None:
                self.mark.set(*attempt.counted)
            return

    def _try(
        self, connection: psycopg.Connection[Any], group: list[Job[Session]], attempt: _Attempt
    ) -> None:
        with transaction(connection, self.lease.database.schema) as session:
            begun = session.execute(self._told(_BEGUN), (self.lease.number,))
            together.run(session, group)
            attempt.counted = provenance.count(session, len(group))
            _, attempt.number, timeline = begun.fetchone()
            self._ensure_same(timeline)

    def _told(self, statement: str) -> LiteralString:
        """The statement, which tells of the server's timeline as well, if it does."""
        timeline = TIMELINE if self.lease.timeline is not None else "NULL"
        return cast("LiteralString", f"{statement}, {timeline}")

    def _ensure_same(self, timeline: str | None) -> None:
        """Whether this is the server that gave us the lease, and not one that took over from it.

        Raises:
            LeaseLost: it is another one, which need not hold what we have written.
        """
        if timeline != self.lease.timeline:
            self.lease.lose()
            raise troubles.promoted(self.lease.database.shown)

    def _connected(self) -> Link:
        """A connection, to be given back.

        Raises:
            StateUnusable: the lease has ended, or none can be opened while that stands.
        """
        while True:
            self.lease.left_s()
            try:
                return self.lent.take(self._wanted)
            except StateUnusable:
                self.lease.pause(AGAIN_S)
                if not self.lease.stands:
                    raise

    def _wanted(self) -> bool:
        return self.lease.stands

    def _was_committed(self, attempt: _Attempt) -> bool:
        """Whether the transaction whose commit got no answer was executed.

        Raises:
            StateUnusable: nobody can tell while our lease stands.
        """
        if attempt.number is None:
            return False
        while True:
            connection = self._connected()
            try:
                status, timeline = connection.execute(
                    self._told(_ENDED), (attempt.number,)
                ).fetchone() or (None, None)
            except psycopg.Error:
                if not connection.broken:
                    # A server that took over from the one we knew has never heard of it.
                    return False
                continue
            finally:
                self.lent.give(connection)
            # Another server may have given that number to another transaction.
            self._ensure_same(timeline)
            if status != "in progress":
                return status == "committed"
            # Its session has not noticed yet that we are gone.
            self.lease.pause(AGAIN_S)
