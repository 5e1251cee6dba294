"""Clients that share a state in a real database, each by a way of its own, and their history.

A client stands still, as far as the database can tell, while its way holds what it sends: it goes
on to believe what it believed, and what it has sent arrives late. Its way may be cut as well, at
any moment or around a commit.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from engine.errors import StateInUse, StateUnusable
from engine.store.places import done
from tests.cutting import Way, way_to
from tests.property.lease_model import NEVER, Kind, Operation
from tests.scratch import scratch

if TYPE_CHECKING:
    from engine.store.postgres.database import Database
    from engine.store.postgres.session import Session
    from tests.adapter import SqliteStore

LEASE_S = 0.3
NAMES = ("anna", "bert", "cleo")
LASTS_S = 3.0
COUNTED = "counted-"


def _add_one(session: Session) -> int:
    """A write that counts how often it was done; none takes the place of another one."""
    from engine.store.postgres import kept

    number = _counted(session) + 1
    kept.set_setting(session, f"{COUNTED}{uuid4()}", "")
    return number


def _counted(session: Session) -> int:
    found = session.execute("SELECT count(*) FROM setting WHERE name LIKE %s", (f"{COUNTED}%",))
    return int(found.fetchone()[0])


@dataclass(frozen=True, slots=True)
class _Held:
    """A state that is held.

    Args:
        guard: see `Place.guard`.
    """

    number: int
    guard: Callable[[], float]
    store: SqliteStore


@dataclass(slots=True)
class Client:
    """One of them; what it does follows from `rng`, and when from the machine.

    Args:
        database: by its own way.
    """

    name: str
    database: Database
    way: Way
    directory: Path
    rng: Random
    until_s: float
    history: list[Operation] = field(default_factory=list[Operation])
    _timers: list[threading.Timer] = field(default_factory=list[threading.Timer])

    def run(self) -> None:
        """Take the lease again and again, and do what may be done under it and what may not."""
        from engine.store.postgres.place import StateDatabase

        place = StateDatabase(self.directory, self.database, LEASE_S)
        while time.monotonic() < self.until_s:
            time.sleep(self.rng.uniform(0, 0.05))
            began_at = time.monotonic()
            number: int | None = None
            try:
                with place.changing() as store:
                    number = place._ours().number  # pyright: ignore[reportPrivateUsage] # told nowhere
                    self._note(Kind.TOOK, began_at, time.monotonic(), number)
                    self._work(_Held(number, place.guard, cast("SqliteStore", store)))
            except StateInUse:
                pass
            except StateUnusable:
                if number is None:
                    self._note(Kind.MAYBE_TOOK, began_at, NEVER)
        for timer in self._timers:
            timer.join()

    def _work(self, held: _Held) -> None:
        # Some lose their lease long before they end, and do not look.
        for _ in range(self.rng.randrange(3, 60)):
            if time.monotonic() > self.until_s:
                return
            self._do_something(held)

    def _do_something(self, held: _Held) -> None:
        what = self.rng.random()
        if what < 0.5:
            self._write(held)
        elif what < 0.75:
            self._look(held)
        elif what < 0.85:
            time.sleep(self.rng.uniform(0, LEASE_S / 3))
        else:
            # A moment, or until another one has taken the lease and worked.
            lasts_s = self.rng.choice([self.rng.uniform(0.1, 2), self.rng.uniform(2, 4)]) * LEASE_S
            self._suffer(held, lasts_s)
            if self.rng.random() < 0.5:
                time.sleep(lasts_s)
                self._look(held)

    def _write(self, held: _Held) -> None:
        began_at = time.monotonic()
        try:
            value = done(held.store.write(cast("Any", _add_one)))
        except StateUnusable:
            self._note(Kind.MAYBE_WROTE, began_at, NEVER, held.number)
        else:
            self._note(Kind.WROTE, began_at, time.monotonic(), held.number, value)

    def _look(self, held: _Held) -> None:
        began_at = time.monotonic()
        with suppress(StateInUse):
            held.guard()
            self._note(Kind.STOOD, began_at, time.monotonic(), held.number)

    def _suffer(self, held: _Held, lasts_s: float) -> None:
        """Something happens to its way."""
        match self.rng.randrange(6):
            case 0:
                self.way.hold()
                self._later(lasts_s, self.way.release)
            case 1 | 5:
                self.way.hold_before = b"COMMIT"
                self._later(lasts_s, self.way.release)
                self._write(held)
            case 2:
                self.way.close()
                self._later(lasts_s, self.way.open)
            case 3:
                self.way.cut_before = b"COMMIT"
            case _:
                self.way.cut_behind = b"COMMIT"

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, what)
        timer.start()
        self._timers.append(timer)

    def _note(
        self, kind: Kind, began_at: float, ended_at: float, number: int = 0, value: int = 0
    ) -> None:
        self.history.append(Operation(self.name, kind, began_at, ended_at, number, value))


@dataclass(slots=True)
class Onlooker:
    """Somebody who only reads, straight from the database."""

    database: Database
    until_s: float
    history: list[Operation] = field(default_factory=list[Operation])

    def run(self) -> None:
        """Read again and again."""
        while time.monotonic() < self.until_s:
            self.read()
            time.sleep(LEASE_S / 10)

    def read(self) -> None:
        """Read once."""
        began_at = time.monotonic()
        with self.database.reading() as session:
            value = _counted(session)
        self.history.append(
            Operation("onlooker", Kind.READ, began_at, time.monotonic(), value=value)
        )


def played(server: str, database: Database, directory: Path, seed: int) -> list[Operation]:
    """What all of them did, and were answered, on tables that are up to date."""
    until_s = time.monotonic() + LASTS_S
    onlooker = Onlooker(database, until_s)
    with ExitStack() as stack:
        clients = [
            stack.enter_context(
                _client(server, database, directory / name, Random(f"{seed}:{name}"), until_s)  # noqa: S311 # moments, not secrets
            )
            for name in NAMES
        ]
        failures: list[BaseException] = []

        def running(one: Client | Onlooker) -> None:
            try:
                one.run()
            except BaseException as error:  # noqa: BLE001 # raised where somebody waits for it
                failures.append(error)

        threads = [threading.Thread(target=running, args=(one,)) for one in (*clients, onlooker)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        onlooker.read()
    return sorted(
        (each for one in (*clients, onlooker) for each in one.history),
        key=lambda each: each.began_at,
    )


@contextmanager
def _client(
    server: str, database: Database, directory: Path, rng: Random, until_s: float
) -> Generator[Client]:
    # The path of a socket is short.
    with (
        tempfile.TemporaryDirectory(prefix="wosync-way-", dir=scratch()) as near,
        way_to(server, Path(near)) as (way, address),
    ):
        by_it = replace(database, address=address)
        yield Client(directory.name, by_it, way, directory, rng, until_s)
