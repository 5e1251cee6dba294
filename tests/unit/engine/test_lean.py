"""What a service does not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("command", ["run", "once"])
def test_a_service_loads_nothing_for_colours(command: str, tmp_path: Path) -> None:
    """It was a fifteenth of its memory."""
    missing = str(tmp_path / "config.toml")
    said = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "engine", command, "--config", missing],
        capture_output=True,
        text=True,
        check=False,
    ).stderr

    loaded = {line.rpartition("|")[2].strip() for line in said.splitlines()}
    assert {"structlog.dev", "httpx._models"} <= loaded
    assert {"rich.console", "pygments.lexers.python"} & loaded == set()


def test_who_wants_colours_afterwards_has_them() -> None:
    """As the sandbox's demo, which runs the service and shows tables."""
    code = "from engine.lean import load; load(); import rich.table, pygments.lexers"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
