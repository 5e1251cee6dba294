"""Faults happen to the requests they are about, as often as they say, and where they say."""

import gzip

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from connectors.sandbox.faults import ConnectionDropped, Fault, FaultPlan, Faults
from connectors.sandbox.serving import serving

pytestmark = pytest.mark.anyio

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Echo:
    """An application that answers with the body it got and remembers that it ran."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 200."""
        text = (await Request(scope, receive).body()).decode()
        self.bodies.append(text)
        await PlainTextResponse(text)(scope, receive, send)


class Bench:
    """An echo behind faults, and a client in front of them."""

    def __init__(self, *faults: Fault, seed: int = 0) -> None:
        self.echo = Echo()
        self.traffic = Faults(self.echo, FaultPlan(*faults, seed=seed))
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.traffic), base_url="http://echo.test"
        )

    async def statuses(self, count: int) -> list[int]:
        """Statuses of so many equal requests."""
        return [(await self.http.get("/")).status_code for _ in range(count)]


async def test_a_request_without_a_fault_arrives_whole() -> None:
    """Reading the body for matching must not take it away from the emulator."""
    bench = Bench()

    response = await bench.http.post("/things", content="a=1&b=2")

    assert response.text == "a=1&b=2"


async def test_a_fault_before_keeps_the_request_from_the_emulator() -> None:
    """An outage in front of a system executes nothing."""
    bench = Bench(Fault(action="status", status=503, text="down", headers={"Retry-After": "9"}))

    response = await bench.http.post("/things", content="x")

    assert (response.status_code, response.text) == (503, "down")
    assert response.headers["retry-after"] == "9"
    assert bench.echo.bodies == []


async def test_a_fault_after_loses_the_answer_of_a_request_that_was_executed() -> None:
    """This is the case that makes duplicates, so the sandbox must be able to produce it."""
    bench = Bench(Fault(when="after", action="drop"))

    with pytest.raises(ConnectionDropped):
        await bench.http.post("/things", content="once")

    assert bench.echo.bodies == ["once"]
    assert (await bench.http.post("/things", content="again")).text == "again"


async def test_garbage_is_an_answer_that_reports_success_and_cannot_be_read() -> None:
    """A gateway's page with status 200 is not an answer of the system."""
    bench = Bench(Fault(when="after", action="garbage"))

    response = await bench.http.get("/things")

    assert response.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        response.json()


async def test_a_delay_lets_the_request_through() -> None:
    """A slow answer is still the answer."""
    bench = Bench(
        Fault(action="delay", delay_s=0.001), Fault(when="after", action="delay", delay_s=0.001)
    )

    assert (await bench.http.post("/", content="slow")).text == "slow"
    assert bench.traffic.plan.waiting == []


async def test_times_and_skip_count_matching_requests_only() -> None:
    """Scripts such as "the third write fails twice" must mean what they say."""
    bench = Bench(Fault(path="^/$", skip=1, times=2))
    await bench.http.get("/elsewhere")

    assert await bench.statuses(5) == [200, 500, 500, 200, 200]


async def test_a_fault_for_ever_stays_until_the_plan_is_cleared() -> None:
    """An outage ends when the test says so."""
    bench = Bench(Fault(times=None))

    assert await bench.statuses(3) == [500, 500, 500]
    bench.traffic.plan.clear()
    assert await bench.statuses(1) == [200]


async def test_method_and_body_are_matched_as_the_caller_means_them() -> None:
    """A Workbooks write is a POST with `_method` in a form; its brackets are percent-encoded."""
    bench = Bench(Fault(method="PUT", body=r"outreach_id\[\]=55"))
    body = "_method=PUT&cf_opportunity_outreach_id%5B%5D=55"

    assert (await bench.http.post("/", content=body)).status_code == 200
    response = await bench.http.post("/", content=body, headers=FORM)

    assert response.status_code == 500
    assert bench.traffic.counts == {("POST", "/"): 1, ("PUT", "/"): 1}


async def test_the_method_may_be_in_the_query_too() -> None:
    """Parameters of Workbooks may be in either place (workbooks-api §2.1)."""
    bench = Bench(Fault(method="put"))

    assert (await bench.http.post("/?_method=PUT")).status_code == 500


async def test_chance_follows_from_the_seed_alone() -> None:
    """A failing random run must be repeatable."""
    fault = Fault(times=None, probability=0.5)

    first, second, other = [await Bench(fault, seed=seed).statuses(30) for seed in (1, 1, 2)]

    assert first == second
    assert first != other
    assert {200, 500} == set(first)


async def test_requests_are_counted_by_route_and_the_peak_in_flight_is_kept() -> None:
    """Budgets are proved with these numbers."""
    bench = Bench()
    for path in ("/opportunities/1", "/opportunities/22", f"/delay/{'0f' * 16}", "/a1"):
        await bench.http.get(path)

    assert bench.traffic.counts == {
        ("GET", "/opportunities/{id}"): 2,
        ("GET", "/delay/{id}"): 1,
        ("GET", "/a1"): 1,
    }
    assert (bench.traffic.total, bench.traffic.peak_in_flight) == (4, 1)
    assert bench.traffic.in_flight == 0
    bench.traffic.reset()
    assert (bench.traffic.total, bench.traffic.peak_in_flight) == (0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "("},
        {"body": "["},
        {"probability": 1.5},
        {"status": 42},
        {"times": 0},
        {"skip": -1},
        {"delay_s": -0.1},
    ],
)
def test_a_fault_that_could_never_happen_as_meant_is_refused(wrong: dict[str, object]) -> None:
    """A typo in a script must not pass for a system without faults."""
    with pytest.raises(ValueError, match=r"must|not a regular expression"):
        Fault(**wrong)  # pyright: ignore[reportArgumentType] # the point of the test


async def test_only_kept_connections_can_be_broken() -> None:
    """An idle connection dies just as the next request goes out on it."""
    plan = FaultPlan(Fault(action="drop", kept=True, times=None))
    async with serving({"echo": Faults(Echo(), plan)}) as urls:
        async with httpx.AsyncClient(base_url=urls["echo"]) as kept:
            assert (await kept.get("/")).status_code == 200
            with pytest.raises(httpx.HTTPError):
                await kept.get("/")
        async with httpx.AsyncClient(base_url=urls["echo"]) as fresh:
            assert (await fresh.get("/")).status_code == 200


async def test_a_bomb_is_small_on_the_wire_and_large_behind_it() -> None:
    """It is what a few kilobytes can do to whoever unpacks them unbounded."""
    plan = FaultPlan(Fault(action="bomb", status=200, size=1 << 22))
    async with (
        serving({"echo": Faults(Echo(), plan)}) as urls,
        httpx.AsyncClient() as client,
        client.stream("GET", urls["echo"]) as answer,
    ):
        packed = b"".join([piece async for piece in answer.aiter_raw()])

    assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) < 1 << 14
    assert gzip.decompress(packed) == b" " * (1 << 22)


async def test_chunks_go_on_for_as_long_as_somebody_reads_them() -> None:
    """And no longer."""
    traffic = Faults(Echo(), FaultPlan(Fault(action="endless", status=200)))
    read = 0
    async with (
        serving({"echo": traffic}) as urls,
        httpx.AsyncClient() as client,
        client.stream("GET", urls["echo"]) as answer,
    ):
        async for piece in answer.aiter_raw():
            read += len(piece)
            if read > 1 << 22:
                break

    assert traffic.in_flight == 0


async def test_an_answer_is_edited_after_it_was_given() -> None:
    """What was handed out stays true, and only its form is odd."""
    bench = Bench(
        Fault(
            when="after",
            action="edit",
            members={"expires_in": None},
            text="\ufeff",
            headers={"X-RateLimit-Reset": "1790000000000"},
        )
    )

    answer = await bench.http.post("/token", content='{"a": 1, "expires_in": 7200}')

    assert answer.content == b'\xef\xbb\xbf{"a": 1, "expires_in": null}'
    assert answer.headers["x-ratelimit-reset"] == "1790000000000"
    assert len(bench.echo.bodies) == 1


def test_what_was_not_answered_cannot_be_edited() -> None:
    """The mistake is told to whoever makes it."""
    with pytest.raises(ValueError, match="only an answer"):
        Fault(action="edit")


@pytest.mark.parametrize("text", ["", "[1]", "see /delay/7"])
async def test_what_is_no_object_is_let_through_as_it_is(text: str) -> None:
    """A redirect that was met in the place of a listing has nothing to edit."""
    bench = Bench(Fault(when="after", action="edit", rows="none", members={"total": 0}))

    answer = await bench.http.post("/things", content=text)

    assert answer.text == text
