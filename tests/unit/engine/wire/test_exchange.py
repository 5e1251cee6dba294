"""One exchange: every transport failure has a name, and says whether anything was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from engine.errors import TheirFault, Unreachable
from engine.ports import ConnectorEnvironment
from engine.wire.exchange import Answer, Exchange
from tests.unit.engine.stand_ins import NOW, Observations, environment

pytestmark = pytest.mark.anyio

URL = "https://crm.example/things/17?key=very-secret"


class Failing(httpx.AsyncBaseTransport):
    """A transport that fails, before the answer or in the middle of it."""

    def __init__(self, error: httpx.HTTPError, *, in_body: bool = False) -> None:
        self.error = error
        self.in_body = in_body

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002
        """Fail now or while the body is read."""
        if not self.in_body:
            raise self.error
        return httpx.Response(200, stream=Broken(self.error))


class Broken(httpx.AsyncByteStream):
    """A body that breaks off."""

    def __init__(self, error: httpx.HTTPError) -> None:
        self.error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"{"
        raise self.error


async def sent(world: ConnectorEnvironment, *, metered: bool = True) -> Answer:
    """One request through an exchange of its own."""
    async with Exchange("crm", world, timeout_s=5) as exchange:
        return await exchange.send(
            "POST", URL, route="/things/{id}", operation="create", metered=metered
        )


@pytest.mark.parametrize("status", [200, 302, 404, 500])
async def test_every_status_is_an_answer(status: int) -> None:
    """What a status or a redirect means is the protocol's own business."""
    seen = Observations()
    reply = httpx.Response(status, headers={"Location": "https://elsewhere.example"}, text="é")
    world = environment(httpx.MockTransport(lambda _: reply), seen)

    answer = await sent(world)

    assert (answer.status, answer.text) == (status, "é")
    assert answer.headers["location"] == "https://elsewhere.example"
    assert seen.seen == [("POST", "/things/{id}", str(status))]
    assert (world.governor.in_flight, world.governor.budget.used_last_hour(NOW)) == (0, 1)


@pytest.mark.parametrize(
    ("error", "in_body", "ambiguous", "status"),
    [
        (httpx.ConnectError("refused"), False, False, "connect_error"),
        (httpx.ConnectTimeout("slow"), False, False, "connect_error"),
        (httpx.PoolTimeout("full"), False, False, "connect_error"),
        (httpx.ReadTimeout("slow"), False, True, "timeout"),
        (httpx.WriteTimeout("slow"), False, True, "timeout"),
        (httpx.ReadError("cut"), False, True, "protocol_error"),
        (httpx.WriteError("cut"), False, True, "protocol_error"),
        (httpx.RemoteProtocolError("babble"), False, True, "protocol_error"),
        (httpx.ConnectError("refused"), True, True, "protocol_error"),
        (httpx.ConnectTimeout("slow"), True, True, "timeout"),
        (httpx.ReadError("cut"), True, True, "protocol_error"),
    ],
)
async def test_a_failure_says_whether_the_request_may_have_been_executed(
    error: httpx.HTTPError, in_body: bool, ambiguous: bool, status: str
) -> None:
    """Once a byte of the answer came, nothing can be "not sent" any more."""
    seen = Observations()
    world = environment(Failing(error, in_body=in_body), seen)

    with pytest.raises(Unreachable) as failed:
        await sent(world)

    assert failed.value.ambiguous is ambiguous
    assert (failed.value.system, failed.value.operation) == ("crm", "create")
    assert "very-secret" not in f"{failed.value} {failed.value.remedy}"
    assert world.governor.failures == 1
    assert world.governor.in_flight == 0
    assert seen.seen == [("POST", "/things/{id}", status)]


async def test_an_unmetered_request_does_not_count() -> None:
    """Minting a token is outside the budget."""
    world = environment(httpx.MockTransport(lambda _: httpx.Response(200)))

    await sent(world, metered=False)

    assert world.governor.budget.used_last_hour(NOW) == 0


async def test_a_cookie_is_never_sent_back_by_itself() -> None:
    """It would go wherever the client goes next."""
    heads: list[httpx.Headers] = []

    def reply(request: httpx.Request) -> httpx.Response:
        heads.append(request.headers)
        return httpx.Response(200, headers={"Set-Cookie": "session=x; Path=/"})

    world = environment(httpx.MockTransport(reply))
    async with Exchange("crm", world, timeout_s=5) as exchange:
        for _ in range(2):
            await exchange.send("GET", URL, route="/", operation="read")

    assert "cookie" not in heads[1]
    assert heads[1]["user-agent"] == "test"


def test_an_answer_that_is_not_json_is_their_fault_in_a_few_words() -> None:
    """A proxy's error page must not fill the log."""
    page = Answer(200, httpx.Headers(), b"<html>" + b"x" * 5000 + b"\xff")

    with pytest.raises(TheirFault) as wrong:
        page.json()

    assert wrong.value.status == 200
    assert len(str(wrong.value)) < 400
    assert Answer(200, httpx.Headers(), b'{"a": 1}').json() == {"a": 1}


def test_a_number_that_json_does_not_have_is_a_text_that_fits_nowhere() -> None:
    """As a number it would reach the state, where nothing could read its record again."""
    assert Answer(200, httpx.Headers(), b'{"a": NaN}').json() == {"a": "NaN"}


def test_an_answer_nested_without_end_is_no_json() -> None:
    """A gateway's nonsense must not look like a defect of ours."""
    with pytest.raises(TheirFault, match="not JSON"):
        Answer(200, httpx.Headers(), b"[" * 100_000).json()
