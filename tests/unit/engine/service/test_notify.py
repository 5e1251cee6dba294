"""What the supervisor hears: exact datagrams, in order, and never a word that stops the service."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from engine.service.notify import STATUS_CHARS_MAX, Notifier
from tests.simulation import virtual_time

# More than a datagram of ours can ever hold.
DATAGRAM_MAX = 65_536


class Ear:
    """A supervisor's socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address[0] == "@" else address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        """Every datagram since the last look."""
        found: list[str] = []
        while True:
            try:
                found.append(self._socket.recv(DATAGRAM_MAX).decode())
            except BlockingIOError:
                return found

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


@pytest.fixture
def place() -> Generator[Path]:
    """A directory with a short name: the address of a socket must be one."""
    with tempfile.TemporaryDirectory(prefix="ear") as directory:
        yield Path(directory)


@pytest.fixture(params=["path", "abstract"])
def ear(request: pytest.FixtureRequest, place: Path) -> Generator[Ear]:
    """Both kinds of address that systemd gives."""
    name = str(place / "notify")
    opened = Ear(name if request.param == "path" else f"@{name}")
    yield opened
    opened.close()


def test_a_whole_life_is_told_word_for_word(ear: Ear) -> None:
    """The protocol has no answer: a misspelt word is simply never understood."""
    notifier = Notifier(ear.address)

    async def life() -> None:
        notifier.extend(30)
        notifier.alive()
        notifier.ready("ready; lag 0 s, 0 pending, 0 in error")
        notifier.status("ready; lag 12 s, 3 pending, 1 in error")
        notifier.reloading()
        notifier.ready("ready")
        notifier.stalled("stalled: poller")
        notifier.stopping("stopping, within 30 s")

    virtual_time.run(life)

    assert ear.heard() == [
        "EXTEND_TIMEOUT_USEC=30000000",
        "WATCHDOG=1",
        "READY=1\nSTATUS=ready; lag 0 s, 0 pending, 0 in error",
        "STATUS=ready; lag 12 s, 3 pending, 1 in error",
        "RELOADING=1\nMONOTONIC_USEC=0",
        "READY=1\nSTATUS=ready",
        "WATCHDOG=trigger\nSTATUS=stalled: poller",
        "STOPPING=1\nSTATUS=stopping, within 30 s",
    ]


@pytest.mark.anyio
async def test_the_time_of_a_reload_is_the_systems_monotonic_clock(ear: Ear) -> None:
    """The supervisor tells by it which reload a later word belongs to."""
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    Notifier(ear.address).reloading()
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

    [_, stamp] = ear.heard()[0].split("\n")
    assert before <= int(stamp.removeprefix("MONOTONIC_USEC=")) <= after


def test_the_address_comes_from_whoever_started_us(
    ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd names its socket in the environment."""
    monkeypatch.setenv("NOTIFY_SOCKET", ear.address)
    Notifier.from_environment().alive()
    monkeypatch.delenv("NOTIFY_SOCKET")
    Notifier.from_environment().alive()

    assert ear.heard() == ["WATCHDOG=1"]


@pytest.mark.parametrize(
    ("period", "process", "watchdog_s"),
    [
        ("3000000", None, 3.0),
        ("3000000", "ours", 3.0),
        ("3000000", "1", None),
        ("0", None, None),
        ("soon", None, None),
        ("", None, None),
    ],
)
def test_the_period_of_the_watchdog_comes_from_whoever_started_us(
    monkeypatch: pytest.MonkeyPatch, period: str, process: str | None, watchdog_s: float | None
) -> None:
    """An operator who shortens it must not have a healthy service killed."""
    monkeypatch.setenv("WATCHDOG_USEC", period)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    if process is not None:
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if process == "ours" else process)

    assert Notifier.from_environment().watchdog_s == watchdog_s


@pytest.mark.parametrize("address", [None, "", "notify", "vsock:2:1234", "127.0.0.1:1"])
def test_without_an_address_of_a_socket_nobody_is_told(address: str | None) -> None:
    """A terminal is no supervisor, and a strange variable no reason to fail."""
    notifier = Notifier(address)
    with capture_logs() as lines:
        notifier.ready("ready")
        notifier.alive()

    assert notifier.told_ready
    assert lines == []


def test_readiness_is_remembered_from_the_first_time_it_was_told(ear: Ear) -> None:
    """Before it there is no reload to report: nothing to come back to."""
    notifier = Notifier(ear.address)
    notifier.alive()
    notifier.status("starting")
    assert not notifier.told_ready
    notifier.ready("ready")
    assert notifier.told_ready


@pytest.mark.parametrize("gone", ["closed", "removed", "never there"])
def test_a_supervisor_that_is_gone_is_missed_once_and_harms_nobody(place: Path, gone: str) -> None:
    """The service works on; its log is not filled every two seconds."""
    path = place / "notify"
    if gone != "never there":
        Ear(str(path)).close()
    if gone == "removed":
        path.unlink()
    notifier = Notifier(str(path))

    with capture_logs() as lines:
        for _ in range(5):
            notifier.alive()
            notifier.stalled("stalled: poller")

    [line] = lines
    assert (line["event"], line["log_level"]) == ("supervisor_not_told", "warning")
    assert line["reason"]


def test_a_supervisor_that_does_not_listen_keeps_nobody_waiting(ear: Ear) -> None:
    """A full socket would block whoever sends, and that is the event loop."""
    notifier = Notifier(ear.address)

    with capture_logs() as lines:
        for _ in range(5000):
            notifier.alive()

    assert 0 < len(ear.heard()) < 5000
    assert [line["event"] for line in lines] == ["supervisor_not_told"]
    notifier.alive()
    assert ear.heard() == ["WATCHDOG=1"]


@pytest.mark.parametrize(
    "address", ["/" + "x" * 200, "@" + "x" * 200, "/nul\0inside", "/nowhere/ümläut\udcff"]
)
def test_an_address_that_cannot_be_one_is_missed_once_too(address: str) -> None:
    """Whatever stands in the environment, the service starts."""
    notifier = Notifier(address)

    with capture_logs() as lines:
        notifier.alive()
        notifier.alive()

    [line] = lines
    assert line["event"] == "supervisor_not_told"
    assert line["reason"]


def test_a_status_is_one_short_line(ear: Ear) -> None:
    """A line break would begin another assignment, and a long text would be no datagram."""
    notifier = Notifier(ear.address)

    notifier.status("no progress\nREADY=1\r\n\tin:  poller")
    notifier.ready("x" * 100_000)

    first, second = ear.heard()
    assert first == "STATUS=no progress READY=1 in: poller"
    assert second == f"READY=1\nSTATUS={'x' * STATUS_CHARS_MAX}"


def test_no_socket_is_left_open(ear: Ear) -> None:
    """A word every two seconds for a year."""
    notifier = Notifier(ear.address)
    before = open_files()
    for _ in range(50):
        notifier.alive()

    assert open_files() == before


def open_files() -> int:
    """Files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
