"""The report of a day: what a person reads, after a day of a real service."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from engine.cli import report as command
from engine.cli.app import start
from tests.scenario.bench import Bench, until
from tests.scenario.service_port import eventually, served

pytestmark = pytest.mark.anyio
MISUSED = 2


class _Clock:
    """The clock of the world, in place of the machine's."""

    now: Callable[[], float]


async def test_a_day_is_summed_up_for_those_who_look_after_the_records(
    world: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As text, as a page, and for a program; a changed setting is named, and no secret."""
    record, refused = world.has("Harbour crane"), world.has("x" * 300)
    person = world.knows("Bob", None)
    world.puts(record, (person, "Buyer"))
    clock = _Clock()
    clock.now = world.clock.now
    monkeypatch.setattr(command, "SystemClock", lambda: clock)
    given = ["report", "--day", "--config", str(world.directory / "config.toml")]

    def said(*options: str) -> str:
        capsys.readouterr()
        assert start([*given, *options]) == 0
        return capsys.readouterr().out

    async with served(world) as port:
        await until(lambda: world.record(record)["outreach_id"] is not None)
        await until(lambda: world.record(refused)["error"] is True)

        async def bob_is_waited_for() -> bool:
            return (await port.status())["counts"]["lines_waiting"] == 1

        await eventually(bob_is_waited_for)
        world.settings["owners"] = {"ttl_s": 1234}
        world.config()
        assert (await port.reload())["applied"]
        # Between two polls: in the middle of one it may be on its way.
        await until(lambda: "In step now: 1 of 1 linked records" in said())

    text, page = said(), said("--html")
    document: dict[str, Any] = json.loads(said("--json"))

    assert f"the person PERS-{person}" in text
    assert "value-too-long: name: 300" in text
    assert f"Slowest record: OPP-{record}, created " in text
    assert "owners.ttl_s" in text
    assert "1234" in text
    assert document["decisions"]["created"] == 1
    assert document["requests"] > 0
    assert page.startswith("<!doctype html>")
    assert f"the person PERS-{person}" in page
    assert "<script" not in page
    for shown in (text, page, json.dumps(document)):
        assert "client secret" not in shown
        assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--day", "yesterday"], "is no day"),
        (["--day", "2026-02-30"], "is no day"),
        (["--day", "9999-01-01"], "is still to come"),
        ([], "no report is named"),
    ],
)
def test_what_is_no_day_is_said_so(
    world: Bench, capsys: pytest.CaptureFixture[str], given: list[str], told: str
) -> None:
    """With what to give instead."""
    world.config()
    config = str(world.directory / "config.toml")

    assert start(["report", *given, "--config", config]) == MISUSED
    assert told in capsys.readouterr().err
