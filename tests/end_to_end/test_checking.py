"""`wosync check` names what was not granted, a clock that is off, and a system that is down."""

from __future__ import annotations

import json
import socket
import time
import tomllib
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.sandbox import Sandbox, SandboxOptions
from engine.store import statedir
from tests.end_to_end.test_authorising import (
    authorised,
    running,
    small,
    unauthorised,
    until,
)
from tests.end_to_end.test_cli_errors import (
    ATTENTION,
    CONFIGURATION,
    CREDENTIALS,
    UNREACHABLE,
    Ended,
    served,
)

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
DONE = 0


def lines(ended: Ended) -> dict[tuple[str, str], dict[str, Any]]:
    """The verdicts by subject and step; none that is not well lacks a remedy."""
    verdicts = json.loads(ended.out)["verdicts"]
    assert [one for one in verdicts if one["ok"] is not True and not one["remedy"]] == []
    return {(one["subject"], one["step"]): one for one in verdicts}


async def test_what_was_not_granted_is_named_with_what_does_not_work(tmp_path: Path) -> None:
    """Everything else may be green, and the service stall all the same."""
    async with unauthorised(tmp_path / "home", small()) as home:
        await authorised(home, without=("prospects.write", "opportunityProspectRoles.delete"))
        ended = await home.run("check", "--json")

    found = lines(ended)["outreach", "scopes"]
    assert ended.code == ATTENTION
    assert found["ok"] is False
    assert found["detail"].splitlines() == [
        "prospects.write was not granted: people who are not in the target yet are not created"
        " there",
        "opportunityProspectRoles.delete was not granted: people taken off an opportunity stay"
        " related to it",
    ]
    assert "wosync auth" in found["remedy"]


async def test_a_scope_for_everything_covers_what_is_needed(tmp_path: Path) -> None:
    """The sandbox grants `.all` of each resource, as an administrator may."""
    async with served(tmp_path / "home", small()) as home:
        ended = await home.run("check", "--json")

    found = lines(ended)
    assert ended.code == DONE, ended.everything
    assert found["workbooks", "customers"]["ok"] is True
    assert found["outreach", "scopes"]["detail"].startswith("all 10 that are needed were granted")
    assert found["this machine", "clock"]["ok"] is True


async def test_a_port_that_is_taken_is_named_before_the_service_ends_over_it(
    tmp_path: Path,
) -> None:
    """With a remedy; where nobody listens it is said to be free."""
    async with served(tmp_path / "home", small()) as home:
        assert lines(await home.run("check", "--json"))["service", "port"]["ok"] is True
        address = tomllib.loads(home.config.read_text(encoding="utf-8"))["service"]["http"]
        with socket.create_server(("127.0.0.1", int(address.partition(":")[2]))):
            ended = await home.run("check", "--json")

    found = lines(ended)["service", "port"]
    assert ended.code == CONFIGURATION
    assert found["detail"].startswith(f"[service] http: cannot listen on {address}: ")
    assert "give this one its own" in found["remedy"]


@pytest.mark.parametrize(("ahead_s", "words"), [(-7200, "2 hours ahead of"), (600, "behind")])
async def test_a_clock_that_is_off_is_named(tmp_path: Path, ahead_s: float, words: str) -> None:
    """Tokens are refused then, and certificates; nothing else says why."""
    sandbox = Sandbox(SandboxOptions(bulk=0, mint_interval_s=0), lambda: time.time() + ahead_s)
    async with served(tmp_path / "home", sandbox) as home:
        ended = await home.run("check", "--json")

    found = lines(ended)["this machine", "clock"]
    assert ended.code == ATTENTION
    assert found["ok"] is False
    assert words in found["detail"]
    assert "timedatectl" in found["remedy"]


async def test_a_running_service_is_asked(tmp_path: Path) -> None:
    """It holds the tokens: what it knows of them is as good as a look of our own."""
    sandbox = small()
    async with unauthorised(tmp_path / "home", sandbox) as home, running(home) as url:
        await until(url, "nobody has authorised this service yet")
        before = await home.run("check", "--json")
        await authorised(home, without=("prospects.write",))
        await until(url, "ready\n")
        after = await home.run("check", "--json")
        sandbox.outreach_traffic.plan.add(Fault(status=503, times=None))
        for number in sandbox.sample.ordinary:
            sandbox.workbooks.opportunities.update(number, description=f"Edited {number}")
        await until(url, "outreach ")
        down = await home.run("check", "--json")

    assert before.code == UNREACHABLE
    assert lines(before)["outreach", "scopes"]["remedy"] == "run: wosync auth"
    assert after.code == ATTENTION
    assert lines(after)["service", "ready"]["ok"] is True
    assert "prospects.write was not granted" in lines(after)["outreach", "scopes"]["detail"]
    assert down.code == UNREACHABLE
    assert "outreach" in lines(down)["service", "ready"]["detail"]


def forbidding() -> Fault:
    """The user's profile does not let our user see accounts, whatever was granted (§3.3)."""
    told = {
        "errors": [
            {
                "id": "unauthorizedRequest",
                "title": "Unauthorized Request",
                "detail": "You are not authorized to perform that request.",
            }
        ]
    }
    return Fault(
        method="GET",
        path="/api/v2/accounts",
        status=403,
        text=json.dumps(told),
        headers={"Content-Type": "application/vnd.api+json"},
        times=None,
    )


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside the service"])
async def test_what_is_granted_and_refused_all_the_same_is_tried(
    tmp_path: Path, beside: bool
) -> None:
    """A scope is what the application may; the profile is what the user may. Nothing is changed."""
    sandbox = small()
    sandbox.outreach_traffic.plan.add(forbidding())
    async with served(tmp_path / "home", sandbox) as home, AsyncExitStack() as stack:
        if beside:
            url = await stack.enter_async_context(running(home))
            await until(url, "ready\n")
        before = sandbox.outreach.opportunities.rows()
        ended = await home.run("check", "--json")

    found = lines(ended)["outreach", "permissions"]
    assert ended.code == ATTENTION
    assert lines(ended)["outreach", "scopes"]["ok"] is True
    assert found["ok"] is False
    assert "accounts.read is refused" in found["detail"]
    assert "opportunities with an account wait" in found["detail"]
    assert "profile" in found["remedy"]
    assert beside or sandbox.outreach.opportunities.rows() == before


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside the service"])
async def test_customers_that_cannot_be_read_are_told(tmp_path: Path, beside: bool) -> None:
    """Opportunities with an account wait for them, and nothing else says so."""
    sandbox = small()
    async with served(tmp_path / "home", sandbox) as home, AsyncExitStack() as stack:
        if beside:
            url = await stack.enter_async_context(running(home))
            await until(url, "ready\n")
        sandbox.workbooks.deny("crm/organisations")
        ended = await home.run("check", "--json")

    found = lines(ended)["workbooks", "customers"]
    assert ended.code == ATTENTION
    assert found["ok"] is False
    assert "opportunities with an account wait" in found["detail"]
    assert "organisations" in found["remedy"]


async def test_what_can_be_tried_is_told(tmp_path: Path) -> None:
    """And that the rest was not."""
    sandbox = small()
    async with served(tmp_path / "home", sandbox) as home:
        before = len(sandbox.outreach.opportunities.rows())
        ended = await home.run("check", "--json")

    assert ended.code == DONE
    assert lines(ended)["outreach", "permissions"]["detail"].startswith("6 tried by reading")
    assert len(sandbox.outreach.opportunities.rows()) == before


async def test_a_state_that_somebody_silent_holds_is_not_called_well(tmp_path: Path) -> None:
    """A service that hangs, or another one that runs on the same state."""
    async with served(tmp_path / "home", small()) as home:
        with statedir.lease(home.state):
            ended = await home.run("check", "--json")

    assert ended.code == DONE
    assert lines(ended)["outreach", "all steps"]["ok"] is None


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(path="/oauth/token", status=401, text='{"error": "invalid_client"}'), CREDENTIALS),
        (Fault(path="/oauth/token", status=200, text="<html>Sign in</html>"), 1),
        (Fault(path="/oauth/token", status=503), UNREACHABLE),
        (Fault(path="/api/v2/users", status=200, text="<html>Sign in</html>"), 1),
    ],
    ids=["wrong secret", "portal before the tokens", "down", "portal before the rest"],
)
async def test_whatever_fails_has_a_remedy(tmp_path: Path, fault: Fault, code: int) -> None:
    """Also where the error itself knows none."""
    sandbox = small()
    sandbox.outreach_traffic.plan.add(fault)
    async with served(tmp_path / "home", sandbox) as home:
        ended = await home.run("check", "--json")

    assert any(one["ok"] is False for one in lines(ended).values())
    assert ended.code in {code, UNREACHABLE}
