"""`wosync tune` beside the real service, between both emulators, under limits that are known."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

from connectors.sandbox.sandbox import Ports, Sandbox, SandboxOptions
from tests.end_to_end import started
from tests.end_to_end.test_cli_errors import Ended, Home, home_of, paragraph, served
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

ROOT = str(Path(__file__).resolve().parents[2])
DONE, UNREACHABLE = 0, 69
LOOK_S = 0.1
# On a busy machine the processor may be found to limit; then it is asked again.
LOOKS_MAX = 8
SLOW_S = 0.25


@dataclass(frozen=True, slots=True)
class Bench:
    """A service at work on a bulk import."""

    sandbox: Sandbox
    home: Home

    async def tune(self, *options: str) -> Ended:
        """Ask what limits."""
        return await self.home.run("tune", "--over", "1.5", *options)

    async def finding(self, limit: str) -> dict[str, Any]:
        """The first finding, once it is this one; the last answer fails the test."""
        first: dict[str, Any] = {}
        for _ in range(LOOKS_MAX):
            ended = await self.tune("--json")
            assert ended.code == DONE, ended.err
            first = json.loads(ended.out)["findings"][0]
            if first["limit"] == limit:
                return first
        raise AssertionError(first)


@contextlib.asynccontextmanager
async def at_work(
    directory: Path, settings: str, *, slow_s: float = 0.0, bulk: int = 600, places: int = 4
) -> AsyncGenerator[Bench]:
    """A service with these settings, from the moment it has begun to write."""
    sandbox = Sandbox(SandboxOptions(bulk=bulk, mint_interval_s=0))
    async with sandbox.serving(Ports()) as addresses:
        home = home_of(directory / "home", sandbox, addresses)
        home.replace("[outreach]\n", f"[outreach]\nrequests_in_flight_max = {places}\n")
        with home.config.open("a", encoding="utf-8") as file:
            file.write(settings)
        before = len(sandbox.outreach.opportunities.rows())
        with (directory / "service.log").open("wb") as log:
            async with await started.start(
                "run", "--config", str(home.config), cwd=directory, stdout=log, stderr=log
            ) as process:
                try:
                    with anyio.fail_after(DEADLINE_S):
                        while len(sandbox.outreach.opportunities.rows()) <= before + 5:  # noqa: ASYNC110 # the emulator has no event for it
                            await anyio.sleep(LOOK_S)
                    # Only now, so that the start is not slow as well.
                    sandbox.outreach_traffic.latency_s = slow_s
                    yield Bench(sandbox, home)
                finally:
                    process.kill()


async def test_one_syncer_before_slow_answers_is_named(tmp_path: Path) -> None:
    """The commonest limit, with the commands that move it word for word."""
    settings = "\n[concurrency]\nopportunity_syncers = 1\n"
    async with at_work(tmp_path, settings, slow_s=SLOW_S) as bench:
        first = await bench.finding("opportunity_syncer")
        shown = await bench.tune()

    assert first["setting"] == "concurrency.opportunity_syncers"
    assert (first["from"], first["to"]) == (1, 2)
    named = f"--config {bench.home.config}"
    assert first["commands"] == [
        f"wosync config set concurrency.opportunity_syncers 2 {named}",
        f"wosync reload {named}",
    ]
    assert shown.code == DONE
    assert re.search(r"opportunity syncer +1 +\d+%", shown.out)
    assert re.search(r"Backlog of opportunities +\d+", shown.out)
    # Nobody looks at a progress line in a file.
    assert "measuring" not in shown.err


async def test_many_syncers_before_one_place_name_the_places(tmp_path: Path) -> None:
    """More syncers would only stand in the same line."""
    settings = "\n[concurrency]\nopportunity_syncers = 8\n"
    async with at_work(tmp_path, settings, slow_s=SLOW_S, places=1) as bench:
        first = await bench.finding("requests_in_flight")

    assert first["setting"] == "outreach.requests_in_flight_max"
    assert (first["from"], first["to"]) == (1, 2)


async def test_a_spent_budget_is_named_with_the_time_it_ends(tmp_path: Path) -> None:
    """No worker and no place helps there."""
    settings = "\n[outreach.budget]\nper_hour = 90\nreserve = 30\n"
    async with at_work(tmp_path, settings) as bench:
        first = await bench.finding("budget")

    assert re.search(r"helps before \d\d:\d\d UTC", first["says"])
    assert first["setting"].startswith("outreach.budget.")


async def test_a_service_with_nothing_to_do_is_limited_by_nothing(tmp_path: Path) -> None:
    """The honest answer when there is nothing to tune."""
    async with at_work(tmp_path, "", bulk=0) as bench:
        ended: list[str] = []
        with anyio.move_on_after(DEADLINE_S):
            while not {"nothing", "not_due", "poll_interval"} & set(ended):
                shown = await bench.tune("--json")
                ended = [one["limit"] for one in json.loads(shown.out)["findings"]]

    assert set(ended) <= {"nothing", "not_due", "poll_interval"}


async def test_without_a_service_nothing_is_measured(tmp_path: Path) -> None:
    """One clear paragraph instead of zeros."""
    async with served(tmp_path / "home") as home:
        ended = await home.run("tune")

    assert ended.code == UNREACHABLE
    assert "no service answers at 127.0.0.1:" in paragraph(ended)
    assert ended.out == ""
