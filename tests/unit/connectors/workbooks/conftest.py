"""Fixtures of the Workbooks connector's tests."""

import pytest

from tests.unit.connectors.workbooks.stand_ins import API_KEY


@pytest.fixture(autouse=True)
def api_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret that the settings in these tests refer to."""
    monkeypatch.setenv("TEST_WORKBOOKS_API_KEY", API_KEY)
    monkeypatch.setenv("TEST_WORKBOOKS_PASSWORD", "correct horse")
