"""The small HTTP server: its address, and what each route says."""

from __future__ import annotations

import socket
from typing import Any, cast

import httpx
import pytest

from connectors.sandbox.serving import free_port
from engine.errors import Misconfigured
from engine.metrics import Metrics
from engine.service.http import application, listen
from engine.service.reloading import Reloaded
from engine.service.status import Status

pytestmark = pytest.mark.anyio


class Assembled:
    """The part of an assembly the routes look at."""

    def __init__(self) -> None:
        self.metrics = Metrics()


class Told:
    """A status that says what the test wants."""

    def __init__(self, reason: str | None) -> None:
        self.reason = reason
        self.assembly = Assembled()
        self.refreshed = 0

    def not_ready(self) -> str | None:
        """Why not."""
        return self.reason

    async def refresh(self) -> None:
        """Count the look."""
        self.refreshed += 1

    async def document(self) -> dict[str, Any]:
        """A document."""
        return {"ready": self.reason is None}


async def never_reloaded() -> Reloaded:
    """Nobody asks for it here."""
    raise AssertionError


async def get(told: Told, path: str) -> httpx.Response:
    """Ask the application in memory."""
    transport = httpx.ASGITransport(application(cast("Status", told), never_reloaded))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        return await client.get(path)


@pytest.mark.parametrize(
    ("reason", "status", "text"), [(None, 200, "ready\n"), ("stopping", 503, "stopping\n")]
)
async def test_readiness_gives_its_reason(reason: str | None, status: int, text: str) -> None:
    """Whoever looks wants to know why, not only whether."""
    answer = await get(Told(reason), "/readyz")

    assert (answer.status_code, answer.text) == (status, text)


async def test_a_service_that_is_not_ready_is_alive_all_the_same() -> None:
    """A restart does not cure a system that is down."""
    assert (await get(Told("crm does not answer"), "/healthz")).status_code == 200
    assert (await get(Told("crm does not answer"), "/status")).json() == {"ready": False}
    assert (await get(Told(None), "/secrets")).status_code == 404


async def test_metrics_are_counted_when_they_are_asked_for() -> None:
    """A gauge shows the state now and not that of the last change."""
    told = Told(None)

    answer = await get(told, "/metrics")

    assert told.refreshed == 1
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'wosync_pending_records{kind="opportunity"} 0.0' in answer.text
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
