"""Fixtures of the scenario tests."""

from __future__ import annotations

import io
import logging
import sys
import threading
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
import structlog

from engine import logs
from tests.scenario.bench import Bench, bench


@pytest.fixture
async def world(anyio_backend: str, tmp_path: Path) -> AsyncGenerator[Bench]:
    """Both systems, empty, and an engine that has never run."""
    async with bench(tmp_path) as opened:
        yield opened


@pytest.fixture
def said() -> Generator[io.StringIO]:
    """The service's log, for the time of one test."""
    root = logging.getLogger()
    before = root.level, root.handlers[:], sys.excepthook, threading.excepthook
    out = io.StringIO()
    logs.configure("info", "json", out)
    yield out
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.level, root.handlers[:], sys.excepthook, threading.excepthook = before
