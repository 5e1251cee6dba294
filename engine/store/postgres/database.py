"""The database: how it is reached, and how the tables of a pair get their present form."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum, auto
from itertools import zip_longest
from typing import Any, LiteralString

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from engine.clock import passed_s
from engine.errors import StateUnusable
from engine.installation import Installation
from engine.store.postgres import troubles
from engine.store.postgres.link import Link
from engine.store.postgres.session import Session, adapt, transaction
from engine.store.postgres.steps import Steps

# The first one that is still maintained.
SERVER_MIN = 140_000
# A network that swallows everything is told from a slow one after so many seconds.
CONNECT_S = 5
# A statement that concerns a few rows is answered by then, unless the server stands still.
ANSWER_S = 30.0
# Its name, and by which history it goes; a replica tells the second to nobody.
_SERVER = "SELECT system_identifier::text FROM pg_control_system()"
TIMELINE = (
    "CASE WHEN pg_is_in_recovery() THEN NULL"
    " ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END"
)
_TIMELINE = f"SELECT {TIMELINE}"
_SILENCE = {
    "connect_timeout": CONNECT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "wosync",
}
# From the second time on the server plans a statement no more; there are some hundred of ours.
PREPARED_AFTER, PREPARED_MAX = 1, 500
STEPS = Steps(
    "engine.store.postgres",
    "schema_version",
    ("schema_version", "leader", "record", "setting", "secret"),
)


class Made(IntEnum):
    """What had to be made, so that there are tables of this version."""

    NOTHING = 0
    TABLES = auto()
    """In a schema that somebody else has made, and given to the role."""
    SCHEMA = auto()


@dataclass(frozen=True, slots=True)
class Database:
    """The tables of one pair in a database of PostgreSQL.

    Args:
        address: postgresql://..., without a password.
        schema: of the tables.
        password: asked at each connecting, so that a new one needs no restart; None for none.
    """

    address: str
    schema: str
    password: Callable[[], str | None]

    @property
    def shown(self) -> str:
        """The address as it may be printed, with the name of the schema."""
        known = conninfo_to_dict(self.address)
        hosts = str(known.get("host") or known.get("hostaddr") or "this machine").split(",")
        ports = str(known.get("port") or "").split(",")
        each = zip_longest(hosts, ports, fillvalue=ports[-1] if len(ports) == 1 else "")
        places = ", ".join(f"{host}:{port}" if port else host for host, port in each)
        name = known.get("dbname") or known.get("user") or ""
        return f"{name} at {places}, schema {self.schema}"

    def ensure_understood(self) -> None:
        """Whether the address is one.

        Raises:
            ValueError: it is none.
        """
        try:
            conninfo_to_dict(self.address)
        except psycopg.Error as error:
            raise ValueError(str(error).strip()) from error

    def named(self, statement: LiteralString) -> sql.Composed:
        """A statement with the name of the schema in place of `{schema}`."""
        return sql.SQL(statement).format(schema=sql.Identifier(self.schema))

    def connect(self, silence_s: float = math.inf) -> Link:
        """Open a connection; every statement on it is a transaction unless one is begun.

        Args:
            silence_s: so long the server may be silent from then on.

        Raises:
            StateUnusable: it cannot be reached, refuses us, or is too old.
            Misconfigured: the address is none.
        """
        secret = self.password()
        extra = {} if secret is None else {"password": secret}
        # What the address itself says of a time-out counts.
        given = conninfo_to_dict(self.address)
        wanted = {name: value for name, value in _SILENCE.items() if name not in given}
        try:
            connection = Link.connect(
                make_conninfo(self.address, **wanted, **extra), autocommit=True
            )
            connection.silence_s = CONNECT_S
        except psycopg.Error as error:
            raise troubles.unreachable(self.shown, error) from None
        try:
            if connection.info.server_version < SERVER_MIN:
                raise troubles.too_old(self.shown, connection.info.server_version)
            adapt(connection)
            # A pooler may give each transaction another session, which knows no statement of ours.
            # It has the number of none.
            (session,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (None,)
            direct = session == connection.info.backend_pid
            connection.prepare_threshold = PREPARED_AFTER if direct else None
            connection.prepared_max = PREPARED_MAX
            connection.silence_s = silence_s
        except psycopg.Error as error:
            # It let us in, and ended before it answered.
            connection.close()
            raise troubles.told(self.shown, error) from None
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def connected(self, silence_s: float = ANSWER_S) -> Generator[Link]:
        """A connection for the block; what fails in it is told as trouble with the state.

        Args:
            silence_s: so long the server may be silent.

        Raises:
            StateUnusable: as `connect`, or a statement failed.
        """
        connection = self.connect(silence_s)
        try:
            yield connection
        except psycopg.Error as error:
            raise troubles.told(self.shown, error) from error
        finally:
            connection.close()

    @contextmanager
    def reading(self) -> Generator[Session]:
        """One moment of the tables.

        Raises:
            StateUnusable: as `connected`.
        """
        with (
            self.connected() as connection,
            transaction(connection, self.schema, read_only=True) as session,
        ):
            yield session

    def installation(self, instance: str) -> Installation:
        """What tells these tables from a copy of them anywhere else.

        A server that took over from its primary has the same name and goes by another timeline; one
        that was filled from a dump has its own name.

        Raises:
            StateUnusable: the database cannot be reached.
        """
        with self.connected() as connection:
            server = _told(connection, _SERVER) or self.shown
            name = f"schema {self.schema} of database {connection.info.dbname} on server {server}"
            return Installation("", name, instance, self.timeline(connection) or "")

    def timeline(self, connection: psycopg.Connection[Any]) -> str | None:
        """By which history the server goes: one that was promoted has another than its primary.

        None where it does not tell.
        """
        return _told(connection, _TIMELINE)

    def size(self, connection: psycopg.Connection[Any]) -> float:
        """What the tables take with their indexes, bytes.

        Raises:
            StateUnusable: the database does not tell.
        """
        try:
            row = connection.execute(
                "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c"
                " JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = %s AND c.relkind = 'r'",
                (self.schema,),
            ).fetchone()
        except psycopg.Error as error:
            raise troubles.told(self.shown, error) from error
        return math.nan if row is None else float(row[0])

    def version(self) -> int:
        """Which version of the schema there is; 0 for none.

        Raises:
            StateUnusable: the database cannot be read, or holds something else there.
        """
        with self.connected() as connection:
            return STEPS.version(connection, self.shown, self.schema)

    def described(self) -> str:
        """What is found there, for a person.

        Raises:
            StateUnusable: the database cannot be used as it is.
        """
        with self.connected() as connection:
            began_at = passed_s()
            version = STEPS.version(connection, self.shown, self.schema)
            took_ms = (passed_s() - began_at) * 1000
            self.ensure_known(version)
            if connection.execute("SHOW transaction_read_only").fetchone() == ("on",):
                raise troubles.read_only(self.shown)
            told = connection.info.parameter_status("server_version") or "of some version"
            server = f"PostgreSQL {told.split()[0]}"
            way = "encrypted" if connection.pgconn.ssl_in_use else "unencrypted"
        tables = "the tables there are ours" if version else "the first start makes its tables"
        return f"{self.shown}: {server}, {way}, answers in {took_ms:.1f} ms; {tables}"

    def prepare(self) -> Made:
        """Bring the tables up to date; what was made just now.

        Raises:
            StateUnusable: they cannot be, or are those of a newer version or of something else.
        """
        with self.connected() as connection:
            version = STEPS.version(connection, self.shown, self.schema)
            self.ensure_known(version)
            if version == len(STEPS.scripts):
                return Made.NOTHING
            if connection.execute("SHOW transaction_read_only").fetchone() == ("on",):
                raise troubles.read_only(self.shown)
            # Of many rows it takes its time, and so does another one that makes them.
            connection.silence_s = math.inf
            with connection.transaction():
                # Two that start at once must not both make them.
                connection.execute(
                    "SELECT pg_advisory_xact_lock(hashtext('wosync'), hashtext(%s))", (self.schema,)
                )
                version = STEPS.version(connection, self.shown, self.schema)
                self.ensure_known(version)
                return self._migrate(connection, version)

    def ensure_known(self, version: int) -> None:
        """Whether this version of the program understands that schema.

        Raises:
            StateUnusable: it is that of a newer version.
        """
        known = len(STEPS.scripts)
        if version > known:
            raise StateUnusable(
                f"the state in {self.shown} was written by a newer version of wosync"
                f" (schema {version}, this version knows {known})",
                remedy="install the newer version again; this one would not understand the state",
            )

    def make(self, connection: psycopg.Connection[Any]) -> None:
        """Make the tables, empty, in a transaction; there must be none."""
        self._migrate(connection, 0)

    def _migrate(self, connection: psycopg.Connection[Any], version: int) -> Made:
        made = Made.TABLES if version == 0 else Made.NOTHING
        there = connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", (self.schema,))
        # In one that was made for the role it may make tables, and perhaps nothing else.
        if there.fetchone() == (False,):
            connection.execute(self.named("CREATE SCHEMA {schema}"))
            made = Made.SCHEMA
        connection.execute("SELECT set_config('search_path', %s, true)", (self.schema,))
        for script in STEPS.scripts[version:]:
            connection.execute(script.encode())
        connection.execute("UPDATE schema_version SET version = %s", (len(STEPS.scripts),))
        return made

    def holds_anything(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether there is anything worth keeping in the tables, in a transaction."""
        connection.execute("SELECT set_config('search_path', %s, true)", (self.schema,))
        found = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM record) OR EXISTS (SELECT 1 FROM secret)"
        )
        return found.fetchone() != (False,)

    def discard_if_empty(self, made: Made, number: int) -> bool:
        """Take away tables that hold nothing worth keeping; whether they did.

        Args:
            made: what `prepare` has made.
            number: of our lease; under another one, somebody else works on them by now.

        Raises:
            StateUnusable: the database cannot be reached.
        """
        with self.connected() as connection, connection.transaction():
            ours = connection.execute(
                self.named("SELECT FROM {schema}.leader WHERE number = %s FOR KEY SHARE"), (number,)
            )
            if ours.fetchone() is None or self.holds_anything(connection):
                return False
            if made is Made.SCHEMA:
                connection.execute(self.named("DROP SCHEMA {schema} CASCADE"))
            else:
                self.clear(connection)
        return True

    def clear(self, connection: psycopg.Connection[Any]) -> None:
        """Take the tables out of the schema, in a transaction; it stays, with who may use it."""
        connection.execute(
            sql.SQL(
                "DO $$ DECLARE one record; BEGIN"
                " FOR one IN SELECT oid::regclass AS name FROM pg_class"
                "  WHERE relnamespace = {name}::regnamespace AND relkind = 'r' LOOP"
                "  EXECUTE format('DROP TABLE %s CASCADE', one.name); END LOOP;"
                " FOR one IN SELECT oid::regprocedure AS name FROM pg_proc"
                "  WHERE pronamespace = {name}::regnamespace LOOP"
                "  EXECUTE format('DROP FUNCTION %s CASCADE', one.name); END LOOP;"
                " END $$"
            ).format(name=sql.Literal(self.schema))
        )


def _told(connection: psycopg.Connection[Any], question: LiteralString) -> str | None:
    """What the server answers, if it does: not every offer of PostgreSQL has these functions."""
    try:
        row = connection.execute(question).fetchone()
    except (errors.InsufficientPrivilege, errors.FeatureNotSupported, errors.UndefinedFunction):
        return None
    return None if row is None else row[0]
