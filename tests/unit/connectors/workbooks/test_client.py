"""The client: credentials, delays, lost sessions, and what the governor hears of it."""

from __future__ import annotations

from contextlib import suppress

import anyio
import httpx
import pytest

from engine import (
    Delivery,
    EngineError,
    Misconfigured,
    RecordType,
    TheirFault,
    Throttled,
    Unauthorized,
    Unreachable,
)
from engine.wire.connections import StaleConnection
from tests.unit.connectors.workbooks.stand_ins import (
    API_KEY,
    CONFIGURED,
    ENTRY,
    SAVED,
    Arrived,
    a_row,
    as_json,
    find_columns,
    listed,
    logged_in,
    opened,
    prepared,
    redirected,
)

pytestmark = pytest.mark.anyio


async def test_the_key_travels_in_the_body_and_never_in_an_address() -> None:
    """Addresses end in the access logs of everybody in between."""
    async with opened(lambda _: listed()) as world:
        fact = await world.source.steps()[0].run()

    [arrived] = world.service.arrived
    assert fact == "the API key is accepted"
    assert arrived.one("api_key") == API_KEY
    assert arrived.query == ""
    assert "cookie" not in arrived.headers
    assert arrived.headers["content-type"] == "application/x-www-form-urlencoded"


async def test_an_error_that_echoes_the_key_does_not_pass_it_on() -> None:
    """Errors are logged and shown."""
    body = {"success": False, "failure_reason": "odd", "failure_message": f"no {API_KEY}"}
    async with opened(lambda _: as_json(body, 401)) as world:
        with pytest.raises(Unauthorized) as raised:
            await world.source.steps()[0].run()

    assert API_KEY not in repr(raised.value) + str(raised.value)
    assert "odd; no ***" in str(raised.value)


@pytest.mark.parametrize("location", ["/wait/1", "https://workbooks.test/wait/1"])
@pytest.mark.parametrize("status", [301, 302, 303, 307])
async def test_a_delay_is_followed_bare(location: str, status: int) -> None:
    """The delaying address needs nothing, and must get nothing."""

    def respond(arrived: Arrived) -> httpx.Response:
        if arrived.path == "/login.api":
            return logged_in()
        if arrived.path == "/wait/2":
            return listed(a_row())
        return redirected(location if arrived.path != "/wait/1" else "/wait/2", status)

    async with opened(prepared(respond), auth="session", fields=CONFIGURED) as world:
        await world.source.steps()[0].run()
        await find_columns(world)
        [row] = (await world.source.fetch(RecordType.OPPORTUNITY, [901])).rows

    assert row.id == 901
    hops = world.service.arrived[1:3]
    assert [hop.path for hop in hops] == ["/wait/1", "/wait/2"]
    for hop in hops:
        assert (hop.method, hop.body) == ("GET", b"")
        assert "cookie" not in hop.headers
        assert "content-type" not in hop.headers
    assert ("GET", "/{delay}", "200") in world.observed


@pytest.mark.parametrize("status", [404, 405, 410])
async def test_a_spent_delaying_address_says_nothing_about_what_was_asked_for(status: int) -> None:
    """Read as a missing resource it would end the service at its start."""

    def respond(arrived: Arrived) -> httpx.Response:
        return as_json({}, status) if arrived.path == "/wait" else redirected("/wait")

    async with opened(respond) as world:
        with pytest.raises(Unreachable) as lost:
            await world.source.steps()[0].run()

    assert lost.value.status == status
    assert not lost.value.ambiguous


@pytest.mark.parametrize("end", ["drop", "answer"])
async def test_a_delaying_address_is_asked_once_even_on_a_stale_connection(end: str) -> None:
    """It is good for one request; a second one would be told that there is nothing."""

    def respond(arrived: Arrived) -> httpx.Response:
        if arrived.path != "/wait":
            return redirected("/wait")
        if end == "drop":
            raise StaleConnection("gone")
        return listed()

    async with opened(respond) as world:
        if end == "drop":
            with pytest.raises(Unreachable):
                await world.source.steps()[0].run()
        else:
            await world.source.steps()[0].run()

    assert [arrived.path for arrived in world.service.arrived].count("/wait") == 1


async def test_a_reading_on_a_stale_connection_is_made_once_more() -> None:
    """Readings travel as POST here, and are readings all the same."""
    calls: list[Arrived] = []

    def respond(arrived: Arrived) -> httpx.Response:
        calls.append(arrived)
        if len(calls) == 1:
            raise StaleConnection("gone")
        return listed()

    async with opened(respond) as world:
        await world.source.steps()[0].run()

    assert len(calls) == 2
    assert world.governor.failures == 0


async def test_endless_delays_pause_the_system() -> None:
    """A service that delays for ever wants fewer requests, not one more."""
    async with opened(lambda _: redirected("/wait"), delay_hops_max=3) as world:
        with pytest.raises(Throttled, match="more than 3 times"):
            await world.source.steps()[0].run()

    assert len(world.service.arrived) == 4
    assert world.governor.paused_s > 0


@pytest.mark.parametrize(
    "location", ["https://elsewhere.test/wait", "http://workbooks.test/wait", "//h:8443/wait", ""]
)
async def test_a_redirect_to_another_origin_is_not_followed(location: str) -> None:
    """Anybody could then answer in the name of the service."""
    async with opened(lambda _: redirected(location)) as world:
        with pytest.raises(TheirFault):
            await world.source.steps()[0].run()

    assert len(world.service.arrived) == 1


async def test_a_login_redirect_in_key_mode_means_refused_credentials() -> None:
    """Without a session there is nothing to renew (A25)."""
    async with opened(lambda _: redirected("/login?from=api")) as world:
        with pytest.raises(Unauthorized, match="login page"):
            await world.source.steps()[0].run()


class Office:
    """A session service: knows which session is alive, and can end it."""

    def __init__(self, *, lost: httpx.Response | None = None, rotates: bool = False) -> None:
        self.logins = 0
        self.rotation = 0
        self.alive = ""
        self.lost = lost or redirected("/login")
        self.rotates = rotates
        self.writes = 0

    def end_session(self) -> None:
        """As an upgrade does."""
        self.alive = ""

    def __call__(self, arrived: Arrived) -> httpx.Response:
        """Answer one request."""
        if arrived.path == "/login.api":
            self.logins += 1
            self.alive = f"c{self.logins}"
            return logged_in(self.logins)
        if not self.alive or arrived.headers.get("cookie") != f"Workbooks-Session={self.alive}":
            return self.lost
        if arrived.path == "/logout":
            return redirected("/")
        if arrived.method == "PUT":
            if arrived.one("_authenticity_token") != f"t{self.logins}":
                return as_json({"failure_reason": "invalid_authenticity_token"}, 401)
            self.writes += 1
            return as_json(SAVED)
        response = listed(a_row())
        if self.rotates:
            self.rotation += 1
            self.alive = f"r{self.rotation}"
            response.headers["Set-Cookie"] = f"Workbooks-Session={self.alive}; path=/; secure"
        return response


async def test_a_session_needs_one_login_and_sends_no_key_after_it() -> None:
    """It is what sessions are for."""
    office = Office()
    async with opened(prepared(office), auth="session", fields=CONFIGURED) as world:
        fact = await world.source.steps()[0].run()
        await find_columns(world)
        await world.source.fetch(RecordType.OPPORTUNITY, [901])
        await world.source.write_back(RecordType.OPPORTUNITY, [ENTRY])

    read, write, logout = world.service.arrived
    assert fact == "signed in as API User in Main"
    assert (office.logins, office.writes) == (1, 1)
    assert read.one("api_key") is None
    assert read.one("_authenticity_token") is None
    assert write.one("_authenticity_token") == "t1"
    assert logout.path == "/logout"


async def test_a_login_by_name_sends_name_and_password() -> None:
    """Keys can be forbidden by an organisation's policy."""
    async with opened(
        Office(),
        auth="session",
        username="api@example.com",
        password={"env": "TEST_WORKBOOKS_PASSWORD"},
    ) as world:
        await world.source.steps()[0].run()

    login = world.service.arrived[0]
    assert (login.path, login.query) == ("/login.api", "")
    assert (login.one("username"), login.one("password")) == ("api@example.com", "correct horse")
    assert (login.one("client"), login.one("api_version")) == ("api", "1")


async def test_the_newest_session_id_is_the_one_sent() -> None:
    """Any answer may change it."""
    office = Office(rotates=True)
    async with opened(prepared(office), auth="session", fields=CONFIGURED) as world:
        await find_columns(world)
        for _ in range(3):
            await world.source.fetch(RecordType.OPPORTUNITY, [901])

    assert (office.logins, office.rotation) == (1, 3)


@pytest.mark.parametrize(
    "lost",
    [
        redirected("/login"),
        as_json({"failure_reason": "session_expired"}, 401),
        httpx.Response(401),
    ],
)
async def test_a_lost_session_is_renewed_and_the_request_repeated(lost: httpx.Response) -> None:
    """Sessions end at every upgrade of the service."""
    office = Office(lost=lost)
    async with opened(prepared(office), auth="session", fields=CONFIGURED) as world:
        await find_columns(world)
        office.end_session()
        [row] = (await world.source.fetch(RecordType.OPPORTUNITY, [901])).rows
        office.end_session()
        [result] = await world.source.write_back(RecordType.OPPORTUNITY, [ENTRY])

    assert (row.id, result.outcome) == (901, Delivery.DELIVERED)
    assert (office.logins, office.writes) == (3, 1)


async def test_requests_that_lose_the_session_together_share_one_login() -> None:
    """A login per request would throw the others out again."""
    office = Office()
    async with opened(prepared(office), auth="session", fields=CONFIGURED) as world:
        await find_columns(world)
        office.end_session()
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(world.source.fetch, RecordType.OPPORTUNITY, [901])

    assert office.logins == 2


async def test_a_session_refused_right_after_its_login_is_refused() -> None:
    """Logging in over and over would hide it."""

    def respond(arrived: Arrived) -> httpx.Response:
        return logged_in() if arrived.path == "/login.api" else redirected("/login")

    async with opened(prepared(respond), auth="session", fields=CONFIGURED) as world:
        await find_columns(world)
        with pytest.raises(Unauthorized):
            await world.source.fetch(RecordType.OPPORTUNITY, [901])

    assert [arrived.path for arrived in world.service.arrived].count("/login.api") == 1


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [
        (401, "unrecognised_name_or_password", Unauthorized),
        (403, "no_permission_for_api", Unauthorized),
        (403, "database_being_migrated", Throttled),
        (401, "session_expired", Unauthorized),
        (401, "something_new", Unauthorized),
    ],
)
async def test_a_refused_login_is_classed(
    status: int, reason: str, error: type[EngineError]
) -> None:
    """Maintenance is waited out; a wrong password is for a person."""
    body = {"success": False, "failure_reason": reason, "failure_message": "a sentence"}
    async with opened(lambda _: as_json(body, status), auth="session") as world:
        with pytest.raises(error, match=reason):
            await world.source.steps()[0].run()

    assert (world.governor.paused_s > 0) is (error is Throttled)


@pytest.mark.parametrize("answer", [as_json({"session_id": "c1"}), listed()])
async def test_a_login_without_a_token_is_their_fault(answer: httpx.Response) -> None:
    """Every later write would be refused."""
    async with opened(lambda _: answer, auth="session") as world:
        with pytest.raises(TheirFault):
            await world.source.steps()[0].run()


async def test_a_login_without_any_session_id_is_their_fault() -> None:
    """There would be nothing to send."""
    answer = as_json({"authenticity_token": "t"})
    async with opened(lambda _: answer, auth="session") as world:
        with pytest.raises(TheirFault, match="session id"):
            await world.source.steps()[0].run()


async def test_the_session_id_may_come_in_the_body_alone() -> None:
    """A proxy may take the cookie away."""
    answer = as_json({"authenticity_token": "t", "session_id": "c9"})
    async with opened(lambda _: answer, auth="session") as world:
        assert "unnamed" in await world.source.steps()[0].run()

    assert world.service.arrived[-1].headers["cookie"] == "Workbooks-Session=c9"


async def test_a_request_to_wait_pauses_the_whole_system() -> None:
    """The other requests would be told the same."""
    answer = as_json({}, 429, **{"Retry-After": "30"})
    async with opened(lambda _: answer) as world:
        with pytest.raises(Throttled) as raised:
            await world.source.steps()[0].run()
        assert 29 < world.governor.paused_s <= 30

    assert raised.value.retry_after_s == 30


@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(200, html="<html/>")])
async def test_server_errors_count_towards_an_outage(answer: httpx.Response) -> None:
    """Enough of them in a row and the system is left alone for a while."""
    async with opened(lambda _: answer) as world:
        with pytest.raises(EngineError):
            await world.source.steps()[0].run()

    assert world.governor.failures == 1


@pytest.mark.parametrize("answer", [listed(), as_json({"failures": ["no"]}, 406)])
async def test_any_proper_answer_ends_an_outage(answer: httpx.Response) -> None:
    """A refusal of one request also shows that somebody is there."""
    async with opened(lambda _: answer) as world:
        world.governor.failed("before")
        with suppress(Misconfigured):
            await world.source.steps()[0].run()

    assert world.governor.failures == 0
