"""A PostgreSQL server of the tests' own, which all test processes of a run share.

It begins when the first of them asks, with nothing in it, in a directory that is forgotten with it,
and without care for what a power loss would do. Each holds a lock while it uses the server. The
kernel lets go of a lock when a process ends, however it ends; a guard waits for the last one, and
then stops the server. Where the environment names a server, that one is used, as it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

VARIABLE = "WOSYNC_TEST_POSTGRES"
"""Names a server to use instead: a connection string of a superuser."""
THROUGH_POOLER = "WOSYNC_TEST_POOLER"
"""Where it is set, the server is reached through a pooler; see `tests.pooler`."""

PROGRAMS = ("initdb", "postgres")
PLACES = "/usr/lib/postgresql/*/bin"
# Whom to run it as where the tests run as root, which it refuses.
OTHERS = ("postgres", "nobody")
USER = "wosync"
# Whoever makes such a role needs its password, as nobody else does.
GUARDED = "guarded"
READY = "ready"
START_S = 60.0

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "jit": "off",
    "logging_collector": "off",
}


# What the server of a benchmark does otherwise: as one does that somebody relies on.
DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "autovacuum": "on",
}


class NoServer(Exception):
    """There is none on this machine."""

    def __init__(self) -> None:
        super().__init__(
            f"no PostgreSQL server found, neither on PATH nor in {PLACES};"
            " install the package postgresql to run this"
        )


@contextmanager
def server(shared: Path, *, durable: bool = False) -> Generator[str]:
    """A connection string of the server that all have in common who name the same directory.

    Args:
        durable: keep what was committed through a power loss.

    Raises:
        NoServer: there is none to start.
    """
    if given := os.environ.get(VARIABLE):
        yield given
        return
    with _alone(shared / "postgres.lock"):
        home, held = _joined(shared) or _started(shared, durable=durable)
    try:
        yield f"host={home} user={USER} dbname=postgres"
    finally:
        os.close(held)


@contextmanager
def for_all() -> Generator[None]:
    """For the block, all processes that are started share one, if there is any to start."""
    with contextlib.ExitStack() as stack:
        shared = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with contextlib.suppress(NoServer):
            os.environ[VARIABLE] = stack.enter_context(server(shared))
            stack.callback(os.environ.pop, VARIABLE)
        yield


@contextmanager
def _alone(path: Path) -> Generator[None]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _joined(shared: Path) -> tuple[Path, int] | None:
    """The server that somebody has started, unless the last one has left it already."""
    try:
        home = Path((shared / "postgres").read_text())
        held = os.open(home / "used", os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    return home, held


def _started(shared: Path, *, durable: bool) -> tuple[Path, int]:
    binaries()
    # Found here so that the guard needs nothing but the standard library.
    from tests.scratch import scratch

    home = Path(tempfile.mkdtemp(prefix="wosync-postgres-", dir=scratch()))
    held = os.open(home / "used", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(held, fcntl.LOCK_SH)
    said = subprocess.run(
        [sys.executable, "-I", __file__, home, *(["durable"] if durable else [])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        start_new_session=True,
    ).stdout
    if said != READY:
        os.close(held)
        raise RuntimeError(f"no PostgreSQL server could be started:\n{said}")
    (shared / "postgres").write_text(str(home))
    return home, held


def binaries() -> Path:
    """Where its programs are; the newest, if not on PATH.

    Raises:
        NoServer: nowhere.
    """
    found = [Path(directory) for directory in os.environ.get("PATH", "").split(os.pathsep)]
    found += sorted(Path("/").glob(PLACES.lstrip("/")), key=_number, reverse=True)
    for directory in found:
        if all(os.access(directory / program, os.X_OK) for program in PROGRAMS):
            return directory
    raise NoServer


def _number(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


def guard(home: Path, settings: Mapping[str, str]) -> None:
    """Start the server, say so, and stop it when nobody holds the lock any more."""
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        running = stack.enter_context(_running(home, settings))
        wait(home, running)
        sys.stdout.write(READY)
        sys.stdout.flush()
        # Whoever started it waits for the end of what it says.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for output in (1, 2):
            os.dup2(nowhere, output)
        fcntl.flock(os.open(home / "used", os.O_RDWR), fcntl.LOCK_EX)


def _leave(_: int, __: FrameType | None) -> None:
    sys.exit(1)


@contextmanager
def _running(home: Path, settings: Mapping[str, str]) -> Generator[subprocess.Popen[bytes]]:
    how = made(home)
    running = begun(home, how, settings)
    try:
        yield running
    finally:
        # At once: nobody will ever ask what was in it.
        running.send_signal(signal.SIGQUIT)
        running.wait()


def made(home: Path) -> dict[str, Any]:
    """Make a server's data in its directory; how its programs are to be run."""
    data = home / "data"
    found = binaries()
    how = as_another(home)
    how.update(cwd=home, env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
    done = subprocess.run(
        [
            found / "initdb",
            *("--pgdata", data),
            *("--username", USER),
            *("--auth", "trust"),
            "--no-sync",
            *("--encoding", "UTF8"),
            *_language(found),
        ],
        capture_output=True,
        text=True,
        check=False,
        **how,
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    rules = data / "pg_hba.conf"
    rules.write_text(f"local all {GUARDED} scram-sha-256\n{rules.read_text()}")
    return how


def begun(home: Path, how: dict[str, Any], settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a server on its data.

    Args:
        how: as `made` told.
    """
    given = {**settings, "unix_socket_directories": str(home)}
    with (home / "log").open("ab") as output:
        return subprocess.Popen[bytes](
            [
                binaries() / "postgres",
                *("-D", home / "data"),
                *(f"--{name}={value}" for name, value in given.items()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **how,
        )


def as_another(home: Path) -> dict[str, Any]:
    """Whom to run it as, who then owns the directory."""
    if os.geteuid() != 0:
        return {}
    for name in OTHERS:
        with contextlib.suppress(KeyError):
            who = pwd.getpwnam(name)
            os.chown(home, who.pw_uid, who.pw_gid)
            return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    sys.exit(f"run as root, and there is no user {' or '.join(OTHERS)}")


def _language(found: Path) -> list[str]:
    """The order of some language, as most servers have it, where that can be had.

    So that a test shows where the order of the bytes is taken for granted.
    """
    known = subprocess.run(
        [found / "initdb", "--help"], capture_output=True, text=True, check=False
    )
    plain = ["--locale", "C"]
    if "--icu-locale" not in known.stdout:
        return plain
    return [*plain, "--locale-provider", "icu", "--icu-locale", "en-US"]


def wait(home: Path, running: subprocess.Popen[bytes]) -> None:
    """Wait until it lets in whoever asks; ends this process where it does not come to that."""
    until = time.monotonic() + START_S
    while not _is_ready(home / "data" / "postmaster.pid"):
        if running.poll() is not None or time.monotonic() > until:
            sys.exit((home / "log").read_text())
        time.sleep(0.01)


def _is_ready(path: Path) -> bool:
    """The server says so in a line of its own."""
    try:
        return READY in path.read_text().split()
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    # Whoever started it need not wait for its end.
    if os.fork() == 0:
        guard(Path(sys.argv[1]), SETTINGS | DURABLE if sys.argv[2:] else SETTINGS)
