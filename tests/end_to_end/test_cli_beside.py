"""Commands that end early, or that a running service keeps from going all the way."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import anyio
import pytest

from connectors.sandbox.sandbox import Sandbox, SandboxOptions
from engine.store import statedir
from tests.end_to_end import started
from tests.end_to_end.test_cli_errors import ATTENTION, STATE, served
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

DONE, INTERRUPTED = 0, 130
LOOK_S = 0.02
SLOW_S = 0.05


async def test_a_stopped_once_says_what_it_leaves_to_the_next(tmp_path: Path) -> None:
    """Whoever presses Ctrl-C in the middle of an import asks what becomes of the rest."""
    sandbox = Sandbox(SandboxOptions(bulk=40))
    sandbox.outreach_traffic.latency_s = SLOW_S
    async with served(tmp_path / "home", sandbox) as home:
        before = len(sandbox.outreach.opportunities.rows())
        with anyio.fail_after(DEADLINE_S):
            async with await started.start(
                "once",
                "--config",
                str(home.config),
                cwd=home.directory,
                stderr=subprocess.PIPE,
            ) as process:
                while len(sandbox.outreach.opportunities.rows()) <= before:  # noqa: ASYNC110 # the emulator has no event for it
                    await anyio.sleep(LOOK_S)
                process.send_signal(signal.SIGINT)
                assert process.stderr is not None
                said = b"".join([part async for part in process.stderr]).decode()

    [line] = [line for line in said.splitlines() if not line.startswith("{")]
    waiting = re.fullmatch(
        r"wosync: stopped; (\d+) records, \d+ people tabs and \d+ write-backs wait,"
        r" \d+ creates are in doubt and will be looked for; nothing is lost;"
        rf" wosync once --config {re.escape(str(home.config))} goes on",
        line,
    )
    assert process.returncode == INTERRUPTED
    assert waiting is not None, line
    assert int(waiting[1]) > 0


async def test_check_beside_a_service_claims_no_more_than_it_checked(tmp_path: Path) -> None:
    """A mistake in the mapping would show at the next start, and then nothing runs."""
    async with served(tmp_path / "home") as home:
        with statedir.lease(home.state):
            ended = await home.run("check")

    said = " ".join(ended.out.split())
    assert ended.code == DONE, ended.everything
    assert "complete" not in said
    assert "mapping lines skipped not checked beside a running service" in said
    assert "a mistake there would keep it from starting again" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a directory away")
async def test_root_follows_no_link_that_the_service_has_laid(tmp_path: Path) -> None:
    """README has root run the check in a directory that belongs to the service's user."""
    victim = tmp_path / "victim"
    async with served(tmp_path / "home") as home:
        home.state.mkdir(mode=0o700)
        (home.state / statedir.FILE_NAME).symlink_to(victim)
        for one in (home.state, home.state / statedir.FILE_NAME):
            os.chown(one, 61_234, 61_234, follow_symlinks=False)
        refused = await home.run("check")
        (home.state / statedir.FILE_NAME).unlink()
        ended = await home.run("once")

    assert refused.code == STATE
    assert "is a link" in " ".join(refused.out.split())
    assert not victim.exists()
    assert ended.code == ATTENTION, ended.everything
    assert {one.stat().st_uid for one in home.state.iterdir()} == {61_234}
