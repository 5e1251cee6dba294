"""Where the state of a scene is kept, and what befalls it there from one process to the next."""

from __future__ import annotations

import shutil
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.store import statedir
from engine.store.mark import Mark
from engine.store.port.place import Place
from engine.store.port.store import Store
from engine.store.sqlite import statefile
from engine.store.sqlite.inline import InlineStore
from engine.store.sqlite.place import StateFile
from engine.store.sqlite.subjects import Subjects
from tests import fresh
from tests.simulation.life import Life, Mortal
from tests.simulation.trace import Trace

SUFFIXES = ("", "-wal", "-shm")


class States(ABC):
    """The state of one scene.

    Args:
        directory: of the service.
        aside: where nobody finds what is kept for later.
    """

    def __init__(self, directory: Path, aside: Path) -> None:
        self.directory = directory
        self.aside = aside

    @property
    def settings(self) -> Mapping[str, Any]:
        """What of the configuration says where it is, beside the directory."""
        return {}

    @abstractmethod
    def place(self, life: Life, trace: Trace) -> Place:
        """Where a process finds it."""

    @abstractmethod
    def set_aside(self) -> None:
        """A process dies: what is there now is what the next one finds."""

    @abstractmethod
    def bury(self) -> None:
        """Nothing of a process that died is left, and nothing that it did since its death."""

    @abstractmethod
    def is_there(self) -> bool:
        """Whether there is one."""

    @abstractmethod
    def copy(self) -> bool:
        """Copy it while the service runs, without the mark beside it; whether there was one."""

    @abstractmethod
    def put_back(self) -> None:
        """Have the copy take its place."""

    @abstractmethod
    def lose(self) -> None:
        """Remove it."""

    @abstractmethod
    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What it holds now, by a statement that every adapter understands."""

    @abstractmethod
    def end(self) -> None:
        """Nobody asks for it any more."""


class Files(States):
    """A file."""

    @property
    def _file(self) -> Path:
        return self.directory / statefile.FILE_NAME

    def place(self, life: Life, trace: Trace) -> Place:
        """See `States.place`."""
        return MortalState(self.directory, life, trace)

    def set_aside(self) -> None:
        """See `States.set_aside`."""
        self._copied(self.directory, self.aside / "of the dead")

    def bury(self) -> None:
        """See `States.bury`."""
        self.directory.mkdir(exist_ok=True)
        self._copied(self.aside / "of the dead", self.directory)

    def is_there(self) -> bool:
        """See `States.is_there`."""
        return self._file.exists()

    def copy(self) -> bool:
        """See `States.copy`."""
        if not self.is_there():
            return False
        self._copied(self.directory, self.aside / "copy")
        return True

    def put_back(self) -> None:
        """See `States.put_back`."""
        self.directory.mkdir(exist_ok=True)
        self._copied(self.aside / "copy", self.directory)

    def _copied(self, there: Path, to: Path) -> None:
        """The file with its log."""
        to.mkdir(parents=True, exist_ok=True)
        for suffix in SUFFIXES:
            name = f"{statefile.FILE_NAME}{suffix}"
            (to / name).unlink(missing_ok=True)
            if (there / name).exists():
                shutil.copyfile(there / name, to / name)

    def lose(self) -> None:
        """See `States.lose`."""
        for each in sorted(self.directory.glob("*")):
            each.unlink()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """See `States.rows`."""
        with closing(sqlite3.connect(self._file)) as connection:
            return connection.execute(statement).fetchall()

    def end(self) -> None:
        """See `States.end`: it goes with its directory."""


class MortalStore(Subjects):
    """The store of a process, on a file."""

    def __init__(self, connections: Mortal[sqlite3.Connection]) -> None:
        super().__init__(connections)
        self._connections = connections

    @property
    def waiting(self) -> int:
        """Writes that wait for their turn."""
        return self._connections.waiting


@dataclass(frozen=True)
class MortalState(StateFile):
    """The state of one process, opened in its own thread."""

    life: Life
    trace: Trace

    def open(
        self,
        on_commit: Callable[[float], None] | None = None,  # noqa: ARG002 # no commit takes time
    ) -> AbstractAsyncContextManager[Store]:
        """See `Place.open`."""
        return self._opened(self.path)

    @asynccontextmanager
    async def _opened(self, path: Path) -> AsyncGenerator[Store]:
        fresh.prepare(path)
        with (
            closing(statefile.connect(path)) as connection,
            closing(Mark(path.with_name(statedir.MARK_NAME))) as mark,
        ):
            # A killed process loses nothing it wrote; only a power loss would.
            connection.execute("PRAGMA synchronous = OFF")
            inner = InlineStore(connection, mark)
            yield MortalStore(Mortal[sqlite3.Connection](inner, self.life, self.trace))
