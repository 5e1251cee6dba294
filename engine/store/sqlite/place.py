"""The state as a file in the directory of the service."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.installation import Installation
from engine.model.age import Seen
from engine.store import mark, statedir
from engine.store.port.store import Store
from engine.store.sqlite import copies, kept, standing, statefile


@dataclass(frozen=True)
class StateFile:
    """See `Place`."""

    directory: Path

    @property
    def path(self) -> Path:
        """The file itself."""
        return self.directory / statefile.FILE_NAME

    @property
    def shown(self) -> str:
        """See `Place.shown`."""
        return str(self.directory)

    def installation(self, instance: str) -> Installation:
        """See `Place.installation`: the machine and the directory."""
        return Installation.here(self.directory, instance)

    def is_there(self) -> bool:
        """See `Place.is_there`."""
        return self.path.exists()

    def findings(self) -> Sequence[tuple[str, str]]:
        """See `Place.findings`: its directory is looked at by whoever holds it."""
        return ()

    def held(self) -> bool:
        """See `Place.held`."""
        return statedir.held(self.directory)

    @contextmanager
    def watching(self) -> Generator[Callable[[], str | None]]:
        """See `Place.watching`."""
        yield self.occupant

    def occupant(self) -> str | None:
        """See `Place.occupant`."""
        return "another process" if self.held() else None

    @contextmanager
    def hold(self, *, keep: bool) -> Generator[Seen | None]:
        """See `Place.hold`; a directory that was made just now goes with what was made in it."""
        with statedir.lease(self.directory) as made:
            fresh = not self.is_there()
            seen = mark.look(self.directory / statedir.MARK_NAME)
            marked = seen is not None
            try:
                yield seen
            except BaseException:
                if fresh:
                    statefile.discard_if_empty(self.path, directory=made, marked=marked)
                raise
            if fresh and not keep:
                statefile.discard_if_empty(self.path, directory=made, marked=marked)

    @property
    def guard(self) -> None:
        """See `Place.guard`: a lock ends with its process."""
        return

    def open(
        self, on_commit: Callable[[float], None] | None = None
    ) -> AbstractAsyncContextManager[Store]:
        """See `Place.open`: on threads of its own."""
        # Most commands never need them.
        from engine.store.sqlite.threaded import open_store

        return open_store(self.path, on_commit)

    @contextmanager
    def looking(self) -> Generator[Store]:
        """See `Place.looking`."""
        with standing.looking(self.path) as store:
            yield store

    @contextmanager
    def changing(self) -> Generator[Store]:
        """See `Place.changing`."""
        with standing.changing(self.path) as store:
            yield store

    def vault(self, system: str) -> FileVault:
        """See `Place.vault`."""
        return FileVault(self.path, system)

    def copy(self, to: Path) -> None:
        """See `Place.copy`."""
        from engine.store.sqlite.scratch import copied

        copied(self.path, to)

    def back_up(self, to: Path) -> None:
        """See `Place.back_up`."""
        copies.back_up(self.path, to)

    def put_back(self, copy: Path, pair: str) -> str | None:
        """See `Place.put_back`."""
        # Opened before the directory is entered, where root has only its owner's rights.
        with copies.opened(copy) as source, statedir.lease(self.directory):
            aside = copies.put_back(source, copy, self.path, pair)
        return None if aside is None else str(aside)

    async def sizes(self) -> Mapping[str, float]:
        """See `Place.sizes`: the file, and what is written ahead of it."""
        log = self.path.with_name(f"{self.path.name}-wal")
        return {"main": _size(self.path), "wal": _size(log)}


@dataclass(frozen=True, slots=True)
class FileVault:
    """The vault of one connector, in a state file that nobody works on; made when there is none.

    Of a rehearsal tokens are the only thing that the real state keeps: a refresh token that was
    used is used up, so what took its place must not be lost with the copy.
    """

    state: Path
    system: str

    async def load(self, name: str) -> str | None:
        """The text saved under `name`, or None."""
        if not self.state.exists():
            return None
        try:
            with contextlib.closing(statefile.connect(self.state, query_only=True)) as connection:
                return kept.secret(connection, f"{self.system}.{name}")
        except sqlite3.Error as error:
            raise statefile.unreadable(self.state, error) from error

    async def save(self, name: str, text: str) -> None:
        """Store `text`; it is on disk when this returns."""
        statefile.prepare(self.state)
        try:
            with contextlib.closing(statefile.connect(self.state)) as connection:
                kept.set_secret(connection, f"{self.system}.{name}", text)
        except sqlite3.Error as error:
            raise statefile.unreadable(self.state, error) from error


def _size(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return math.nan
