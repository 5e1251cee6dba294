"""The state as the tables of one pair in a database."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from anyio import to_thread

from engine.errors import StateUnusable
from engine.installation import Installation
from engine.model.age import Seen
from engine.store import mark, statedir
from engine.store.mark import Mark
from engine.store.port.store import Store
from engine.store.postgres import kept, lease
from engine.store.postgres.database import Database, Made
from engine.store.postgres.lease import Lease
from engine.store.postgres.reader import Reader
from engine.store.postgres.standing import StandingStore
from engine.store.postgres.writer import Writer


@dataclass(slots=True)
class StateDatabase:
    """See `Place`.

    Args:
        directory: of the service on this machine: its lock and the mark are there.
        lease_s: see `leased`.
    """

    directory: Path
    database: Database
    lease_s: float
    _lease: Lease | None = field(default=None, init=False)

    @property
    def shown(self) -> str:
        """See `Place.shown`."""
        return self.database.shown

    def installation(self, instance: str) -> Installation:
        """See `Place.installation`: the same from whichever machine it is worked on."""
        return Installation("", self.database.identity(), instance)

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
        """See `Place.watching`: on one connection."""
        known = False
        with closing(Reader(self.database)) as reader:

            def occupant() -> str | None:
                nonlocal known
                known = known or self.is_there()
                return reader.read(lease.holder) if known else None

            yield occupant

    def occupant(self) -> str | None:
        """See `Place.occupant`."""
        with self.watching() as occupant:
            return occupant()

    @contextmanager
    def hold(self, *, keep: bool) -> Generator[Seen | None]:
        """See `Place.hold`: by a lease in the database, and the lock of the directory."""
        with statedir.lease(self.directory):
            made = self.database.prepare()
            with lease.leased(self.database, self.lease_s) as ours:
                self._lease = ours
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
    def guard(self) -> Callable[[], None]:
        """See `Place.guard`: the lease."""
        return self._ours().ensure

    def open(
        self, on_commit: Callable[[float], None] | None = None
    ) -> AbstractAsyncContextManager[Store]:
        """See `Place.open`: on threads of its own."""
        # Most commands never need them.
        from engine.store.postgres.threaded import open_store

        return open_store(self._ours(), self._mark(), on_commit)

    @contextmanager
    def looking(self) -> Generator[Store]:
        """See `Place.looking`."""
        self.database.ensure_known(self.database.version())
        with closing(Reader(self.database)) as reader:
            yield StandingStore(reader)

    @contextmanager
    def changing(self) -> Generator[Store]:
        """See `Place.changing`."""
        with (
            self.hold(keep=True),
            closing(Reader(self.database)) as reader,
            closing(self._mark()) as counted,
            closing(Writer(self._ours(), counted)) as writer,
        ):
            yield StandingStore(reader, writer)

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
            return {"main": await to_thread.run_sync(self.database.size)}
        return {"main": math.nan}


@dataclass(frozen=True, slots=True)
class DatabaseVault:
    """The vault of one connector, in a state that is held and that nobody has opened."""

    place: StateDatabase
    system: str

    async def load(self, name: str) -> str | None:
        """The text saved under `name`, or None."""
        if not self.place.is_there():
            return None
        with closing(Reader(self.place.database)) as reader:
            return reader.read(kept.secret, f"{self.system}.{name}")

    async def save(self, name: str, text: str) -> None:
        """Store `text`; it is durable when this returns."""
        async with self.place.open() as store:
            await store.kept.set_secret(f"{self.system}.{name}", text)
