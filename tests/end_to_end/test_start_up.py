"""What a command loads before it does anything: of the heavy libraries none it does not need.

Counted in modules, which no machine changes; `make bench` has the milliseconds.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from connectors.sandbox.serving import free_port
from engine.store.sqlite import statefile
from tests.end_to_end import warm
from tests.scenario.bench import bench
from tests.scenario.service_port import served
from tests.waiting import DEADLINE_S

ROOT = Path(__file__).resolve().parents[2]
HEAVY = frozenset(
    {
        "aiohttp",
        "aiosqlite",
        "anyio",
        "asyncio",
        "httpx",
        "prometheus_client",
        "pydantic",
        "rich",
        "sqlite3",
        "starlette",
        "structlog",
        "tomlkit",
        "typer",
        "uvicorn",
        # Of the standard library: what knows every way of installing a distribution.
        "email",
        "importlib.metadata",
    }
)
# What only the service itself works with.
OF_THE_SERVICE = frozenset(
    {
        "aiohttp",
        "aiosqlite",
        "engine.actors",
        "engine.assembly",
        "engine.service.http",
        "engine.service.process",
        "prometheus_client",
        "starlette",
        "uvicorn",
    }
)
# What a command with a configuration loads only to do more than look at its own state.
OF_LATER = frozenset(
    {
        "anyio",
        "asyncio",
        "connectors.outreach.client",
        "connectors.workbooks.client",
        "engine.flow.governor",
        "engine.ports",
        "engine.store.sqlite.settle",
        "http.client",
        "httpx",
        "structlog",
        "tomlkit",
    }
)
# Once it was 830 and more; of Python itself, its packages included, it is some 200.
LOOKS_MAX = {"status": 450, "why": 510, "history": 490, "list": 480}
# What a table, and an answer of the service, cannot do without.
SHOWING = frozenset({"rich", "email"})
IMPORTED = re.compile(r"^import time:\s*\d+ \|\s*\d+ \|\s*([\w.]+)$", re.MULTILINE)
CONFIG = """
[service]
http = "127.0.0.1:{port}"
state_dir = "{state}"
[workbooks]
api_key = {{ env = "SURELY_NOT_SET" }}
[outreach]
client_id = {{ env = "SURELY_NOT_SET" }}
client_secret = {{ env = "SURELY_NOT_SET" }}
refresh_token = {{ env = "SURELY_NOT_SET" }}
"""


def loaded(directory: Path, *arguments: str, **environment: str) -> frozenset[str]:
    """Every module a command line loads, and every package one of them is in."""
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "engine", *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    names: list[str] = IMPORTED.findall(ended.stderr)
    return frozenset(name.rsplit(".", up)[0] for name in names for up in range(name.count(".") + 1))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A valid configuration of a service that does not run."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(port=free_port(), state=tmp_path / "state"), encoding="utf-8")
    return path


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_what_only_prints_loads_nothing_heavy(tmp_path: Path, argument: str) -> None:
    """They are asked for by people who look around, and by scripts."""
    modules = loaded(tmp_path, argument)

    assert "engine.cli.app" in modules
    assert modules & HEAVY == set()


@pytest.mark.parametrize(
    "arguments",
    [("config", "set", "--help"), ("completion", "bash"), ("unit", "show")],
    ids=" ".join,
)
def test_what_needs_no_configuration_loads_nothing_heavy_of_ours(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """They are the first commands on a machine that has nothing else yet."""
    modules = loaded(tmp_path, *arguments)

    assert "engine.cli.app" in modules
    assert modules & HEAVY == set()
    assert "engine.config" not in modules


def test_a_word_to_complete_loads_nothing_heavy_of_ours(tmp_path: Path) -> None:
    """Somebody holds a finger on the key meanwhile."""
    words = {"_WOSYNC_COMPLETE": "complete_bash", "COMP_WORDS": "wosync\ncon", "COMP_CWORD": "1"}
    modules = loaded(tmp_path, **words)

    assert "engine.cli.commands" in modules
    assert modules & HEAVY == set()
    # Errors, and what becomes of the output of a command, are of no use here.
    assert modules & {"engine.errors", "engine.cli.output", "tempfile"} == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("reload",),
        ("approve",),
        ("tune",),
        ("history", "OPP-1"),
        ("config", "show"),
        ("config", "get", "poller.interval_s"),
    ],
    ids=" ".join,
)
def test_what_only_asks_or_looks_loads_nothing_of_the_service(
    config: Path, arguments: tuple[str, ...]
) -> None:
    """Otherwise each look at a service costs as much as starting another one."""
    modules = loaded(config.parent, *arguments, "--config", str(config))

    # A scrape is read by the library that writes them.
    reads = {"prometheus_client"} if arguments == ("tune",) else set[str]()
    assert "engine.config.loading" in modules
    assert modules & OF_THE_SERVICE == reads


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("status", "--json"),
        ("why", "OPP-1", "--offline"),
        ("history", "OPP-1"),
        ("list", "--waiting"),
    ],
    ids=" ".join,
)
def test_what_looks_into_the_state_loads_what_it_looks_at_alone(
    config: Path, arguments: tuple[str, ...]
) -> None:
    """A look at a service that does not run costs no more than one at a service that does."""
    state = config.parent / "state"
    state.mkdir(mode=0o700)
    statefile.prepare(state / statefile.FILE_NAME)
    modules = loaded(config.parent, *arguments, "--config", str(config))

    assert {"engine.config.loading", "sqlite3"} <= modules
    assert modules & (OF_THE_SERVICE | OF_LATER) == set()
    assert len(modules) < LOOKS_MAX[arguments[0]]
    assert ("rich" in modules) == (arguments != ("status", "--json"))


def test_what_checks_the_systems_loads_no_service(config: Path) -> None:
    """It speaks with both as a service does, and has neither its port nor what draws tracebacks."""
    modules = loaded(config.parent, "check", "--config", str(config))

    assert {"aiohttp", "engine.assembly", "engine.service.listening"} <= modules
    assert modules & {"engine.service.http", "starlette", "uvicorn", "rich.traceback"} == set()


def test_a_table_of_the_configuration_is_made_once(config: Path) -> None:
    """What checks one is made as a part of the whole; by itself it would be made twice."""
    asked = (
        "import pathlib, sys; from engine.cli.reading import look; from engine.settings import *;"
        " look(pathlib.Path(sys.argv[1]));"
        " print(*(one.__pydantic_complete__ for one in Settings.__subclasses__()))"
    )
    said = subprocess.run(
        [sys.executable, "-c", asked, str(config)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert len(said) > 10
    # In the systems' own tables, what was left out of them.
    assert said.count("True") <= 2


@pytest.mark.anyio
@pytest.mark.parametrize(
    "arguments", [("status",), ("why", "OPP-1"), ("why", "OPP-1", "--offline")], ids=" ".join
)
async def test_what_a_running_service_answers_loads_no_settings(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Somebody asks about one record after the other; most of the time would go into classes.

    The directory has a name that no header can carry as it is.
    """
    home = tmp_path / "Büro 50% — 北"
    home.mkdir()
    async with bench(home, sockets=True) as world:
        world.has("Harbour crane")
        async with served(world):
            path = world.directory / "config.toml"
            modules = await anyio.to_thread.run_sync(
                lambda: loaded(tmp_path, *arguments, "--config", str(path))
            )

    assert "rich" in modules
    assert modules & (HEAVY - SHOWING) == set()
    assert "engine.config.loading" not in modules


@pytest.mark.anyio
async def test_a_file_changed_beside_the_service_is_judged(tmp_path: Path) -> None:
    """The service runs on what it read; whoever asks is told what a start would say."""
    async with bench(tmp_path, sockets=True) as world, served(world):
        path = world.directory / "config.toml"
        path.write_text(path.read_text("utf-8") + "\n[poler]\ninterval_s = 1\n", "utf-8")
        _, said = await anyio.to_thread.run_sync(
            lambda: warm.run(["status", "--config", str(path)], tmp_path, os.environ)[1:]
        )

    assert "[poler]: unknown key; did you mean 'poller'?" in said


def test_the_engine_offers_what_it_lists_without_loading_it_at_once(tmp_path: Path) -> None:
    """Every command reads its first file; connectors find in it all that was promised to them."""
    modules = loaded(tmp_path, "--version")

    assert "engine" in modules
    assert not modules & {
        "engine.wire.exchange",
        "engine.ports",
        "engine.model.records",
        "engine.settings",
    }


def test_nothing_is_looked_through_at_the_end() -> None:
    """A process that ends needs no room, and most of a short command would be spent on it."""
    asked = (
        "import atexit, gc, sys; atexit.register(lambda: print(gc.get_freeze_count(),"
        " file=sys.stderr)); from engine.__main__ import main; sys.argv[1:] = ['--version']; main()"
    )
    said = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stderr

    assert int(said) > 10_000
