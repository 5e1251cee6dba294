"""`wosync top`: live in a terminal, one document elsewhere."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pytest

from engine.cli.app import start
from tests.end_to_end.terminal import typing
from tests.scenario.bench import bench, until
from tests.scenario.service_port import eventually, served

pytestmark = pytest.mark.anyio

UNREACHABLE = 69


@pytest.mark.parametrize("leaves", ["q", "Ctrl-C"])
async def test_it_shows_what_is_so_until_somebody_has_seen_enough(
    tmp_path: Path, leaves: str
) -> None:
    """In place: each picture replaces the one before, and the screen beneath comes back."""
    async with bench(tmp_path, sockets=True) as world, served(world) as port:

        async def ready() -> bool:
            return (await port.ready())[0] == 200

        await eventually(ready)
        async with typing(tmp_path, "top") as screen:
            before = await screen.until("Opportunities")
            assert "\x1b[?1049h" in before, "the alternate screen"
            said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", before)
            assert "The service: works" in said
            assert "Outreach: works" in said
            record = world.has("Harbour crane")
            await until(lambda: world.record(record)["outreach_id"] is not None)
            await screen.until("Opportunities       1")
            if leaves == "q":
                os.write(screen.master, b"q")
            else:
                screen.process.send_signal(signal.SIGINT)
            assert await screen.ended() == 0
            assert screen.shown.count("\x1b[?1049l") == 1


def test_where_nobody_watches_it_is_one_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script, a pipe, a terminal that cannot move its cursor."""
    config = tmp_path / "config.toml"
    config.write_text(
        f'[service]\nstate_dir = "{tmp_path}/state"\nhttp = "127.0.0.1:1"\n'
        '[workbooks]\napi_key = { env = "X" }\n'
        '[outreach]\nclient_id = "a"\nclient_secret = { env = "X" }\n',
        encoding="utf-8",
    )

    assert start(["top", "--json", "--config", str(config)]) == UNREACHABLE
    document = json.loads(capsys.readouterr().out)
    assert document["running"] is False
    assert start(["top", "--config", str(config)]) == UNREACHABLE
    assert "no service is running" in capsys.readouterr().out
