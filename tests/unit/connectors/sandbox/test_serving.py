"""Applications are served over real HTTP/1.1 on loopback, and the servers end cleanly."""

import socket
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from connectors.sandbox.faults import Fault, FaultPlan, Faults
from connectors.sandbox.serving import HOST, free_port, serving

pytestmark = pytest.mark.anyio


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a cookie."""
    response = PlainTextResponse("hello")
    response.headers["Set-Cookie"] = "Workbooks-Session=00; path=/; secure; HttpOnly"
    await response(scope, receive, send)


async def raw_exchange(url: str) -> bytes:
    """What one bare request gets, byte by byte, until the server closes."""
    async with await anyio.connect_tcp(HOST, int(url.rpartition(":")[2])) as stream:
        await stream.send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = b""
        try:
            while True:
                received += await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return received


async def test_each_application_has_a_port_of_its_own() -> None:
    """Two systems are two origins."""
    async with serving({"one": hello, "two": hello}) as urls, httpx.AsyncClient() as http:
        answers = [(await http.get(url)).text for url in urls.values()]

    assert answers == ["hello", "hello"]
    assert len(set(urls.values())) == 2


async def test_a_header_is_spelt_as_a_vendor_binding_looks_for_it() -> None:
    """One binding finds its session with a case-sensitive match (workbooks-api §22.1)."""
    async with serving({"one": hello}) as urls:
        received = await raw_exchange(urls["one"])

    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nSet-Cookie: Workbooks-Session=00;" in received


async def test_a_dropped_connection_ends_without_a_byte() -> None:
    """A client must see what it would see when a network fails."""
    traffic = Faults(hello, FaultPlan(Fault(action="drop"), Fault(when="after", action="drop")))
    async with serving({"one": traffic}) as urls:
        first, second = await raw_exchange(urls["one"]), await raw_exchange(urls["one"])
        third = await raw_exchange(urls["one"])

    assert (first, second) == (b"", b"")
    assert third.endswith(b"hello")
    assert traffic.in_flight == 0


def test_a_free_port_is_none_that_the_system_gives_away() -> None:
    """Between the question and the listener others connect, and each takes a port."""
    range_of_system = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if not range_of_system.exists():
        pytest.skip("this system does not tell which ports it gives away")
    first, last = (int(port) for port in range_of_system.read_text().split())

    assert [port for _ in range(50) if first <= (port := free_port()) <= last] == []


async def test_the_asked_for_port_is_used_and_free_again_afterwards() -> None:
    """A sandbox restarted on the same port must come up."""
    port = free_port()
    for _ in range(2):
        async with serving({"one": hello}, {"one": port}) as urls:
            assert urls == {"one": f"http://{HOST}:{port}"}


async def test_a_taken_port_is_reported_and_nothing_stays_open() -> None:
    """The one mistake people make with fixed ports has a clear error."""
    free = free_port()
    with socket.create_server((HOST, 0)) as other:
        taken: int = other.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            async with serving({"one": hello, "two": hello}, {"one": free, "two": taken}):
                pass
    with socket.create_server((HOST, free)):
        pass


async def test_an_error_inside_arrives_as_itself() -> None:
    """Tests and commands name the error they expect."""
    with pytest.raises(LookupError, match="mine"):
        async with serving({"one": hello}):
            raise LookupError("mine")


async def test_a_cancelled_owner_still_closes_the_port() -> None:
    """Ctrl-C must not leave a listener behind."""
    port = free_port()
    with anyio.CancelScope() as scope:
        async with serving({"one": hello}, {"one": port}):
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    with socket.create_server((HOST, port)):
        pass
