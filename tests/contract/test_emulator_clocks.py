"""Both emulators tell the time of their own world, as HTTP servers do; one may be two servers."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from tests.contract.test_outreach_emulator import NOON as OUTREACH_NOON
from tests.contract.test_outreach_emulator import Emulator as Outreach
from tests.contract.test_workbooks_emulator import NOON, PATH
from tests.contract.test_workbooks_emulator import Emulator as Workbooks
from tests.scenario.bench import START, bench

pytestmark = pytest.mark.anyio

APART_S = 30


def dated(response: httpx.Response) -> float:
    """What the one `Date` of an answer says, unix seconds."""
    [date] = response.headers.get_list("date")
    return parsedate_to_datetime(date).timestamp()


async def test_answers_carry_the_time_of_the_world() -> None:
    """A client that bounds itself by it must not be told the time of the machine."""
    workbooks, outreach = Workbooks(), Outreach()

    assert dated(await workbooks.get("")) == NOON
    assert dated(await outreach.get("/users")) == OUTREACH_NOON


async def test_over_the_wire_too(tmp_path: Path) -> None:
    """The server underneath has a `Date` of its own."""
    async with bench(tmp_path, sockets=True) as world, httpx.AsyncClient() as http:
        for system in ("workbooks", "outreach"):
            answer = await http.get(world.settings[system]["base_url"] + PATH)
            assert abs(dated(answer) - START) < 600


async def test_there_may_be_none() -> None:
    """A front may take it off."""
    workbooks, outreach = Workbooks(date_header=False), Outreach(date_header=False)

    assert "date" not in (await workbooks.get("")).headers
    assert "date" not in (await outreach.get("/users")).headers


async def test_two_servers_may_differ_in_what_they_tell_and_stamp() -> None:
    """Answers and times of saving come from either."""
    workbooks = Workbooks(servers_apart_s=APART_S)
    table = workbooks.world.opportunities

    told = {dated(await workbooks.get("")) for _ in range(40)}
    stamped = {table.find(table.create()).updated_at for _ in range(40)}  # pyright: ignore[reportOptionalMemberAccess] # it was made just now

    assert told == stamped == {NOON, NOON + APART_S}
