"""Reloading the real process, and every word its supervisor hears over a whole life."""

from __future__ import annotations

import os
import re
import signal
import socket
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
from anyio.abc import Process

from connectors.sandbox.sandbox import Addresses, Sandbox, SandboxOptions
from connectors.sandbox.serving import free_port
from engine.service.control import FILE_NAME
from tests.end_to_end import started
from tests.end_to_end.test_cli_errors import Home, home_of, paragraph, served
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

ROOT = str(Path(__file__).resolve().parents[2])
LOOK_S = 0.02
DATAGRAM_MAX = 8192
DONE, UNREACHABLE, STATE, CONFIGURATION = 0, 69, 74, 78
# Words about the life of the service; the others say that it lives.
TURNS = ("READY=1", "RELOADING=1", "STOPPING=1")


@dataclass(slots=True)
class Ear:
    """A supervisor's socket, and every datagram it heard."""

    path: str
    _socket: socket.socket
    heard: list[str] = field(default_factory=list[str])

    def listen(self) -> list[str]:
        """Take in what came; everything so far."""
        with suppress(BlockingIOError):
            while True:
                self.heard.append(self._socket.recv(DATAGRAM_MAX).decode())
        return self.heard

    def turns(self) -> list[str]:
        """The turns of its life so far."""
        return [word for said in self.listen() for word in said.split("\n") if word in TURNS]

    def status(self) -> str:
        """The latest status."""
        found = [
            line
            for said in self.listen()
            for line in said.split("\n")
            if line.startswith("STATUS=")
        ]
        return found[-1] if found else ""


@pytest.fixture
def ear() -> Generator[Ear]:
    """A socket with a short name: an address must have one."""
    with (
        tempfile.TemporaryDirectory(prefix="ear") as directory,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened,
    ):
        path = f"{directory}/notify"
        opened.bind(path)
        opened.setblocking(False)
        yield Ear(path, opened)


@dataclass(slots=True)
class Life:
    """A running service with its supervisor."""

    home: Home
    ear: Ear
    log: Path
    process: Process

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; the service must live meanwhile."""
        with anyio.fail_after(DEADLINE_S):
            while not holds():
                self.ear.listen()
                assert self.process.returncode is None, self.said()
                await anyio.sleep(LOOK_S)

    async def turned(self, *turns: str) -> None:
        """Wait until its life had these turns; there may be no others."""
        await self.until(lambda: len(self.ear.turns()) >= len(turns))
        assert self.ear.turns() == list(turns)

    def said(self) -> str:
        """Its log."""
        return self.log.read_text(encoding="utf-8")

    def hang_up(self) -> None:
        """What `kill -HUP` does."""
        self.process.send_signal(signal.SIGHUP)

    async def stopped(self) -> int:
        """Stop it as a supervisor does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        with anyio.fail_after(DEADLINE_S):
            code = await self.process.wait()
        assert "Traceback" not in self.said()
        assert not [secret for secret in self.home.secrets if secret in self.said()]
        return code


@asynccontextmanager
async def living(home: Home, ear: Ear) -> AsyncGenerator[Life]:
    """The real service with a supervisor that listens."""
    log = home.directory / "service.log"
    environment = {**os.environ, "PYTHONPATH": ROOT, "NOTIFY_SOCKET": ear.path}
    environment.pop("JOURNAL_STREAM", None)
    with log.open("wb") as out:
        async with await started.start(
            "run",
            "--config",
            str(home.config),
            cwd=home.directory,
            stdout=out,
            stderr=out,
            env=environment,
        ) as process:
            try:
                yield Life(home, ear, log, process)
            finally:
                process.kill()


def adds(home: Home, text: str) -> None:
    """Somebody appends to the configuration."""
    with home.config.open("a", encoding="utf-8") as file:
        file.write(text)


async def test_a_whole_life_is_told_and_every_reload_has_an_end(tmp_path: Path, ear: Ear) -> None:
    """A unit that stays "reloading" for ever is one nobody can restart in order."""
    async with served(tmp_path / "home") as home, living(home, ear) as life:
        turns = ["READY=1"]
        await life.turned(*turns)
        good = home.config.read_text(encoding="utf-8")

        life.hang_up()
        turns += ["RELOADING=1", "READY=1"]
        await life.turned(*turns)
        assert re.search(r"RELOADING=1\nMONOTONIC_USEC=\d+$", "\n\n".join(ear.listen()), re.M)

        adds(home, "\n[concurrency]\nopportunity_syncers = 6\n")
        applied = await home.run("reload")
        turns += ["RELOADING=1", "READY=1"]
        await life.turned(*turns)
        assert (applied.code, applied.err) == (DONE, "")
        assert applied.out == "concurrency.opportunity_syncers: 4 → 6\n"

        adds(home, "[fuse]\nshare = 0.9\n")
        fixed = await home.run("reload")
        turns += ["RELOADING=1", "READY=1"]
        await life.turned(*turns)
        assert fixed.code == CONFIGURATION
        assert "fuse.share cannot change while the service runs" in paragraph(fixed)
        assert "reload refused: fuse.share" in ear.status()

        adds(home, "[broken\n")
        broken = await home.run("reload")
        life.hang_up()
        turns += ["RELOADING=1", "READY=1"] * 2
        await life.turned(*turns)
        assert broken.code == CONFIGURATION
        assert "is not valid TOML" in paragraph(broken)
        assert "reload refused: " in ear.status()

        home.config.write_text(good, encoding="utf-8")
        mended = await home.run("reload")
        turns += ["RELOADING=1", "READY=1"]
        await life.turned(*turns)
        assert (mended.code, mended.out) == (DONE, "concurrency.opportunity_syncers: 6 → 4\n")
        assert "refused" not in ear.status()

        assert await life.stopped() == DONE
        assert ear.turns() == [*turns, "STOPPING=1"]
        assert ear.status().startswith("STATUS=stopping")
        everything = ear.listen()
        assert any(said == "WATCHDOG=1" for said in everything)
        assert not [said for said in everything if "trigger" in said]
        assert life.said().count('"reload_refused"') == 3

        nobody = await home.run("reload")
        assert nobody.code == UNREACHABLE
        assert "no service answers" in paragraph(nobody)


async def test_a_reload_before_it_is_ready_says_nothing_and_changes_the_settings(
    tmp_path: Path, ear: Ear
) -> None:
    """READY would end a start that is not over, and RELOADING begin what has no end."""
    closed = f"http://127.0.0.1:{free_port()}"
    sandbox = Sandbox(SandboxOptions(bulk=0))
    home = home_of(tmp_path / "home", sandbox, Addresses(closed, closed, closed))
    async with living(home, ear) as life:
        await life.until(lambda: "waiting_for_system" in life.said())
        life.hang_up()
        await life.until(lambda: '"reloaded"' in life.said())
        adds(home, "\n[concurrency]\nopportunity_syncers = 6\n")
        applied = await home.run("reload")
        adds(home, "[broken\n")
        refused = await home.run("reload")
        await life.until(lambda: any("EXTEND_TIMEOUT_USEC=" in said for said in ear.listen()))
        assert ear.turns() == []
        assert (applied.code, refused.code) == (DONE, CONFIGURATION)

        assert await life.stopped() == DONE
        assert ear.turns() == ["STOPPING=1"]


async def test_a_reload_while_it_stops_is_not_the_beginning_of_anything(
    tmp_path: Path, ear: Ear
) -> None:
    """After the last word but one the supervisor waits for the end only."""
    sandbox = Sandbox(SandboxOptions(bulk=100, latency_s=0.05, mint_interval_s=0))
    async with served(tmp_path / "home", sandbox) as home, living(home, ear) as life:
        await life.turned("READY=1")
        sandbox.outreach_traffic.latency_s = 0.5
        before = sandbox.outreach_traffic.total
        await life.until(lambda: sandbox.outreach_traffic.total > before)
        life.process.send_signal(signal.SIGTERM)
        await life.until(lambda: "STOPPING=1" in ear.turns())
        life.hang_up()
        await life.until(lambda: '"reloaded"' in life.said())
        sandbox.outreach_traffic.latency_s = 0.0
        with anyio.fail_after(DEADLINE_S):
            assert await life.process.wait() == DONE

        assert ear.turns() == ["READY=1", "STOPPING=1"]
        assert "Traceback" not in life.said()


@pytest.mark.parametrize("text", ["", "[service\n"], ids=["whole", "broken"])
async def test_without_a_service_a_reload_says_so_whatever_the_file_is(
    tmp_path: Path, text: str
) -> None:
    """The file is the service's to judge; the command needs only to find it."""
    sandbox = Sandbox(SandboxOptions(bulk=0))
    closed = f"http://127.0.0.1:{free_port()}"
    home = home_of(tmp_path / "home", sandbox, Addresses(closed, closed, closed))
    adds(home, text)

    ended = await home.run("reload")

    assert ended.code == (CONFIGURATION if text else UNREACHABLE)
    assert ended.out == ""
    assert ("is not valid TOML" if text else "no service answers") in paragraph(ended)


async def test_who_cannot_read_the_token_is_told_who_can(tmp_path: Path, ear: Ear) -> None:
    """Another user of the machine, or an operator in a shell without the service's directory."""
    async with (
        served(tmp_path / "home", Sandbox(SandboxOptions(bulk=0))) as home,
        living(home, ear) as life,
    ):
        await life.turned("READY=1")
        token = home.state / FILE_NAME
        away = token.rename(token.with_suffix(".away"))
        for command in ("reload", "approve"):
            ended = await home.run(command)
            assert ended.code == STATE
            assert "as root or as the service's user" in paragraph(ended)
        away.rename(token)

        assert (await home.run("approve")).out == "nothing waits for approval\n"
        assert (await home.run("reload")).out == "nothing has changed\n"
        assert await life.stopped() == DONE
        assert not token.exists()
