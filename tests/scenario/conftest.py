"""Fixtures of the scenario tests."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from engine import logs
from tests.scenario.bench import Bench, bench


@pytest.fixture
async def world(
    anyio_backend: str, tmp_path: Path, request: pytest.FixtureRequest
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
