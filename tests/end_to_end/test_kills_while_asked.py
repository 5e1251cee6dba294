"""A plan and an undo, each cut off by kills of the real processes, and done again to their end.

Beside the service it is the service that dies, without one the command. Nothing is sent twice, and
what the fuse holds goes on by nobody's word but that of the plan.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import anyio
import anyio.abc
import httpx
import pytest

from connectors.sandbox.sandbox import Ports, Sandbox, SandboxOptions
from connectors.sandbox.settings_file import SettingsFile
from engine.cli.moments import shown
from engine.clock import SystemClock
from engine.model.plan import Change, Kind
from engine.service.planning.files import lines_of
from tests.end_to_end import started
from tests.end_to_end.test_cli_errors import Ended, wosync
from tests.end_to_end.test_kills import configured, service
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

KILLS = 3
LOOK_S = 0.005
# Each costs the service a look at all that it has.
ASK_S = 0.2
PATCH = ("PATCH", "/api/v2/opportunities/{id}")
# Every linked record would be changed by this, and waits for somebody.
MAPPING = '\n[fuse]\nrecords_min = 1\nshare = 0.0\n[mapping.opportunity]\nnextStep = "object_ref"\n'


@dataclass(frozen=True, slots=True)
class Scene:
    """A sandbox, and the commands beside it."""

    sandbox: Sandbox
    settings: SettingsFile
    directory: Path

    @property
    def patches(self) -> int:
        """Edits of opportunities that Outreach has seen."""
        return self.sandbox.outreach_traffic.counts[PATCH]

    def named(self) -> dict[str, object]:
        """By reference, the field that the mapping fills."""
        rows = self.sandbox.outreach.opportunities.rows()
        return {
            str(row.attributes["customId"]): row.attributes.get("nextStep")
            for row in rows
            if row.attributes.get("customId")
        }

    async def asks(self, *words: str) -> Ended:
        """A command that runs to its end."""
        return await wosync(*words, "--config", str(self.settings.path), cwd=self.directory)

    @asynccontextmanager
    async def asking(self, *words: str) -> AsyncGenerator[anyio.abc.Process]:
        """A command that is under way; killed at the end of the block, if it is still."""
        process = await started.start(
            *words, "--config", str(self.settings.path), cwd=self.directory
        )
        async with process:
            try:
                yield process
            finally:
                if process.returncode is None:
                    process.kill()

    async def status(self) -> dict[str, Any] | None:
        """What the running service says, if it is ready."""
        async with httpx.AsyncClient(base_url=self.settings.service_url, trust_env=False) as client:
            try:
                told = (await client.get("/status")).json()
            except httpx.HTTPError:
                return None
        return told if told["ready"] else None

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until the service says so."""
        with anyio.fail_after(DEADLINE_S):
            while (told := await self.status()) is None or not holds(told):  # noqa: ASYNC110
                await anyio.sleep(ASK_S)

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[anyio.abc.Process]:
        """The service, ready, with what the fuse holds counted."""
        async with service(self.settings.path, self.directory / "service.log") as process:
            await self.until(_only_waits_for_approval)
            yield process


def _only_waits_for_approval(told: dict[str, Any]) -> bool:
    waiting = told["records"]["pending"] + told["people"]["pending"]
    return waiting == told["approval"]["records"]


async def cut_off(scene: Scene, rng: Random, *words: str) -> None:
    """Have it done, and killed in the middle of it, again and again."""
    for turn in range(KILLS):
        before = scene.patches
        wanted = before + rng.randrange(1, 12)

        async def under_way(
            process: anyio.abc.Process, command: anyio.abc.Process, wanted: int = wanted
        ) -> None:
            with anyio.fail_after(DEADLINE_S):
                while scene.patches < wanted and command.returncode is None:  # noqa: ASYNC110
                    await anyio.sleep(LOOK_S)
            process.kill()
            await process.wait()

        if turn % 2:
            async with scene.asking(*words) as command:
                await under_way(command, command)
        else:
            async with scene.serving() as process, scene.asking(*words) as command:
                await under_way(process, command)
                with anyio.fail_after(DEADLINE_S):
                    assert await command.wait() != 0
        await nothing_goes_on(scene)


async def nothing_goes_on(scene: Scene) -> None:
    """By itself: a service that starts anew finds what is left held, and leaves it there."""
    await all_arrived(scene)
    before = scene.patches
    async with scene.serving():
        polls = scene.sandbox.workbooks_traffic.total
        with anyio.fail_after(DEADLINE_S):
            while scene.sandbox.workbooks_traffic.total < polls + 4:  # noqa: ASYNC110
                await anyio.sleep(ASK_S)
    assert scene.patches == before


async def all_arrived(scene: Scene) -> None:
    """What the killed process had sent is carried out."""
    calm = 0
    with anyio.fail_after(DEADLINE_S):
        while calm < 5:
            busy = scene.sandbox.outreach_traffic.in_flight
            calm = 0 if busy else calm + 1
            await anyio.sleep(LOOK_S)


@asynccontextmanager
async def held(directory: Path) -> AsyncGenerator[Scene]:
    """All records of a sandbox are linked, and another mapping would change every one of them."""
    options = SandboxOptions(seed=5, bulk=0, latency_s=0.01, mint_interval_s=0)
    sandbox = Sandbox(options)
    async with sandbox.serving(Ports()) as addresses:
        settings = configured(directory / "home", addresses, sandbox)
        scene = Scene(sandbox, settings, directory)
        assert (await scene.asks("once")).code == 3
        text = settings.path.read_text(encoding="utf-8")
        settings.path.write_text(text + MAPPING, encoding="utf-8")
        yield scene


async def done(ask: Callable[[], Awaitable[Ended]]) -> dict[str, Any]:
    """What the command says that is not cut off."""
    ended = await ask()
    assert "Traceback" not in ended.everything
    assert ended.out, ended.err
    return json.loads(ended.out)


@pytest.mark.slow
async def test_a_plan_and_an_undo_are_done_again_after_kills_and_nothing_is_sent_twice(
    tmp_path: Path,
) -> None:
    """What was sent counts as done, what was let go for the plan alone is held again."""
    rng = Random(20261129)  # noqa: S311 # moments, not secrets
    async with held(tmp_path) as scene:
        before, sent = scene.named(), scene.patches
        async with scene.serving():
            assert (await scene.asks("plan", "--out", "a.plan")).code == 3
        lines = lines_of(tmp_path / "a.plan")
        changed = [one for one in lines if isinstance(one, Change) and one.kind is Kind.UPDATE]
        assert len(changed) > 5 * KILLS

        moment = shown(SystemClock().now())

        await cut_off(scene, rng, "apply", "a.plan")
        applied = await done(lambda: scene.asks("apply", "a.plan", "--json"))

        assert scene.patches - sent == len(changed)
        refs = {one.ref for one in changed}
        assert {ref: scene.named()[ref] for ref in refs} == {ref: ref for ref in refs}
        assert applied["left_out"] == 0, applied
        assert (await scene.asks("approve")).out == "nothing waits for approval\n"

        sent = scene.patches
        words = ("undo", "--since", moment, "--yes")
        await cut_off(scene, rng, *words)
        undone = await done(lambda: scene.asks(*words, "--json"))

        left = [one["left_out"]["reason"] for one in undone["lines"] if "left_out" in one]
        assert [one for one in left if not one.endswith("already")] == []
        assert {ref: scene.named()[ref] for ref in refs} == {ref: before[ref] for ref in refs}
        assert scene.patches - sent == len(changed)
