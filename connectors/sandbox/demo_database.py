"""A PostgreSQL server of the demo's own: nobody else reaches it, and nothing of it stays."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import anyio.abc

from connectors.sandbox.demo_service import DemoFailed

# Where they are, if not on PATH: Debian and Ubuntu, Fedora and its like, Homebrew.
PLACES = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
)
PROGRAMS = ("initdb", "postgres")
# Whom to run it as for root, which it refuses.
OTHERS = ("postgres", "nobody")
USER, NAME = "wosync", "postgres"

_READY, _READY_LOOK_S, _READY_MAX_S = "ready", 0.02, 30.0
_INSTALL = (
    "install it (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server;"
    " macOS: brew install postgresql), or put its programs on PATH"
)
# Only this demo reaches it, by a socket, and nobody asks it for anything afterwards.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "shared_buffers": "32MB",
    "max_connections": "30",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "logging_collector": "off",
}


class NothingToRun(DemoFailed):
    """A program or library is not on this machine; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Database:
    """The running server.

    Args:
        version: as it tells it, such as `PostgreSQL 15.8`.
    """

    home: Path
    version: str

    @property
    def address(self) -> str:
        """As a configuration names it."""
        return f"postgresql:///{NAME}?host={quote(str(self.home), safe='/')}&user={USER}"


def driver() -> None:
    """Whether the driver is here that the service needs.

    Raises:
        NothingToRun: it is not.
    """
    try:
        import_module("psycopg")
    except ImportError as error:
        raise NothingToRun(
            f"psycopg, the driver for PostgreSQL, is not installed here: {error}\n"
            "  What to do: in a checkout type make demo-ha, which installs it; elsewhere install"
            " the package again with its extra postgres."
        ) from error


def programs(root: Path = Path("/")) -> Path:
    """The directory of its programs: on PATH, or the newest one.

    Raises:
        NothingToRun: there is none.
    """
    found = [Path(one) for one in os.environ.get("PATH", "").split(os.pathsep) if one]
    for place in PLACES:
        found += sorted(root.glob(place), key=_numbers, reverse=True)
    for directory in found:
        if all(os.access(directory / program, os.X_OK) for program in PROGRAMS):
            return directory
    raise NothingToRun(
        f"no PostgreSQL is installed here, neither on PATH nor in /{', /'.join(PLACES)}\n"
        f"  What to do: {_INSTALL}."
    )


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


@asynccontextmanager
async def running_database() -> AsyncGenerator[Database]:
    """Make and run a server for the block; server and data are gone when it is left.

    Raises:
        NothingToRun: there is none to run, or nobody to run it as.
        DemoFailed: it does not start.
    """
    found = programs()
    home = Path(tempfile.mkdtemp(prefix="wosync-pg-"))
    try:
        who = _as_another(home)
        # Cut off in the middle, it would go on writing into what is being removed.
        with anyio.CancelScope(shield=True):
            await _make(found, home, who)
        told = await anyio.run_process([str(found / "postgres"), "--version"], cwd="/")
        version = re.sub(r"^postgres \((\w+)\) (\S+).*", r"\1 \2", told.stdout.decode().strip())
        async with _serving(found, home, who):
            yield Database(home, version)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _as_another(home: Path) -> dict[str, Any]:
    """Whom to run it as, who then owns the directory.

    Raises:
        NothingToRun: there is nobody.
    """
    if os.geteuid() != 0:
        return {}
    for name in OTHERS:
        with suppress(KeyError):
            who = pwd.getpwnam(name)
            os.chown(home, who.pw_uid, who.pw_gid)
            return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    raise NothingToRun(
        f"PostgreSQL does not run as root, and there is no user {' or '.join(OTHERS)}\n"
        "  What to do: start the demo as another user."
    )


async def _make(found: Path, home: Path, who: dict[str, Any]) -> None:
    """Make its files.

    Raises:
        DemoFailed: it does not work.
    """
    made = await anyio.run_process(
        [
            str(found / "initdb"),
            *("--pgdata", str(home / "data")),
            *("--username", USER),
            # Whoever may enter the directory may enter the server.
            *("--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C"),
            "--no-sync",
        ],
        check=False,
        stderr=subprocess.STDOUT,
        cwd=home,
        env=_environment(),
        start_new_session=True,
        **who,
    )
    if made.returncode:
        raise DemoFailed(f"PostgreSQL could not be set up:\n{made.stdout.decode(errors='replace')}")


@asynccontextmanager
async def _serving(found: Path, home: Path, who: dict[str, Any]) -> AsyncGenerator[None]:
    settings = _SETTINGS | {"unix_socket_directories": str(home)}
    log = home / "log"
    with log.open("wb") as output:
        process = await anyio.open_process(
            [
                str(found / "postgres"),
                *("-D", str(home / "data")),
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=home,
            env=_environment(),
            start_new_session=True,
            **who,
        )
    try:
        await _until_ready(process, home, log)
        yield
    finally:
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                # At once: nobody will ever ask what was in it.
                process.send_signal(signal.SIGQUIT)
            await process.wait()
            await process.aclose()


async def _until_ready(process: anyio.abc.Process, home: Path, log: Path) -> None:
    """Wait until it says in a file of its own that it lets people in.

    Raises:
        DemoFailed: it has ended, or takes too long.
    """
    status = home / "data" / "postmaster.pid"
    with anyio.move_on_after(_READY_MAX_S):
        while process.returncode is None:
            with suppress(FileNotFoundError):
                if _READY in status.read_text(encoding="utf-8").split():
                    return
            await anyio.sleep(_READY_LOOK_S)
    raise DemoFailed(f"PostgreSQL does not start. It says:\n{_said(log)}")


def _said(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace").strip()


def _environment() -> dict[str, str]:
    return {"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)}
