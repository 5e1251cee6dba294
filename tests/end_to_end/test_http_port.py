"""What strangers do to the HTTP port of the real service: it stays alive, and goes on polling."""

from __future__ import annotations

import os
import re
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import anyio
import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from connectors.sandbox.demo_service import read_look
from connectors.sandbox.sandbox import Ports, Sandbox
from connectors.sandbox.serving import free_port
from connectors.sandbox.settings_file import prepared, write_settings
from engine.service import http
from engine.service.control import FILE_NAME
from engine.service.doors import Doors
from engine.service.listening import listen
from engine.service.reloading import Reloaded
from engine.service.status import Status
from tests.end_to_end.few import few
from tests.waiting import DEADLINE_S

# One service serves them all.
pytestmark = pytest.mark.xdist_group("http_port")

ROOT = str(Path(__file__).resolve().parents[2])
LOOK_S = 0.1
ROUTES = ("/metrics", "/healthz", "/readyz", "/leaderz", "/status", "/mapping")
MEGABYTE = 2**20
# Far more than the service holds at rest may differ by, far less than what was sent to it.
GROWTH_MAX = 40 * MEGABYTE
# Files the service may have open; the usual bound is 1024.
FILES_MAX = 640


@dataclass(frozen=True, slots=True)
class Service:
    """A service that runs on a sandbox of its own."""

    running: subprocess.Popen[str]
    home: Path
    host: str
    port: int
    sandbox: Sandbox

    @property
    def url(self) -> str:
        """Base of its routes."""
        return f"http://{self.host}:{self.port}"

    def ask(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        """One request, on a connection of its own."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        with httpx.Client(base_url=self.url, trust_env=False, timeout=DEADLINE_S) as client:
            return client.request(method, path, headers=named)

    @contextmanager
    def connected(self, first: bytes = b"") -> Generator[socket.socket]:
        """A bare connection over which something was sent."""
        with socket.create_connection((self.host, self.port), timeout=DEADLINE_S) as connection:
            connection.sendall(first)
            yield connection

    def polls(self) -> int:
        """Polls since it started, as the sandbox has heard them: at rest nothing else asks so."""
        return self.sandbox.workbooks_traffic.counts["GET", "/crm/opportunities.api"]

    def resident(self) -> int:
        """Bytes of memory in use."""
        status = Path(f"/proc/{self.running.pid}/status").read_text(encoding="utf-8")
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


def parse_text(text: str) -> list[Metric]:
    """The client's own reading of the text format."""
    return list(text_string_to_metric_families(text))


def parse_openmetrics(text: str) -> list[Metric]:
    """The client's own reading of OpenMetrics."""
    untyped: Callable[..., Generator[Metric]] = openmetrics.text_string_to_metric_families  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] # untyped there
    return list(untyped(text))


def wait_until(happened: Callable[[], bool], what: str) -> None:
    """Wait, but not for ever."""
    until = time.monotonic() + DEADLINE_S
    while not happened():
        assert time.monotonic() < until, f"{what} never happened"
        time.sleep(LOOK_S)


def reads_to_the_end(connection: socket.socket) -> bytes:
    """Everything until the service closes; cutting the connection is closing it too."""
    seen = b""
    with suppress(ConnectionError):
        while part := connection.recv(65_536):
            seen += part
    return seen


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    """A small sandbox and a service that polls it without a rest, and has done all else."""
    home = tmp_path_factory.mktemp("port") / "home"
    sandbox = few()
    with start_blocking_portal() as portal, ExitStack() as left:
        served = portal.wrap_async_context_manager(sandbox.serving(Ports()))
        path = write_settings(prepared(home), left.enter_context(served), sandbox.credentials).path
        text = path.read_text(encoding="utf-8").replace("interval_s = 2", "interval_s = 0.3")
        path.write_text(text, encoding="utf-8")
        log = left.enter_context((home / "service.log").open("w", encoding="utf-8"))
        command = [sys.executable, "-m", "engine", "run", "--config", str(path)]
        running = left.enter_context(
            subprocess.Popen(
                # Few files, so that connections that use them all up are found out.
                ["bash", "-c", f'ulimit -n {FILES_MAX}; exec "$@"', "bash", *command],
                stdout=log,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONPATH": ROOT},
            )
        )
        left.callback(running.kill)
        [(host, port)] = re.findall(r'^http = "([^:"]+):(\d+)"', text, re.MULTILINE)
        service = Service(running, home, host, int(port), sandbox)

        def at_rest() -> bool:
            assert running.poll() is None, (home / "service.log").read_text(encoding="utf-8")
            with suppress(httpx.TransportError):
                return read_look(service.ask("/status").json()).at_rest
            return False

        wait_until(at_rest, "rest")
        yield service


@pytest.fixture
def service(started: Service) -> Generator[Service]:
    """The service; whatever a test does to it, afterwards it answers and polls as before."""
    yield started
    assert started.running.poll() is None, "the service has ended"
    assert started.ask("/healthz").text == "alive\n"
    before = started.polls()
    wait_until(lambda: started.polls() > before, "another poll")


@pytest.mark.parametrize(
    ("accept", "content_type", "parse"),
    [
        ("*/*", "text/plain; version=0.0.4", parse_text),
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4", parse_text),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
            "application/openmetrics-text; version=1.0.0",
            parse_openmetrics,
        ),
        ("nonsense;;;q=x,,", "text/plain; version=0.0.4", parse_text),
    ],
    ids=["anything", "text", "openmetrics", "nonsense"],
)
def test_metrics_come_in_the_form_that_was_asked_for(
    service: Service,
    accept: str,
    content_type: str,
    parse: Callable[[str], list[Metric]],
) -> None:
    """A scraper refuses an answer whose type is not what it holds."""
    answer = service.ask("/metrics", accept=accept, accept_encoding="gzip")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(content_type)
    names = {family.name for family in parse(answer.text)}
    assert {"wosync_ready", "wosync_polls", "process_resident_memory_bytes"} <= names


@pytest.mark.parametrize("path", ROUTES)
def test_head_is_answered_without_a_body(service: Service, path: str) -> None:
    """Bytes behind the head would be taken for the beginning of the next answer."""
    with service.connected(
        f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    ) as connection:
        head, _, body = reads_to_the_end(connection).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 ")
    assert body == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_a_method_a_route_does_not_have_is_refused(service: Service, method: str) -> None:
    """Nothing that only shows something can be told to do something."""
    assert [service.ask(path, method).status_code for path in ROUTES] == [405] * len(ROUTES)


@pytest.mark.parametrize("path", ["/approve", "/authorise", "/reload"])
def test_what_changes_something_asks_for_the_token(service: Service, path: str) -> None:
    """Any user of the machine, and a web page open on it, can send a POST with any constant."""
    assert service.ask(path).status_code == 405
    assert service.ask(path, "POST").status_code == 403
    for guess in ("wosync", "", "x" * 43):
        assert service.ask(path, "POST", x_requested_with=guess).status_code == 403
        assert service.ask(path, "POST", x_wosync_token=guess).status_code == 403


@pytest.mark.parametrize("path", [*ROUTES, "/approve"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:9464", "127.0.0.1.evil.example"])
def test_a_name_that_was_pointed_here_is_not_served(service: Service, path: str, host: str) -> None:
    """Scripts of a page under that name would read the status, and send what they like."""
    method = "POST" if path == "/approve" else "GET"

    assert service.ask(path, method, host=host).status_code == 421


def test_the_token_is_for_the_services_user_alone_and_another_one_after_each_start(
    service: Service,
) -> None:
    """Whoever cannot read the state can neither approve nor reload."""
    path = service.home / "state" / FILE_NAME

    assert path.stat().st_mode & 0o777 == 0o600
    assert service.ask("/approve", "POST", x_wosync_token=path.read_text()).json() == {
        "approved": 0,
        "run": None,
    }


@pytest.mark.parametrize(
    "path",
    ["/page", "/page/x", "/metric", "/metrics/x", "/%00", "/%2e%2e/etc/passwd", "/" + "a" * 8000],
    ids=lambda path: str(path)[:20],
)
def test_an_unknown_path_is_not_found(service: Service, path: str) -> None:
    """Scanners try them all."""
    assert service.ask(path).status_code == 404


GARBAGE = {
    "zeros": b"\0" * 5000,
    "every byte": bytes(range(256)) * 20,
    "a TLS greeting": bytes.fromhex("16030100c8010000c40303") + b"\x5a" * 189,
    "another protocol's version": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": b"GET /metrics\r\n\r\n",
    "no host": b"GET /metrics HTTP/1.1\r\n\r\n",
    "a negative length": b"POST /approve HTTP/1.1\r\nHost: [::1]\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST /approve HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a broken chunk": b"POST /approve HTTP/1.1\r\nHost: localhost\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
    "a folded header": b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\tfolded\0\r\n\r\n",
    "blank lines": b"\r\n" * 20_000,
}


@pytest.mark.parametrize("sent", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_refused_and_its_connection_closed(service: Service, sent: bytes) -> None:
    """Port scanners, browsers that insist on TLS, and worse."""
    with service.connected() as connection:
        with suppress(ConnectionError):
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        answer = reads_to_the_end(connection)

    assert answer == b"" or re.match(rb"HTTP/1\.1 4\d\d ", answer)


def test_ten_megabytes_of_headers_are_not_kept(service: Service) -> None:
    """The refusal must come before they are all in memory."""
    before = service.resident()
    for _ in range(10):
        with service.connected(b"GET /metrics HTTP/1.1\r\nHost: [::1]\r\nX-Long: ") as connection:
            with suppress(ConnectionError):
                for _ in range(10):
                    connection.sendall(b"a" * MEGABYTE)
            assert re.match(rb"(HTTP/1\.1 4\d\d |$)", reads_to_the_end(connection))

    assert service.resident() - before < GROWTH_MAX


def test_a_body_nobody_asked_for_is_not_kept(service: Service) -> None:
    """It is the other way to fill the memory."""
    before = service.resident()
    head = b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n"
    with ExitStack() as open_ones:
        for _ in range(10):
            connection = open_ones.enter_context(service.connected(head))
            with suppress(ConnectionError):
                for _ in range(10):
                    connection.sendall(b"a" * MEGABYTE)
        assert service.resident() - before < GROWTH_MAX


def test_a_hundred_scrapes_at_once_are_all_answered(service: Service) -> None:
    """Several scrapers, a dashboard and a curious person may meet."""
    with ThreadPoolExecutor(100) as scrapers:
        answers = list(scrapers.map(service.ask, ["/metrics"] * 100))

    assert [answer.status_code for answer in answers] == [200] * 100
    assert all(len(parse_text(answer.text)) > 20 for answer in answers[::20])


STALLED = {
    "nothing": b"",
    "half a line": b"GET /met",
    "half a head": b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    "half a body": b"POST /approve HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc",
    "an answered request": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("sent", STALLED.values(), ids=STALLED)
def test_connections_that_stall_do_not_keep_others_out(service: Service, sent: bytes) -> None:
    """More of them than the service takes, held open on purpose; a scrape still gets through."""
    with ExitStack() as held:
        stalled = [held.enter_context(service.connected(sent)) for _ in range(250)]

        assert service.ask("/metrics").status_code == 200
        assert len(list(Path(f"/proc/{service.running.pid}/fd").iterdir())) < 250
        # The one that has rested longest had to go.
        reads_to_the_end(stalled[0])


def test_a_flood_of_connections_leaves_files_for_the_service(service: Service) -> None:
    """Without one the state cannot be written, and the service would have to end."""
    with ExitStack() as held:
        for _ in range(FILES_MAX + 200):
            held.enter_context(service.connected())

        assert service.ask("/metrics").status_code == 200


def test_a_client_that_drips_does_not_hold_anybody_up(service: Service) -> None:
    """One byte now and then keeps a request unfinished for ever."""
    request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 50
    with service.connected() as connection:
        for byte in request:
            connection.sendall(bytes([byte]))
            assert byte % 10 or service.ask("/healthz").status_code == 200


def test_clients_that_go_away_in_the_middle_leave_nothing_behind(service: Service) -> None:
    """A scraper that is stopped does not wait for its answer."""
    scrape = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for number in range(60):
        with service.connected(scrape) as connection:
            if number % 3 == 1:
                connection.recv(100)
            if number % 3 == 2:
                # Not closed but cut: the service finds out while it writes.
                reset = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)

    descriptors = Path(f"/proc/{service.running.pid}/fd")
    wait_until(lambda: len(list(descriptors.iterdir())) < 60, "closing of what was left")


def test_clients_that_ask_and_do_not_listen_fill_no_memory(service: Service) -> None:
    """Many requests in one go, and not one answer taken."""
    before = service.resident()
    scrape = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ExitStack() as open_ones:
        for _ in range(5):
            connection = open_ones.enter_context(service.connected())
            connection.setblocking(False)
            with suppress(BlockingIOError):
                connection.sendall(scrape * 200)

        assert service.ask("/metrics").status_code == 200
        assert service.resident() - before < GROWTH_MAX


@pytest.mark.anyio
@pytest.mark.parametrize("sent", [b"", b"GET /met", b"GET /healthz HTTP/1.1\r\nHost: ::1\r\n\r\nG"])
async def test_a_request_has_its_time_however_slowly_it_comes(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    """A byte now and then must not win another while each time."""
    monkeypatch.setattr(http, "REQUEST_S", 0.05)
    port = free_port()
    nobody, nothing = cast("Status", None), cast("Callable[[], Awaitable[Reloaded]]", None)
    with anyio.fail_after(DEADLINE_S):
        async with (
            http.serving(nobody, nothing, listen("127.0.0.1", port), Doors("127.0.0.1", "token")),
            await anyio.connect_tcp("127.0.0.1", port) as connection,
        ):
            await connection.send(sent)
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                while True:
                    with anyio.move_on_after(0.01):
                        await connection.receive()
                    await connection.send(b"a" if sent else b"")
