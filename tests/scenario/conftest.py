"""Fixtures of the scenario tests."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

import pytest

from engine import logs
from tests.scenario.bench import Bench, bench
from tests.simulation import virtual_time


@pytest.fixture
def anyio_backend() -> Generator[tuple[str, dict[str, Any]]]:
    """Nobody waits for what only takes its time: retries, doubts, what is not visible yet."""
    with virtual_time.threads_seen():
        yield "asyncio", {"loop_factory": virtual_time.VirtualLoop}


@pytest.fixture
async def world(
    anyio_backend: tuple[str, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncGenerator[Bench]:
    """Both systems, empty, and an engine that has never run."""
    sockets = "sockets" in request.keywords
    async with bench(tmp_path, sockets=sockets) as opened:
        yield opened


@pytest.fixture
def said() -> io.StringIO:
    """The service's log, for the time of one test."""
    out = io.StringIO()
    logs.configure("info", "json", out)
    return out
