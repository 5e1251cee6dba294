"""The client's writes: which are certain, which are in doubt, and that none is sent twice."""

from __future__ import annotations

import httpx
import pytest

from connectors.workbooks.outcomes import MISSING_TEXT
from engine import (
    Delivery,
    EngineError,
    Misconfigured,
    Position,
    RecordType,
    Throttled,
    Unauthorized,
    Unreachable,
)
from tests.unit.connectors.workbooks.stand_ins import (
    CONFIGURED,
    ENTRY,
    SAVED,
    Arrived,
    as_json,
    find_columns,
    listed,
    logged_in,
    opened,
    prepared,
    redirected,
)

pytestmark = pytest.mark.anyio


async def test_a_write_that_was_delayed_is_delivered_by_the_last_answer() -> None:
    """The answer at the end of a delay is the original's."""

    def respond(arrived: Arrived) -> httpx.Response:
        return as_json(SAVED) if arrived.path == "/wait" else redirected("/wait")

    async with opened(prepared(respond), fields=CONFIGURED) as world:
        await find_columns(world)
        [result] = await world.source.write_back(RecordType.OPPORTUNITY, [ENTRY])

    assert (result.outcome, result.version) == (Delivery.DELIVERED, 4)
    assert [arrived.method for arrived in world.service.arrived] == ["PUT", "GET"]


@pytest.mark.parametrize(
    "end",
    [
        listed(),
        httpx.Response(404),
        httpx.Response(401),
        httpx.Response(429),
        httpx.Response(200, html="<html>back soon</html>"),
        redirected("/login"),
        redirected("https://elsewhere.test/"),
        redirected("/wait"),
    ],
)
async def test_a_delayed_write_without_an_account_is_in_doubt(end: httpx.Response) -> None:
    """Repeating it blindly could write twice; the engine looks first."""

    def respond(arrived: Arrived) -> httpx.Response:
        return redirected("/wait") if arrived.method == "PUT" else end

    async with opened(prepared(respond), fields=CONFIGURED, delay_hops_max=3) as world:
        await find_columns(world)
        with pytest.raises(Unreachable) as raised:
            await world.source.write_back(RecordType.OPPORTUNITY, [ENTRY])

    assert raised.value.ambiguous
    assert [arrived.method for arrived in world.service.arrived].count("PUT") == 1


@pytest.mark.parametrize("end", [redirected("/login"), httpx.Response(401)])
async def test_a_delayed_write_that_lost_its_session_is_not_repeated(end: httpx.Response) -> None:
    """A fresh login would repeat what may have been executed during the delay."""

    def respond(arrived: Arrived) -> httpx.Response:
        if arrived.path == "/login.api":
            return logged_in()
        return redirected("/wait") if arrived.method == "PUT" else end

    async with opened(prepared(respond), auth="session", fields=CONFIGURED) as world:
        await find_columns(world)
        with pytest.raises(Unreachable) as raised:
            await world.source.write_back(RecordType.OPPORTUNITY, [ENTRY])

    assert raised.value.ambiguous
    assert [arrived.method for arrived in world.service.arrived].count("PUT") == 1


@pytest.mark.parametrize(
    "answer",
    [
        listed(),
        as_json({"success": False}),
        as_json({"success": True}),
        as_json([]),
        httpx.Response(200, html="<html>back soon</html>"),
        httpx.Response(204),
        httpx.Response(500),
        httpx.Response(502),
        redirected("https://elsewhere.test/"),
    ],
)
async def test_a_write_without_an_account_is_in_doubt(answer: httpx.Response) -> None:
    """It may have been executed before the answer went wrong."""
    async with opened(prepared(lambda _: answer), fields=CONFIGURED) as world:
        await find_columns(world)
        with pytest.raises(Unreachable) as raised:
            await world.source.write_back(RecordType.OPPORTUNITY, [ENTRY])

    assert raised.value.ambiguous


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, Unauthorized), (403, Unauthorized), (406, Misconfigured), (429, Throttled)],
)
async def test_a_write_refused_at_the_door_is_not_in_doubt(
    status: int, error: type[EngineError]
) -> None:
    """Nothing was executed, so nothing need be looked up."""
    async with opened(prepared(lambda _: as_json({}, status)), fields=CONFIGURED) as world:
        await find_columns(world)
        with pytest.raises(error):
            await world.source.write_back(RecordType.OPPORTUNITY, [ENTRY])


async def test_a_lost_answer_puts_a_write_in_doubt_and_a_read_not() -> None:
    """A read may be repeated as often as one likes."""

    def respond(arrived: Arrived) -> httpx.Response:
        raise httpx.ReadError("connection lost")

    async with opened(prepared(respond), fields=CONFIGURED) as world:
        await find_columns(world)
        with pytest.raises(Unreachable) as writing:
            await world.source.write_back(RecordType.OPPORTUNITY, [ENTRY])
        with pytest.raises(Unreachable) as reading:
            await world.source.changes(Position(0, 0), 10)

    assert (writing.value.ambiguous, reading.value.ambiguous) == (True, False)


async def test_a_lost_login_leaves_the_write_that_needed_it_certain() -> None:
    """The write never left."""

    def respond(arrived: Arrived) -> httpx.Response:
        raise httpx.ReadTimeout("slow")

    async with opened(prepared(respond), auth="session", fields=CONFIGURED) as world:
        with pytest.raises(Unreachable) as raised:
            await world.source.steps()[0].run()

    assert not raised.value.ambiguous


async def test_a_missing_record_is_told_from_a_refused_one() -> None:
    """The write of a deleted record is dropped, the other is shown to a person."""
    answer = as_json({"success": False, "failures": [MISSING_TEXT.capitalize()]})
    async with opened(prepared(lambda _: answer), fields=CONFIGURED) as world:
        await find_columns(world)
        [result] = await world.source.write_back(RecordType.OPPORTUNITY, [ENTRY])

    assert result.outcome is Delivery.MISSING
