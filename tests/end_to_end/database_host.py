"""A PostgreSQL server on a host of its own, which is stopped and started; who led, by its word."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import anyio
import psycopg
from psycopg import sql

from engine.store.postgres.database import Database
from tests import postgres
from tests.end_to_end.namespaces import NETWORK, Host
from tests.scratch import scratch
from tests.waiting import DEADLINE_S

LOOK_S = 0.05
IMMEDIATE, FAST = signal.SIGQUIT, signal.SIGINT
# What was acknowledged outlives the server's processes, as it must; nobody pulls the plug.
SETTINGS = postgres.SETTINGS | {"synchronous_commit": "on", "full_page_writes": "on"}
# Each change of hands, as the database carried it out.
_NOTED: LiteralString = """
CREATE TABLE leadership (
    number bigint NOT NULL, holder text NOT NULL, former bigint NOT NULL, free_at timestamptz,
    at timestamptz NOT NULL
);
CREATE FUNCTION note_leadership() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.leadership VALUES
        (NEW.number, NEW.holder, OLD.number, OLD.until, clock_timestamp());
    RETURN NULL;
END $$;
CREATE TRIGGER noted AFTER UPDATE ON {leader} FOR EACH ROW
    WHEN (OLD.number <> NEW.number) EXECUTE FUNCTION public.note_leadership();
"""


@dataclass(frozen=True, slots=True)
class Leadership:
    """From when on somebody worked; times in unix seconds, by the database's clock.

    Args:
        free_at: until when the one before had the lease; minus infinity where it gave it back.
    """

    number: int
    holder: str
    former: int
    free_at: float
    at: float


@dataclass(slots=True)
class Server:
    """The server, and what is asked of it past the network."""

    host: Host
    home: Path
    schema: str
    how: dict[str, Any]
    running: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def address(self) -> str:
        """As a configuration on another host names it."""
        return f"postgresql://{postgres.USER}@{self.host.address}/postgres?sslmode=disable"

    async def start(self) -> None:
        """Start it, and wait until it lets somebody in."""
        settings = SETTINGS | {"listen_addresses": self.host.address}
        with self.host.within():
            self.running = postgres.begun(self.home, self.how, settings)
        with anyio.fail_after(DEADLINE_S):
            while True:
                with suppress(psycopg.OperationalError):
                    self._connected().close()
                    return
                await anyio.sleep(LOOK_S)

    def stop(self, how: signal.Signals) -> None:
        """Stop it."""
        if self.running is not None:
            self.running.send_signal(how)
            self.running.wait()
            self.running = None

    def watch(self) -> None:
        """Make the tables, and have every change of hands noted from now on."""
        Database(f"postgresql:///?{self._within()}", self.schema, lambda: None).prepare()
        with self._connected() as connection:
            leader = sql.Identifier(self.schema, "leader")
            connection.execute(sql.SQL(_NOTED).format(leader=leader))

    def leaderships(self) -> list[Leadership]:
        """All so far, in the order in which they came about."""
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT number, holder, former, extract(epoch FROM free_at)::float8,"
                " extract(epoch FROM at)::float8 FROM leadership ORDER BY at"
            ).fetchall()
        return [Leadership(*row) for row in rows]

    def holder(self) -> str | None:
        """Who has the lease now."""
        with self._connected() as connection:
            row = connection.execute(
                sql.SQL("SELECT holder FROM {} WHERE until > clock_timestamp()").format(
                    sql.Identifier(self.schema, "leader")
                )
            ).fetchone()
        return None if row is None else str(row[0])

    def _connected(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._within().replace("&", " "), autocommit=True)

    def _within(self) -> str:
        return f"host={self.home}&user={postgres.USER}&dbname=postgres"


@contextmanager
def server(host: Host, schema: str) -> Generator[Server]:
    """A server with nothing in it, not started yet."""
    # It may run as somebody else, who has to get there.
    home = Path(tempfile.mkdtemp(prefix="wosync-postgres-", dir=scratch()))
    try:
        made = Server(host, home, schema, postgres.made(home))
        with (home / "data" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {NETWORK} trust\n")
        try:
            yield made
        finally:
            made.stop(IMMEDIATE)
    finally:
        shutil.rmtree(home, ignore_errors=True)
