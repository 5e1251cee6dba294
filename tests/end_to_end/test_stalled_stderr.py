"""Standard error that takes nothing: the service works, says what is lost, and ends in time."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread
import httpx
import pytest
from anyio.abc import Process
from prometheus_client.parser import text_string_to_metric_families

from connectors.sandbox.sandbox import Sandbox, SandboxOptions
from tests.end_to_end.test_cli_errors import Home, served
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

ROOT = str(Path(__file__).resolve().parents[2])
LOOK_S = 0.2
TALKATIVE = """
import sys
from contextlib import suppress
from engine import __main__ as program
from engine.cli import app

def start(words):
    with suppress(OSError):
        sys.stderr.write("unread")
    return 7

app.start = start
program.main()
"""
# The service as ever, but for few lines only that wait: thousands would take a minute to be said.
FEW_WAIT = """
from engine import __main__ as program
from engine.logs import writing

writing.WAITING_MAX = 100
program.main()
"""
PIPE_BYTES = 4096
DONE, USAGE, CONFIGURATION = 0, 2, 78


@dataclass(frozen=True, slots=True)
class Unheard:
    """A service whose standard error nobody reads; `pipe` is where it could be read."""

    process: Process
    client: httpx.AsyncClient
    pipe: int

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something holds; the service must live meanwhile."""
        with anyio.fail_after(DEADLINE_S):
            while not await holds():  # what another process does has no event
                assert self.process.returncode is None
                await anyio.sleep(LOOK_S)

    async def drops(self) -> bool:
        """Whether it says that it has dropped lines."""
        with suppress(httpx.TransportError):
            text = (await self.client.get("/metrics")).text
            for family in text_string_to_metric_families(text):
                if family.name == "wosync_log_lines_dropped":
                    return family.samples[0].value > 0
        return False

    async def ended(self) -> int:
        """Its exit code after it was told to stop."""
        with anyio.fail_after(DEADLINE_S):
            return await self.process.wait()


@asynccontextmanager
async def unheard(home: Home) -> AsyncGenerator[Unheard]:
    """A talkative service whose standard error is a pipe that nobody reads."""
    home.replace("interval_s = 2", "interval_s = 0.01")
    home.replace("[service]", '[service]\nlog_level = "debug"')
    [http] = re.findall(r'^http = "(.+)"', home.config.read_text("utf-8"), re.MULTILINE)
    reader, writer = os.pipe()
    # Where the system can: more would only take longer to fill.
    if resize := getattr(fcntl, "F_SETPIPE_SZ", None):
        fcntl.fcntl(writer, resize, PIPE_BYTES)
    command = [sys.executable, "-c", FEW_WAIT, "run", "--config", str(home.config)]
    environment = {**os.environ, "PYTHONPATH": ROOT}
    try:
        async with (
            await anyio.open_process(command, stderr=writer, env=environment) as process,
            httpx.AsyncClient(base_url=f"http://{http}", trust_env=False) as client,
        ):
            os.close(writer)
            try:
                yield Unheard(process, client, reader)
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
    finally:
        os.close(reader)


async def test_a_reader_that_stops_reading_stops_nothing_else(tmp_path: Path) -> None:
    """A shell in a pager, a collector that hangs: the pipe is full, and edits still arrive."""
    sandbox = Sandbox(SandboxOptions(bulk=0))
    edited = next(iter(sandbox.sample.linked))

    async def arrived() -> bool:
        rows = sandbox.outreach.opportunities.rows()
        return any(row.attributes["name"] == "Edited unheard" for row in rows)

    async with served(tmp_path / "home", sandbox) as home, unheard(home) as service:
        await service.until(service.drops)
        assert sandbox.workbooks.opportunities.update(edited, description="Edited unheard")
        await service.until(arrived)
        assert (await service.client.get("/healthz")).status_code == 200
        service.process.terminate()
        assert await service.ended() == DONE


async def test_what_was_dropped_is_told_once_somebody_reads_again(tmp_path: Path) -> None:
    """Whoever looks for a line must know that there were more."""
    async with (
        served(tmp_path / "home") as home,
        unheard(home) as service,
    ):
        await service.until(service.drops)
        service.process.terminate()
        with os.fdopen(os.dup(service.pipe), "rb") as reader:
            said = await anyio.to_thread.run_sync(reader.read)
        assert await service.ended() == DONE

    lines = [json.loads(line) for line in said.decode().splitlines()]
    told = [line["lines"] for line in lines if line["event"] == "lines_dropped"]
    assert sum(told) >= 1
    assert lines[-1]["event"] == "stopped"


@pytest.mark.parametrize("device", ["closed", "full", "gone"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("sing",), USAGE), (("status", "--config", "absent.toml"), CONFIGURATION)],
    ids=["usage", "configuration"],
)
def test_an_exit_code_is_the_same_when_nobody_can_be_told(
    tmp_path: Path, device: str, arguments: tuple[str, ...], code: int
) -> None:
    """What the interpreter cannot write at its end must not make another one of it."""
    opened = {"closed": 'exec "$@" 2>&-', "full": 'exec "$@" 2>/dev/full', "gone": 'exec "$@"'}
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as unread:
        done = subprocess.run(
            ["bash", "-c", opened[device], "bash", sys.executable, "-m", "engine", *arguments],
            cwd=tmp_path,
            stderr=unread,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": ROOT},
            timeout=DEADLINE_S,
            check=False,
        )

    assert done.returncode == code


@pytest.mark.parametrize("device", ["2>&-", "2>/dev/full"])
async def test_a_single_run_works_and_ends_as_usual_when_nobody_can_be_told(
    tmp_path: Path, device: str
) -> None:
    """Its results go elsewhere, and the state is not written into a stranger's place."""
    async with served(tmp_path / "home") as home:
        command = [sys.executable, "-m", "engine", "once", "--json", "--config", str(home.config)]
        with anyio.fail_after(DEADLINE_S):
            done = await anyio.run_process(
                ["bash", "-c", f'exec "$@" {device}', "bash", *command],
                cwd=home.directory,
                check=False,
                env={**os.environ, "PYTHONPATH": ROOT},
            )

    assert done.returncode == 3
    assert json.loads(done.stdout)["linked"] > 0


def test_what_a_library_says_at_the_end_does_not_change_the_exit_code(tmp_path: Path) -> None:
    """The interpreter itself would make 120 of it."""
    done = subprocess.run(
        ["bash", "-c", 'exec "$@" 2>/dev/full', "bash", sys.executable, "-c", TALKATIVE],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ROOT},
        timeout=DEADLINE_S,
        check=False,
    )

    assert done.returncode == 7
