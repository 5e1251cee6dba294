"""The commands that explain and decide, typed as an operator would, on a sandbox of their own."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connectors.sandbox.sandbox import Ports, Sandbox, SandboxOptions
from connectors.sandbox.settings_file import prepared, write_settings
from engine.clock import SystemClock
from tests.end_to_end.few import few
from tests.end_to_end.test_cli_errors import wosync

pytestmark = pytest.mark.anyio

DONE, FAILED, ATTENTION = 0, 1, 3


@asynccontextmanager
async def synchronised(directory: Path, sandbox: Sandbox) -> AsyncGenerator[Path]:
    """The configuration of a sandbox, once synchronised."""
    async with sandbox.serving(Ports()) as addresses:
        home = prepared(directory / "sandbox")
        file = write_settings(home, addresses, sandbox.credentials)
        ended = await wosync("once", "--config", str(file.path), cwd=directory)
        assert ended.code == ATTENTION, ended.err
        yield file.path


@pytest.fixture
async def config(anyio_backend: str, tmp_path: Path) -> AsyncGenerator[Path]:
    """The same of a small one."""
    async with synchronised(tmp_path, few()) as path:
        yield path


async def test_the_mapping_in_force_is_shown_with_its_origin(config: Path) -> None:
    """Whoever asks why a field holds what it holds starts here."""
    with config.open("a", encoding="utf-8") as file:
        file.write('\n[mapping.opportunity]\nnextStep = "fao"\n')

    shown = await wosync("mapping", "--config", str(config), "--json", cwd=config.parent)

    assert shown.code == DONE, shown.err
    lines = json.loads(shown.out)["mapping.opportunity"]
    assert {"field": "nextStep", "filled_with": "fao (as text)", "origin": "config.toml"} in lines
    assert {line["origin"] for line in lines} == {"default", "config.toml"}


async def test_the_history_of_a_record_names_every_decision(config: Path) -> None:
    """Everything is explained; what is unknown is said to be."""
    shown = await wosync(
        "history", "OPP-1058", "--config", str(config), "--json", cwd=config.parent
    )
    decisions = [line["decision"] for line in json.loads(shown.out)["history"]]
    assert decisions[0] == "created"
    assert "written back" in decisions

    unknown = await wosync("history", "OPP-0", "--config", str(config), cwd=config.parent)
    assert unknown.code == FAILED
    assert "nothing is known of OPP-0" in unknown.err


async def test_a_mass_change_waits_for_the_approval_and_then_goes_on(tmp_path: Path) -> None:
    """The command tells how much it lets go."""
    async with synchronised(tmp_path, Sandbox(SandboxOptions(bulk=5), SystemClock().now)) as config:
        nothing = await wosync("approve", "--config", str(config), cwd=config.parent)
        assert (nothing.code, nothing.out) == (DONE, "nothing waits for approval\n")
        with config.open("a", encoding="utf-8") as file:
            file.write(
                '\n[fuse]\nrecords_min = 1\n[mapping.opportunity]\nnextStep = "object_ref"\n'
            )

        held = await wosync("once", "--config", str(config), "--json", cwd=config.parent)
        assert held.code == ATTENTION, held.err
        waiting = json.loads(held.out)["pending"]
        assert waiting > 100

        shown = await wosync("approve", "--config", str(config), cwd=config.parent)
        assert (shown.code, "update (10 of " in shown.out) == (ATTENTION, True)
        assert "nothing is approved yet" in shown.err
        approved = await wosync("approve", "--config", str(config), "--yes", cwd=config.parent)
        assert approved.out.startswith(f"{waiting} edits approved\n")
        after = await wosync("once", "--config", str(config), "--json", cwd=config.parent)
        assert json.loads(after.out)["pending"] == 0


async def test_why_and_list_answer_without_a_service(config: Path) -> None:
    """Beside a stopped service, and on a terminal that a name would steer."""
    shown = await wosync("list", "--refused", "--config", str(config), "--json", cwd=config.parent)
    refused = json.loads(shown.out)["records"]
    assert (shown.code, bool(refused)) == (DONE, True)
    assert all(one["code"] and one["since"] and one["ref"] for one in refused)

    first = refused[0]
    asked = await wosync("why", first["ref"], "--config", str(config), cwd=config.parent)
    assert asked.code == ATTENTION, asked.err
    assert asked.out.startswith(f"{first['ref']}: refused ({first['code']}): ")
    assert "Not looked at: both systems" in asked.out
    assert "its flag back by itself" in asked.out

    grouped = await wosync(
        "list", "--refused", "--by", "reason", "--csv", "--config", str(config), cwd=config.parent
    )
    assert grouped.out.splitlines()[0] == "list,code,records"
    counted = sum(int(line.split(",")[2]) for line in grouped.out.splitlines()[1:])
    assert counted == len(refused)

    unknown = await wosync("why", "OPP-\x1b[31m0", "--config", str(config), cwd=config.parent)
    assert (unknown.code, "\x1b" in unknown.everything) == (FAILED, False)
    none = await wosync("list", "--config", str(config), cwd=config.parent)
    assert (none.code, "name at least one of --waiting" in none.err) == (2, True)
