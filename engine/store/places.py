"""Which place the state of a pair has, and what is asked there without an event loop."""

from __future__ import annotations

from collections.abc import Coroutine
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from engine.config.loading import Config, ServiceSettings
from engine.errors import Misconfigured, excerpt
from engine.settings import UNREAD
from engine.store.port.place import Place
from engine.store.port.store import Store
from engine.store.rows import provenance
from engine.store.rows.provenance import INSTALLATION, MOVED
from engine.store.sqlite.place import StateFile

if TYPE_CHECKING:
    from engine.store.postgres.database import Database

R = TypeVar("R")


def place_of(config: Config) -> Place:
    """Where the state is kept that a configuration names.

    Raises:
        Misconfigured: it is a database, and what speaks with one is not installed, or does not
            understand its address.
    """
    service = config.engine.service
    # A service that only looks keeps what it would have done in a file, wherever the state is.
    if service.state is None or config.shadow:
        return StateFile(service.state_dir)
    database = database_of(config, service.state, "[service] state")
    from engine.store.postgres.place import StateDatabase

    return StateDatabase(service.state_dir, database, service.lease_s)


def database_of(config: Config, address: str, named: str) -> Database:
    """The tables at an address, with the schema and the password of a configuration.

    Args:
        named: what it is called where it was given.

    Raises:
        Misconfigured: it is none, or what speaks with a database is not installed.
    """
    service = config.engine.service
    return database_at(service, service.state_schema, named, address)


def database_at(
    service: ServiceSettings, schema: str, named: str, address: str | None = None
) -> Database:
    """A schema of the database that [service] names, or of another one with its password.

    Raises:
        Misconfigured: as `database_of`.
    """
    ensure_driver()
    from engine.store.postgres.database import Database

    secret = service.state_password
    given = None if secret is None or secret is UNREAD else secret.get_secret_value
    database = Database(address or service.state or "", schema, given or (lambda: None))
    try:
        database.ensure_understood()
    except ValueError as error:
        raise Misconfigured(
            f"{named} cannot be understood: {error}",
            remedy="correct it; what it may hold is in the manual of libpq, Connection Strings",
        ) from error
    return database


def ensure_driver() -> None:
    """See that what speaks with a database is there.

    Raises:
        Misconfigured: it is not installed.
    """
    try:
        import_module("psycopg")
    except ImportError as error:
        raise Misconfigured(
            "a state in PostgreSQL needs psycopg, which is not installed here:"
            f" {excerpt(str(error))}",
            remedy="install the package again with its extra postgres; see docs/postgresql.md",
        ) from error


async def ensure_in_use(store: Store) -> None:
    """See that a state was not moved away; to be asked before anything is written to it.

    Raises:
        StateUnusable: it was.
    """
    kept = {name: await store.kept.setting(name) for name in (MOVED, INSTALLATION)}
    provenance.ensure_in_use(kept.get)


def done(work: Coroutine[Any, Any, R]) -> R:
    """The result of work that asks a store which waits for nothing, and nobody else.

    Raises:
        RuntimeError: it waits for something.
    """
    try:
        work.send(None)
    except StopIteration as ended:
        return ended.value
    work.close()
    raise RuntimeError("a command without an event loop waits for nothing")
