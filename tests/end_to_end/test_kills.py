"""The real process, killed at random while records change, against emulators over real sockets."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from subprocess import DEVNULL

import anyio
import anyio.abc
import httpx
import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.sandbox import Ports, Sandbox, SandboxOptions
from connectors.sandbox.settings_file import prepared, write_settings

pytestmark = pytest.mark.anyio

KILLS = int(os.environ.get("WOSYNC_KILLS", "12"))
SETTLED_WITHIN_S = 90


@asynccontextmanager
async def service(config: Path, log: Path) -> AsyncGenerator[anyio.abc.Process]:
    """`wosync run` as a child of its own."""
    with log.open("ab") as out:
        process = await anyio.open_process(
            [sys.executable, "-m", "engine", "run", "--config", str(config)],
            stdin=DEVNULL,
            stdout=out,
            stderr=out,
        )
        async with process:
            try:
                yield process
            finally:
                if process.returncode is None:
                    process.kill()


def edit_something(sandbox: Sandbox, rng: Random, number: int) -> None:
    """What a CRM user does: a new opportunity now and then, an edit otherwise."""
    opportunities = sandbox.workbooks.opportunities
    if number % 3 == 0:
        opportunities.create(
            description=f"Entered during kill {number}",
            cf_opportunity_sync_to_outreach=True,
            probability=rng.randrange(100),
        )
    record = rng.choice(sandbox.sample.ordinary)
    opportunities.update(record, probability=rng.randrange(100), comment=f"note {number}")


async def settled(url: str) -> None:
    """Wait until the service itself says that nothing is left to do, twice in a row."""
    calm = 0
    async with httpx.AsyncClient(trust_env=False) as client:
        while calm < 3:
            await anyio.sleep(0.5)
            try:
                status = (await client.get(f"{url}/status")).json()
            except httpx.HTTPError:
                continue
            waiting = status["records"]["pending"] + status["records"]["in_doubt"]
            calm = calm + 1 if status["ready"] and not waiting + status["outbox"] else 0


@pytest.mark.slow
async def test_kills_at_random_moments_duplicate_nothing_and_lose_nothing(
    tmp_path: Path,
) -> None:
    """The promise the product stands for: no duplicate, no lost change, whatever dies."""
    rng = Random(20261123)  # noqa: S311 # moments, not secrets
    sandbox = Sandbox(SandboxOptions(seed=5, bulk=150, latency_s=0.01, mint_interval_s=0))
    sandbox.outreach_traffic.plan.add(
        Fault(
            method="POST",
            path="/opportunities",
            when="after",
            action="drop",
            probability=0.03,
            times=None,
        ),
        Fault(
            method="PATCH", when="after", action="status", status=502, probability=0.03, times=None
        ),
    )
    sandbox.workbooks_traffic.plan.add(
        Fault(method="PUT", when="after", action="drop", probability=0.2, times=None)
    )
    async with sandbox.serving(Ports()) as addresses:
        settings = write_settings(prepared(tmp_path / "home"), addresses, sandbox.credentials)
        text = settings.path.read_text().replace("visibility_s = 5", "visibility_s = 1")
        settings.path.write_text(text + "\n[retry]\nbase_s = 0.1\ncap_s = 1\n")
        log = tmp_path / "service.log"
        for number in range(KILLS):
            async with service(settings.path, log) as process:
                await anyio.sleep(rng.uniform(0.5, 1.6))
                edit_something(sandbox, rng, number)
                await anyio.sleep(rng.uniform(0.0, 0.4))
                process.kill()
        sandbox.outreach_traffic.plan.clear()
        sandbox.workbooks_traffic.plan.clear()
        async with service(settings.path, log) as process:
            with anyio.fail_after(SETTLED_WITHIN_S):
                await settled(settings.service_url)
            process.send_signal(signal.SIGTERM)
            with anyio.fail_after(30):
                assert await process.wait() == 0

    refs = Counter(row.attributes.get("customId") for row in sandbox.outreach.opportunities.rows())
    assert [ref for ref, number in refs.items() if ref and number > 1] == []
    assert mismatches(sandbox) == []


def mismatches(sandbox: Sandbox) -> list[str]:
    """Every eligible record that is not, field by field, what Outreach shows under its id."""
    found: list[str] = []
    by_id = {str(row.id): row.attributes for row in sandbox.outreach.opportunities.rows()}
    for row in sandbox.workbooks.opportunities.rows():
        syncs = row["cf_opportunity_sync_to_outreach"]
        if not syncs or row["cf_opportunity_outreach_sync_error"] or row["is_deleted"]:
            continue
        shown = by_id.get(str(row["cf_opportunity_outreach_id"] or ""))
        if shown is None:
            found.append(f"{row['object_ref']}: not in Outreach")
            continue
        for column, name in (("description", "name"), ("object_ref", "customId")):
            if row[column] != shown.get(name):
                found.append(f"{row['object_ref']}: {name} is {shown.get(name)!r}")
        if row["probability"] is not None and int(str(row["probability"])) != shown.get(
            "probability"
        ):
            found.append(f"{row['object_ref']}: probability is {shown.get('probability')!r}")
        if (row["comment"] or None) != shown.get("description"):
            found.append(f"{row['object_ref']}: description is {shown.get('description')!r}")
    return found
