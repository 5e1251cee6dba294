"""A PgBouncer of the tests' own in transaction mode: each transaction in whichever session is free.

It gives them out in turn, and has each forget everything behind every transaction, so that whoever
relies on a session is seen to. It ends with the process that started it, however that ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests import postgres
from tests.scratch import scratch
from tests.waiting import DEADLINE_S

PROGRAM = "pgbouncer"
# Where it lies is on the PATH of administrators only.
PLACES = os.pathsep.join(("/usr/sbin", "/usr/local/sbin"))
# Fewer than there are clients: they have to share.
SESSIONS = 4
# PgBouncer's own.
PATIENCE_S = 120
# Ends with its standard input, or when it is told to, and sees the pooler to its end.
ENDING_WITH_US = 'trap : TERM; "$0" "$1" & read _; kill $!; wait'
SETTINGS = f"""
[databases]
* = {{there}}

[pgbouncer]
pool_mode = transaction
server_round_robin = 1
server_reset_query = DISCARD ALL
server_reset_query_always = 1
default_pool_size = {SESSIONS}
min_pool_size = {SESSIONS}
query_wait_timeout = {{patience_s}}
server_login_retry = 1
max_client_conn = 500
listen_port = 5432
unix_socket_dir = {{home}}
unix_socket_mode = 0777
auth_type = trust
auth_file = {{home}}/users
auth_user = {{user}}
logfile = {{home}}/log
"""


class NoPooler(Exception):
    """There is none on this machine."""

    def __init__(self) -> None:
        super().__init__(f"{PROGRAM} not found; install the package {PROGRAM} to run this")


def program() -> str:
    """Where it is.

    Raises:
        NoPooler: nowhere.
    """
    found = shutil.which(PROGRAM) or shutil.which(PROGRAM, path=PLACES)
    if found is None:
        raise NoPooler
    return found


@contextmanager
def pooled(server: str, patience_s: int = PATIENCE_S) -> Generator[str]:
    """For the block, how the server of a connection string is reached through a pooler.

    Args:
        patience_s: so long whoever asks is kept waiting while the server is away.

    Raises:
        NoPooler: there is none to start.
    """
    found, known = program(), conninfo_to_dict(server)
    home = Path(tempfile.mkdtemp(prefix="wosync-pooler-", dir=scratch()))
    try:
        # Whom the server lets in without a word, the pooler does as well.
        (home / "users").write_text(f'"{known["user"]}" "{known.get("password", "")}"\n')
        there = " ".join(f"{name}={known[name]}" for name in ("host", "port") if name in known)
        settings = SETTINGS.format(
            there=there, home=home, user=known["user"], patience_s=patience_s
        )
        (home / "pgbouncer.ini").write_text(settings)
        reached = make_conninfo(server, host=str(home), port="5432")
        with _running(found, home):
            _wait(reached, home)
            yield reached
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _running(found: str, home: Path) -> Generator[None]:
    who = postgres.as_another(home)
    home.chmod(0o711)
    with (
        (home / "said").open("wb") as said,
        subprocess.Popen(
            ["sh", "-c", ENDING_WITH_US, found, home / "pgbouncer.ini"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            cwd="/",
            start_new_session=True,
            **who,
        ) as running,
    ):
        try:
            yield
        finally:
            # A process that was forked from this one may hold on to its standard input.
            os.killpg(running.pid, signal.SIGTERM)


def _wait(reached: str, home: Path) -> None:
    until = time.monotonic() + DEADLINE_S
    while True:
        with suppress(psycopg.OperationalError):
            psycopg.connect(reached).close()
            return
        if time.monotonic() > until:
            raise RuntimeError(f"no pooler could be started:\n{(home / 'said').read_text()}")
        time.sleep(0.02)
