"""The state as the tables of one pair in a database."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import (
    AbstractContextManager,
    asynccontextmanager,
    closing,
    contextmanager,
    suppress,
)
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from anyio import CapacityLimiter, to_thread

from engine.errors import StateInUse, StateUnusable
from engine.installation import Installation
from engine.model.age import Seen
from engine.store import mark, statedir
from engine.store.mark import Mark
from engine.store.port.store import Store
from engine.store.postgres import kept, lease, provenance, troubles
from engine.store.postgres.database import Database, Made
from engine.store.postgres.lease import Lease
from engine.store.postgres.lent import Lent
from engine.store.postgres.reader import Reader, reading
from engine.store.postgres.standing import StandingStore
from engine.store.postgres.writer import Writer


class Shared(Protocol):
    """What several states in one database share that one process works on."""

    @property
    def lent(self) -> Lent:
        """Where the connections of all of them come from."""
        ...

    @property
    def threads(self) -> CapacityLimiter:
        """How many of them wait for the database at the same time."""
        ...

    def leased(self, database: Database) -> AbstractContextManager[Lease]:
        """The lease of one of them, renewed with all others.

        Raises:
            StateInUse: another process has it.
            StateUnusable: the database cannot be reached.
        """
        ...


@dataclass(slots=True)
class StateDatabase:
    """See `Place`.

    Args:
        directory: of the service on this machine: its lock and the mark are there.
        lease_s: see `leased`.
        shared: with other states; None where the process works on this one alone.
    """

    directory: Path
    database: Database
    lease_s: float
    shared: Shared | None = None
    _lease: Lease | None = field(default=None, init=False)
    _seen_free: bool = field(default=False, init=False)
    _in_vain: bool = field(default=False, init=False)
    """Whether it was free to all appearance, and could not be taken all the same."""

    @property
    def shown(self) -> str:
        """See `Place.shown`."""
        return self.database.shown

    def installation(self, instance: str) -> Installation:
        """See `Place.installation`: the same from whichever machine it is worked on."""
        return self.database.installation(instance)

    def is_there(self) -> bool:
        """See `Place.is_there`."""
        return self.database.version() > 0

    def findings(self) -> Sequence[tuple[str, str]]:
        """See `Place.findings`."""
        return [("database", self.database.described())]

    def held(self) -> bool:
        """See `Place.held`."""
        with suppress(StateUnusable):
            return self.occupant() is not None
        return False

    @contextmanager
    def watching(self) -> Generator[Callable[[], str | None]]:
        """See `Place.watching`: on one connection.

        What the state counts is noted meanwhile, so that whoever takes over sees when an older one
        was put in its place.
        """
        known = False
        with reading(self.database, self.lease_s) as reader, closing(self._mark()) as counted:
            highest = mark.look(counted.path)

            def occupant() -> str | None:
                nonlocal known, highest
                told = known
                known = known or self.is_there()
                found = reader.read(lease.holder) if known else None
                # At first sight too: that somebody works on its primary makes a replica no better.
                if (found is None or not told) and reader.read(lease.is_read_only):
                    raise troubles.read_only(self.shown)
                seen = reader.read(provenance.counted) if known else None
                if seen is not None and seen.exceeds(highest):
                    counted.set(seen.name, seen.writes)
                    highest = seen
                self._see(found, first=not told)
                return found

            yield occupant

    def _see(self, found: str | None, *, first: bool) -> None:
        """Know who has it; where it could not be taken, try that while we still stand by.

        Args:
            first: nobody can ask us yet how we do, so that nothing may take long.

        Raises:
            StateAway: nobody has it, and it cannot be taken.
        """
        self._seen_free, self._in_vain = found is None, self._in_vain and found is None
        if not self._in_vain:
            return
        if first:
            raise troubles.held_up(self.shown)
        try:
            lease.taken(self.database, self.lease_s, patient=False).give_back()
        except StateInUse:
            raise troubles.held_up(self.shown) from None
        self._in_vain = False

    def occupant(self) -> str | None:
        """See `Place.occupant`."""
        with reading(self.database) as reader:
            return reader.read(lease.holder) if self.is_there() else None

    @contextmanager
    def hold(self, *, keep: bool) -> Generator[Seen | None]:
        """See `Place.hold`: by a lease in the database, and the lock of the directory."""
        with statedir.lease(self.directory):
            made = self.database.prepare()
            self._in_vain = self._seen_free
            with self._taking() as ours:
                self._lease, self._in_vain = ours, False
                seen = mark.look(self.directory / statedir.MARK_NAME)
                try:
                    yield seen
                except BaseException:
                    self._discard(made, ours, seen)
                    raise
                finally:
                    self._lease = None
                if not keep:
                    self._discard(made, ours, seen)

    def _taking(self) -> AbstractContextManager[Lease]:
        if self.shared is not None:
            return self.shared.leased(self.database)
        # Of what has ended there is no end to wait for.
        return lease.leased(self.database, self.lease_s, patient=not self._seen_free)

    def _discard(self, made: Made, ours: Lease, seen: Seen | None) -> None:
        """Take away what was made for nothing, unless somebody else has taken it up.

        Args:
            seen: the mark as it was before; of a state that was lost it tells the next one.
        """
        if not made:
            return
        with suppress(StateUnusable):
            if self.database.discard_if_empty(made, ours.number) and seen is None:
                (self.directory / statedir.MARK_NAME).unlink(missing_ok=True)

    @property
    def guard(self) -> Callable[[], float]:
        """See `Place.guard`: the lease."""
        return self._ours().left_s

    @asynccontextmanager
    async def open(self, on_commit: Callable[[float], None] | None = None) -> AsyncGenerator[Store]:
        """See `Place.open`: on threads of its own, or shared ones."""
        # Most commands never need them.
        from engine.store.postgres.threaded import THREADS, open_store

        threads = CapacityLimiter(THREADS) if self.shared is None else self.shared.threads
        with self._connections() as lent:
            async with open_store(self._ours(), self._mark(), lent, threads, on_commit) as store:
                yield store

    @contextmanager
    def _connections(self) -> Generator[Lent]:
        if self.shared is not None:
            yield self.shared.lent
            return
        with closing(Lent(self.database, self.lease_s)) as lent:
            yield lent

    @contextmanager
    def looking(self) -> Generator[Store]:
        """See `Place.looking`."""
        self.database.ensure_known(self.database.version())
        with reading(self.database) as reader:
            yield StandingStore(reader)

    @contextmanager
    def changing(self) -> Generator[Store]:
        """See `Place.changing`."""
        with (
            self.hold(keep=True),
            closing(Lent(self.database)) as lent,
            closing(self._mark()) as counted,
        ):
            writer = Writer(self._ours(), counted, lent)
            yield StandingStore(Reader(self.database, lent), writer)

    def _ours(self) -> Lease:
        """The lease of the block that holds the state.

        Raises:
            RuntimeError: there is none.
        """
        if self._lease is None:
            raise RuntimeError("a state is opened that is not held")
        return self._lease

    def _mark(self) -> Mark:
        return Mark(self.directory / statedir.MARK_NAME)

    def vault(self, system: str) -> DatabaseVault:
        """See `Place.vault`."""
        return DatabaseVault(self, system)

    def copy(self, to: Path) -> None:
        """See `Place.copy`."""
        from engine.store.copying import rehearsable

        rehearsable(self.database, to)

    def back_up(self, to: Path) -> None:
        """See `Place.back_up`."""
        from engine.store.copying import back_up

        back_up(self.database, to)

    def put_back(self, copy: Path, pair: str) -> str | None:
        """See `Place.put_back`."""
        from engine.store.copying import put_back

        return put_back(self.database, self.directory, self.lease_s, copy, pair)

    async def sizes(self) -> Mapping[str, float]:
        """See `Place.sizes`: what all tables take with their indexes."""
        with suppress(StateUnusable):
            return {"main": await to_thread.run_sync(self._size)}
        return {"main": math.nan}

    def _size(self) -> float:
        with self._connections() as lent, lent.borrowed() as connection:
            return self.database.size(connection)


@dataclass(frozen=True, slots=True)
class DatabaseVault:
    """The vault of one connector, in a state that is held and that nobody has opened."""

    place: StateDatabase
    system: str

    async def load(self, name: str) -> str | None:
        """The text saved under `name`, or None."""
        if not self.place.is_there():
            return None
        with reading(self.place.database) as reader:
            return reader.read(kept.secret, f"{self.system}.{name}")

    async def save(self, name: str, text: str) -> None:
        """Store `text`; it is durable when this returns."""
        async with self.place.open() as store:
            await store.kept.set_secret(f"{self.system}.{name}", text)
