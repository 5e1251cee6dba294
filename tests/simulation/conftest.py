"""What the histories that keep their state in PostgreSQL share."""

from __future__ import annotations

import pytest

from tests.postgres import VARIABLE


@pytest.fixture
def shared(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server, for the processes that a test starts."""
    monkeypatch.setenv(VARIABLE, postgres)
