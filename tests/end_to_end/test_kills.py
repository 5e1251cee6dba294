"""The real process, killed at random while records change, against emulators over real sockets."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import anyio
import anyio.abc
import httpx
import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.sandbox import Addresses, Ports, Sandbox, SandboxOptions
from connectors.sandbox.settings_file import SettingsFile, prepared, write_settings
from tests.end_to_end import started
from tests.end_to_end.hands import Hands
from tests.end_to_end.verdict import Verdict, verdict
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

KILLS = int(os.environ.get("WOSYNC_KILLS", "20"))
# Longest wait for the requests after the first one of a new process.
IDLE_S = 0.3
REQUESTS_MAX = 40
LOOK_S = 0.005
# So many looks in a row must find nothing left to do.
CALM = 4


@asynccontextmanager
async def service(config: Path, log: Path) -> AsyncGenerator[anyio.abc.Process]:
    """`wosync run` as a child of its own."""
    with log.open("ab") as out:
        process = await started.start(
            "run", "--config", str(config), cwd=config.parent, stdout=out, stderr=out
        )
        async with process:
            try:
                yield process
            finally:
                if process.returncode is None:
                    process.kill()


def requests(sandbox: Sandbox) -> int:
    """Requests that either system has seen."""
    return sandbox.workbooks_traffic.total + sandbox.outreach_traffic.total


async def let_pass(sandbox: Sandbox, number: int, within_s: float) -> None:
    """Wait for so many more requests, or until so much time is over."""
    wanted = requests(sandbox) + number
    with anyio.move_on_after(within_s):
        while requests(sandbox) < wanted:  # noqa: ASYNC110 # the traffic only counts
            await anyio.sleep(LOOK_S)


def things_go_wrong(sandbox: Sandbox) -> None:
    """Lost answers, for as long as the killing lasts."""
    for path in ("/opportunities", "/prospects", "/opportunityProspectRoles"):
        sandbox.outreach_traffic.plan.add(
            Fault(
                method="POST", path=path, when="after", action="drop", probability=0.03, times=None
            )
        )
    sandbox.outreach_traffic.plan.add(
        Fault(method="PATCH", when="after", status=502, probability=0.03, times=None)
    )
    sandbox.workbooks_traffic.plan.add(
        Fault(method="PUT", when="after", action="drop", probability=0.2, times=None)
    )


def configured(directory: Path, addresses: Addresses, sandbox: Sandbox) -> SettingsFile:
    """A configuration that is quick to retry, and to poll."""
    settings = write_settings(prepared(directory), addresses, sandbox.credentials)
    text = settings.path.read_text(encoding="utf-8")
    for old, new in (
        ("visibility_s = 5", "visibility_s = 1"),
        ("interval_s = 2", "interval_s = 1"),
    ):
        assert old in text
        text = text.replace(old, new)
    text += "\n[retry]\nbase_s = 0.1\ncap_s = 1\n"
    settings.path.write_text(text, encoding="utf-8")
    return settings


async def at_rest(client: httpx.AsyncClient) -> bool:
    """Whether the service itself says that nothing is left to do."""
    try:
        status = (await client.get("/status")).json()
    except httpx.HTTPError:
        return False
    if "records" not in status:
        # It stands by, and knows of none.
        return False
    records = status["records"]
    waiting = records["pending"] + records["in_doubt"] + status["people"]["pending"]
    return bool(status["ready"]) and not waiting + status["outbox"]


async def settled(url: str, sandbox: Sandbox, hands: Hands) -> Verdict:
    """Wait until nothing is left to do and nothing is missing; the last verdict in any case.

    A service that finds no rest misses something too, whatever both systems show.
    """
    found, calm = verdict(sandbox, hands.made), 0
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        with anyio.move_on_after(DEADLINE_S):
            # A second look a poll later: what is wrong may also be done after all was well.
            while calm < CALM:
                await anyio.sleep(0.5)
                resting = await at_rest(client)
                found = verdict(sandbox, hands.made)
                calm = calm + 1 if resting and not found.misses else 0
    if calm < CALM:
        found.misses.append("the service never came to rest")
    return found


@pytest.mark.slow
async def test_kills_at_random_moments_duplicate_nothing_and_lose_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    """The promise the product stands for: no duplicate, no lost change, whatever dies."""
    rng = Random(20261123)  # noqa: S311 # moments, not secrets
    sandbox = Sandbox(SandboxOptions(seed=5, bulk=150, latency_s=0.005, mint_interval_s=0))
    hands = Hands(sandbox, rng)
    things_go_wrong(sandbox)
    kills = 0
    async with sandbox.serving(Ports()) as addresses:
        settings = configured(tmp_path / "home", addresses, sandbox)
        log = tmp_path / "service.log"
        for _ in range(KILLS):
            async with service(settings.path, log) as process:
                await let_pass(sandbox, 1, DEADLINE_S)
                for _ in range(2):
                    await let_pass(sandbox, rng.randrange(REQUESTS_MAX), IDLE_S)
                    hands.do_something()
                await anyio.sleep(rng.uniform(0.0, 0.02))
                assert process.returncode is None, log.read_text(encoding="utf-8")[-2000:]
                process.kill()
                kills += 1
        sandbox.outreach_traffic.plan.clear()
        sandbox.workbooks_traffic.plan.clear()
        async with service(settings.path, log) as process:
            found = await settled(settings.service_url, sandbox, hands)
            process.send_signal(signal.SIGTERM)
            with anyio.fail_after(DEADLINE_S):
                assert await process.wait() == 0

    summary = (
        f"kills {kills}, records {found.records}, people {found.people}, roles {found.roles},"
        f" duplicates {len(found.duplicates)}, misses {len(found.misses)}"
    )
    # The property reaches the report where tests run in processes of their own.
    record_property("summary", summary)
    with capsys.disabled():
        sys.stdout.write(f"\n{summary}\n")
    assert (found.duplicates, found.misses) == ([], [])
