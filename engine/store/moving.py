"""Moves of a state from a file into a database, or out of it, after which one of the two is in use.

What is written first says that it is still at home where it comes from; then that one says that it
was moved, and only then the new one that it has arrived. Whoever is cut off in between leaves one
that is in use, or none: each says what to do, and the same move begins anew.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from engine.config.loading import ServiceSettings
from engine.errors import StateUnusable
from engine.installation import Installation
from engine.store import copying, statedir
from engine.store.port.place import Place
from engine.store.postgres.database import Database
from engine.store.postgres.place import StateDatabase
from engine.store.rows import provenance
from engine.store.rows.provenance import INSTALLATION, MOVED
from engine.store.sqlite import copies, kept, statefile
from engine.store.sqlite.place import StateFile

_OTHER_SCHEMA = "name another [service] state_schema, or drop that one"
_OTHER_DIRECTORY = "name another directory, or move state.db in that one away"


def moved(
    database: Database, directory: Path, service: ServiceSettings, pair: str, *, into: bool
) -> Moved:
    """Move a state from a directory into a database, or out of it.

    Args:
        service: the settings by which both are used.
        pair: the two systems it must belong to.

    Raises:
        StateUnusable: it cannot be moved; it is where it was.
    """
    file = StateFile(directory.absolute())
    _ensure_is_there(file if into else StateDatabase(directory, database, service.lease_s))
    there = database.installation(service.instance)
    with statedir.lease(file.directory):
        here = file.installation(service.instance)
        move = Move(file.path, here, database, there, service.lease_s, pair)
        return move.into_database() if into else move.out_of_database()


def _ensure_is_there(place: Place) -> None:
    try:
        found = place.is_there()
    except OSError as error:
        raise statedir.unusable(place.directory, error) from error
    if not found:
        raise StateUnusable(
            f"there is no state in {place.shown}",
            remedy="name what it is in: the directory that state.db lies in, or the database, with"
            " its schema in [service] state_schema",
        )


@dataclass(frozen=True, slots=True)
class Moved:
    """How a move ended: so many rows are there, and `aside` is where what was there is now."""

    rows: int
    aside: str | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a state before it is moved, or makes room for one."""

    settings: Mapping[str, str]
    holds: bool

    @property
    def moved(self) -> Installation | None:
        """Where it was moved to, or where it comes from while it is on its way."""
        told = self.settings.get(MOVED)
        return None if told is None else Installation.read(told)

    @property
    def arriving(self) -> bool:
        """Whether it is on its way, and so is nothing but a copy of that one."""
        return provenance.is_arriving(self.settings.get)


@dataclass(frozen=True, slots=True)
class Move:
    """A state file and the tables of a database, of which one is moved into the other.

    Args:
        file: in a directory that is held.
        here: what the file belongs to.
        there: what the tables belong to.
        lease_s: see `leased`.
        pair: the two systems the state must belong to.
    """

    file: Path
    here: Installation
    database: Database
    there: Installation
    lease_s: float
    pair: str

    def into_database(self) -> Moved:
        """Move the state of the file.

        Raises:
            StateUnusable: there is a state in the tables already, or either cannot be used.
        """
        statefile.prepare(self.file)
        with (
            copying.reading(self.file),
            contextlib.closing(statefile.connect(self.file)) as file,
            copying.held(self.database, self.lease_s) as ours,
        ):
            with copying.changing(self.database, ours) as connection:
                known, target = _of_file(file), _of_tables(connection, self.database)
                self._ensure_may_go(known, self.here, target, self.there)
                keep = _makes_room(target, self.database.shown, _OTHER_SCHEMA)
                aside = copying.make_room(connection, self.database, keep=keep)
                rows = copying.fill_database(connection, self.database.schema, file)
                _settle(connection, {INSTALLATION: self.here.text, MOVED: self.here.text})
            _settle_file(file, {INSTALLATION: self.here.text, MOVED: self.there.text})
            with copying.changing(self.database, ours) as connection:
                _settle(connection, {INSTALLATION: self.there.text, MOVED: None})
        return Moved(rows, aside)

    def out_of_database(self) -> Moved:
        """Move the state of the tables.

        Raises:
            StateUnusable: there is a state in the directory already, or either cannot be used.
        """
        with copying.held(self.database, self.lease_s) as ours:
            target = self._present()
            keep = _makes_room(target, str(self.file.parent), _OTHER_DIRECTORY)
            with self._written() as new:
                with copying.writing(new) as file:
                    with copying.moment(self.database) as connection:
                        known = _of_tables(connection, self.database)
                        self._ensure_may_go(known, self.there, target, self.here)
                        rows = copying.fill_file(
                            connection, self.database.schema, file, secrets=True
                        )
                    _settle_file(file, {INSTALLATION: self.there.text, MOVED: self.there.text})
                    file.execute("PRAGMA journal_mode = DELETE")
                aside = self._put_in_place(new, keep=keep)
            with copying.changing(self.database, ours) as connection:
                _settle(connection, {INSTALLATION: self.there.text, MOVED: self.here.text})
            with (
                copying.reading(self.file),
                contextlib.closing(statefile.connect(self.file)) as file,
            ):
                _settle_file(file, {INSTALLATION: self.here.text, MOVED: None})
        return Moved(rows, aside)

    def _ensure_may_go(
        self, known: _Known, home: Installation, target: _Known | None, goal: Installation
    ) -> None:
        """Whether it is the one in use, of this pair.

        Args:
            home: what it belongs to.
            goal: what the target belongs to.

        Raises:
            StateUnusable: it is not.
        """
        pair = known.settings.get("pair", self.pair)
        if pair != self.pair:
            raise StateUnusable(
                f"the state to be moved is one of {pair}, and the configuration names {self.pair}",
                remedy="name that pair's configuration with --config",
            )
        if known.moved is None or self._was_cut_off(known, home, target, goal):
            return
        provenance.ensure_in_use(known.settings.get)

    @staticmethod
    def _was_cut_off(
        known: _Known, home: Installation, target: _Known | None, goal: Installation
    ) -> bool:
        """Whether the very same move, or the one back, was cut off when neither was in use.

        Then both hold the same: neither was taken up since.
        """
        if target is None or known.moved is None or target.moved is None:
            return False
        both = _is_one(known.moved, goal) and _is_one(target.moved, home)
        return both and (known.arriving or target.arriving)

    def _present(self) -> _Known | None:
        """What the file holds already; None for no file.

        Raises:
            StateUnusable: that cannot be told.
        """
        if not self.file.exists():
            return None
        with (
            copying.reading(self.file),
            contextlib.closing(statefile.connect(self.file, query_only=True)) as file,
        ):
            statefile.check(self.file, file, whole=False)
            version = file.execute("PRAGMA user_version").fetchone()[0]
            statefile.ensure_known(self.file, version)
            return _of_file(file) if version else _Known({}, holds=False)

    @contextmanager
    def _written(self) -> Generator[Path]:
        """A new state file beside the present one, of which nothing is left behind."""
        new = self.file.with_name(f"{self.file.name}.new")
        copying.take_away(new)
        try:
            statefile.prepare(new)
            yield new
        finally:
            copying.take_away(new)

    def _put_in_place(self, new: Path, *, keep: bool) -> str | None:
        aside = None
        try:
            copies.sync(new)
            if keep:
                aside = copies.put_aside(self.file)
            else:
                copying.take_away(self.file)
            new.replace(self.file)
            copies.sync(self.file.parent)
        except OSError as error:
            raise copies.unwritable(self.file, error) from error
        return None if aside is None else str(aside)


def _makes_room(target: _Known | None, shown: str, remedy: str) -> bool:
    """Whether what is there is to be kept under another name.

    Raises:
        StateUnusable: it is in use.
    """
    if target is None or (not target.holds and target.moved is None):
        return False
    if target.moved is None:
        raise StateUnusable(
            f"there is a state in {shown} already, and it was left alone", remedy=remedy
        )
    return not target.arriving


def _is_one(one: Installation, other: Installation) -> bool:
    """Whether both are one place, whatever the configuration calls it."""
    return replace(one, instance="").is_that_of(replace(other, instance=""))


def _of_file(file: sqlite3.Connection) -> _Known:
    settings = dict[str, str](tuple(row) for row in file.execute("SELECT name, value FROM setting"))
    holds = file.execute(
        "SELECT EXISTS (SELECT 1 FROM record) OR EXISTS (SELECT 1 FROM secret)"
    ).fetchone()[0]
    return _Known(settings, bool(holds))


def _of_tables(connection: psycopg.Connection[Any], database: Database) -> _Known:
    holds = database.holds_anything(connection)
    return _Known(copying.settings(connection), holds)


def _settle(connection: psycopg.Connection[Any], settings: Mapping[str, str | None]) -> None:
    """Keep these settings in the tables; those without a value are forgotten."""
    for name, value in settings.items():
        if value is None:
            connection.execute("DELETE FROM setting WHERE name = %s", (name,))
        else:
            connection.execute(
                "INSERT INTO setting (name, value) VALUES (%s, %s)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )


def _settle_file(file: sqlite3.Connection, settings: Mapping[str, str | None]) -> None:
    """The same in a file, at once."""
    file.execute("BEGIN IMMEDIATE")
    for name, value in settings.items():
        if value is None:
            kept.forget_setting(file, name)
        else:
            kept.set_setting(file, name, value)
    file.execute("COMMIT")
