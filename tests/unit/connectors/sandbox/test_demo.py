"""The demo ends with a clear word when its service cannot play its part."""

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from connectors.sandbox.demo_service import DemoFailed
from connectors.sandbox.demo_story import Demo, watched

pytestmark = pytest.mark.anyio


async def test_a_service_that_dies_ends_the_demo_with_its_last_words(tmp_path: Path) -> None:
    """Whoever tries the product first must not be left with a hanging table."""
    script = "print('the configuration is wrong'); raise SystemExit(78)"
    screen = io.StringIO()
    console = Console(file=screen, highlight=False)

    with pytest.raises(DemoFailed, match=r"exit code 78\.(?s:.*)the configuration is wrong"):
        await watched(Demo(console, tmp_path, command=[sys.executable, "-c", script]))

    assert "The first synchronisation" in screen.getvalue()


async def test_a_service_that_never_settles_ends_the_demo_too(tmp_path: Path) -> None:
    """Nobody watches a table that does not move for longer than a minute."""
    silent = [sys.executable, "-c", "import time; time.sleep(600)"]

    with pytest.raises(DemoFailed, match="Nothing has settled"):
        await watched(Demo(Console(file=io.StringIO()), tmp_path, command=silent, patience_s=0))
