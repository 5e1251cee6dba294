"""The small HTTP server: its address, and what each route says."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, cast

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.serving import free_port
from engine.about import about
from engine.errors import Misconfigured
from engine.metrics import Metrics
from engine.service import http
from engine.service.doors import Doors
from engine.service.headers import CONFIG_OF, TOKEN, VERSION, header_of
from engine.service.http import application, serving
from engine.service.listening import listen
from engine.service.reloading import Reloaded
from engine.service.status import Status

pytestmark = pytest.mark.anyio


OURS = Path("/etc/wosync/ours/config.toml")
DOORS = Doors("127.0.0.1", "the control token")


class Configured:
    """The file the service was started with."""

    path = OURS


class Assembled:
    """The part of an assembly the routes look at."""

    config = Configured()

    def __init__(self) -> None:
        self.metrics = Metrics()


class Told:
    """A status that says what the test wants."""

    def __init__(self, reason: str | None) -> None:
        self.reason = reason
        self.assembly = Assembled()
        self.refreshed = 0
        self.lease = True

    def not_ready(self) -> str | None:
        """Why not."""
        return self.reason

    def leads(self) -> bool:
        """Whether nobody else can."""
        return self.lease

    async def refresh(self) -> None:
        """Count the look."""
        self.refreshed += 1

    async def document(self) -> dict[str, Any]:
        """A document."""
        return {"ready": self.reason is None}


async def never_reloaded() -> Reloaded:
    """Nobody asks for it here."""
    raise AssertionError


async def get(
    told: Told,
    path: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: str = "",
) -> httpx.Response:
    """Ask the application in memory."""
    transport = httpx.ASGITransport(application(cast("Status", told), never_reloaded, DOORS))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.request(method, path, headers=headers, content=body)


@pytest.mark.parametrize(
    ("reason", "status", "text"), [(None, 200, "ready\n"), ("stopping", 503, "stopping\n")]
)
async def test_readiness_gives_its_reason(reason: str | None, status: int, text: str) -> None:
    """Whoever looks wants to know why, not only whether."""
    answer = await get(Told(reason), "/readyz")

    assert (answer.status_code, answer.text) == (status, text)


async def test_whatever_is_said_to_a_command_is_signed_and_nothing_said_to_others() -> None:
    """A command takes nothing else for the service's; and a failure is answered beneath routes."""

    async def failing(_: Request) -> Response:
        raise LookupError

    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        failed = Starlette(routes=[Route("/status", failing)])
        async with (
            http.serving_app(failed, listener),
            httpx.AsyncClient(base_url=address, trust_env=False) as client,
        ):
            meant = {CONFIG_OF: header_of(OURS)}
            answers = [await client.get(path, headers=meant) for path in ("/status", "/nothing")]
            to_others = await client.get("/nothing")

    assert [one.status_code for one in answers] == [500, 404]
    assert [one.headers[VERSION] for one in answers] == [about().version] * 2
    assert VERSION not in to_others.headers


async def test_a_service_that_is_not_ready_is_alive_all_the_same() -> None:
    """A restart does not cure a system that is down."""
    assert (await get(Told("crm does not answer"), "/healthz")).status_code == 200
    assert (await get(Told("crm does not answer"), "/status")).json() == {"ready": False}
    assert (await get(Told(None), "/secrets")).status_code == 404


@pytest.mark.parametrize("reason", [None, "stopping", "crm does not answer"])
async def test_whoever_works_on_the_state_leads_ready_or_not(reason: str | None) -> None:
    """Nobody else can answer in its stead before its lease has ended."""
    answer = await get(Told(reason), "/leaderz")

    assert (answer.status_code, answer.text) == (200, "leads\n")


async def test_whose_lease_has_ended_leads_no_more() -> None:
    """It is about to stand by, and another one may lead already."""
    told = Told(None)
    told.lease = False

    assert (await get(told, "/leaderz")).status_code == 503


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/metrics"),
        ("GET", "/status"),
        ("GET", "/mapping"),
        ("POST", "/approve"),
        ("POST", "/reload"),
        ("GET", "/authority"),
        ("POST", "/authorise"),
    ],
)
async def test_a_command_that_means_another_pair_is_told_which_one_this_is(
    method: str, path: str
) -> None:
    """Two services on one port by mistake: an approval must not reach the wrong one."""
    told = Told(None)
    headers = {TOKEN: DOORS.token, CONFIG_OF: "/etc/wosync/other/config.toml"}

    answer = await get(told, path, method, headers)

    assert (answer.status_code, answer.json()) == (409, {"config": str(OURS)})
    assert told.refreshed == 0


async def test_a_command_that_means_this_pair_is_answered() -> None:
    """Named by the file, as the command line names it."""
    assert (await get(Told(None), "/status", headers={CONFIG_OF: str(OURS)})).status_code == 200


@pytest.mark.parametrize("path", ["/apply", "/approve", "/authorise", "/plan", "/reload"])
@pytest.mark.parametrize("headers", [{}, {"X-Requested-With": "wosync"}, {TOKEN: "another"}])
async def test_nobody_without_the_token_changes_anything(
    path: str, headers: dict[str, str]
) -> None:
    """Any user of the machine, and a browser on it, may send anything to this port."""
    assert (await get(Told(None), path, "POST", headers)).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        *("", "{", "[]", "null", "7", "\x00"),
        pytest.param('{"a":' * 5000, id="deep"),
        *(f'{{"run": {one}}}' for one in ('"first"', "1e400", "-1", "[1]", "9" * 20)),
        *(f'{{"since": {one}}}' for one in ('"now"', "NaN", "-1e9", "1e300")),
    ],
)
@pytest.mark.parametrize("path", ["/act", "/authorise", "/undo", "/why"])
async def test_what_nobody_can_mean_is_a_bad_request(path: str, body: str) -> None:
    """And no error of the service's own, with a trace in its log."""
    assert (await get(Told(None), path, "POST", {TOKEN: DOORS.token}, body)).status_code == 400


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    "path", ["/metrics", "/healthz", "/leaderz", "/status", "/approve", "/nothing"]
)
async def test_a_foreign_name_reaches_no_route(method: str, path: str) -> None:
    """Whatever else is right with the request."""
    headers = {"Host": "evil.example:9464", TOKEN: DOORS.token}

    assert (await get(Told(None), path, method, headers)).status_code == 421


async def test_metrics_are_counted_when_they_are_asked_for() -> None:
    """A gauge shows the state now and not that of the last change."""
    told = Told(None)

    answer = await get(told, "/metrics")

    assert told.refreshed == 1
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'wosync_pending_records{kind="opportunity",lane="fresh"} 0.0' in answer.text
    assert "_created" not in answer.text


async def test_an_address_in_use_is_the_operators_to_change() -> None:
    """Two services on one machine, both on the default port."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Misconfigured, match=f"cannot listen on 127.0.0.1:{port}") as refused:
            listen("127.0.0.1", port)

    assert refused.value.remedy


async def test_a_free_address_is_bound() -> None:
    """A restart must not wait for the kernel to forget the former process's connections."""
    port = free_port()
    with listen("127.0.0.1", port) as listener:
        assert listener.getsockname() == ("127.0.0.1", port)


async def test_the_newest_connection_pushes_out_the_one_that_rested_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever opens connections and says nothing must not keep the operator out."""
    monkeypatch.setattr(http, "CONNECTIONS_MAX", 2)
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with listen("127.0.0.1", free_port()) as listener:
        address = listener.getsockname()
        async with (
            serving(cast("Status", Told(None)), never_reloaded, listener, DOORS),
            await anyio.connect_tcp(*address) as first,
            await anyio.connect_tcp(*address) as second,
            await anyio.connect_tcp(*address) as third,
        ):
            for allowed in (third, second):
                await allowed.send(request)
                assert b" 200 OK\r\n" in await allowed.receive()
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await first.receive()
