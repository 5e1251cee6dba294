"""Statistics: transactions, statements, log and row versions, as a database has counted them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests import postgres
from tests.benchmarks.projection import Work
from tests.benchmarks.stage import BenchmarkFailed

# A session that rests says within so long what it has done.
SAID_S = 10.5
_COUNTED = (
    "SELECT (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()),"
    " pg_current_wal_insert_lsn() - '0/0', sum(n_tup_upd + n_tup_del)::bigint,"
    " sum(n_tup_upd - n_tup_hot_upd + n_tup_del)::bigint FROM pg_stat_user_tables"
)
_SIZE = (
    "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind = 'r' AND n.nspname LIKE 'wosync%'"
)
_LOGGED = (b"LOG:  execute ", b"LOG:  statement: ")


@dataclass(frozen=True, slots=True)
class Counted:
    """A database on a server that nobody else uses.

    Args:
        home: of the server, with its log.
        name: of the database.
    """

    home: Path
    name: str

    @property
    def address(self) -> str:
        """As `[service] state` has it."""
        return f"postgresql://{postgres.USER}@/{self.name}?host={quote(str(self.home))}"

    def moment(self) -> Work:
        """Everything so far; what is still connected has said it all only after `SAID_S`."""
        with self.connected() as connection:
            row = connection.execute(_COUNTED).fetchone() or (0, 0, 0, 0)
            transactions, wal, dead, vacuumed = (float(one or 0) for one in row)
        log = (self.home / "log").read_bytes()
        return Work(
            transactions=transactions,
            statements=float(sum(log.count(words) for words in _LOGGED)),
            wal_bytes=wal,
            dead_rows=dead,
            vacuumed_rows=vacuumed,
            database_cpu_s=self._cpu_s(),
        )

    def size(self) -> float:
        """What all tables take with their indexes once they are packed, bytes."""
        with self.connected() as connection:
            connection.execute("VACUUM FULL")
            return float((connection.execute(_SIZE).fetchone() or (0,))[0])

    def sessions(self) -> int:
        """How many are connected, besides us."""
        with self.connected() as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchone()
        return int((row or (0,))[0])

    def connected(self) -> psycopg.Connection[Any]:
        """A connection as a superuser, whose statements are not logged."""
        return psycopg.connect(
            host=str(self.home),
            user=postgres.USER,
            dbname=self.name,
            autocommit=True,
            options="-c log_statement=none",
        )

    def _cpu_s(self) -> float:
        """Of the server and all its processes, those that have ended among them."""
        server = int((self.home / "data" / "postmaster.pid").read_text().split()[0])
        found = 0.0
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                numbers = path.read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if int(path.parent.name) == server:
                found += sum(int(one) for one in numbers[11:15])
            elif int(numbers[1]) == server:
                found += sum(int(one) for one in numbers[11:13])
        return found / os.sysconf("SC_CLK_TCK")


@contextmanager
def server() -> Generator[Path]:
    """The home of a server for the block that nobody else uses.

    Raises:
        BenchmarkFailed: there is none to start.
    """
    given = os.environ.pop(postgres.VARIABLE, None)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="wosync-bench-") as shared,
            postgres.server(Path(shared)) as address,
        ):
            yield Path(str(conninfo_to_dict(address)["host"]))
    except postgres.NoServer as error:
        raise BenchmarkFailed(str(error)) from error
    finally:
        if given is not None:
            os.environ[postgres.VARIABLE] = given


def made(home: Path, name: str, *, statements: bool = True) -> Counted:
    """A new database.

    Args:
        statements: whether they are logged, to be counted.
    """
    with psycopg.connect(
        host=str(home), user=postgres.USER, dbname="postgres", autocommit=True
    ) as connection:
        named = sql.Identifier(name)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(named))
        if statements:
            logged = sql.SQL("ALTER DATABASE {} SET log_statement = 'all'")
            connection.execute(logged.format(named))
    return Counted(home, name)
