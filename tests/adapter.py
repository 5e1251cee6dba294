"""The store in the adapter's own terms, for a test that arranges or looks at the state itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol, cast

from engine.store.port.store import Store
from engine.store.sqlite.connections import Connections


class SqliteStore(Store, Connections, Protocol):
    """The port, and the connections beneath it."""


class OpenSqlite(Protocol):
    """Opens the store on a state file."""

    def __call__(
        self, path: Path, on_commit: Callable[[float], None] | None = None
    ) -> AbstractAsyncContextManager[SqliteStore]:
        """Open it."""
        ...


def sqlite(store: Store) -> SqliteStore:
    """The same store."""
    return cast("SqliteStore", store)
