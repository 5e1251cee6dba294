"""Fixtures every test may use."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The store runs on asyncio only, so the tests do too."""
    return "asyncio"
