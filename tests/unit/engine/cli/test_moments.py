"""Moments: what people type is understood, and none is so early that it could not be shown."""

from __future__ import annotations

import pytest

from engine.cli.exits import Misused
from engine.cli.moments import moment_of, shown

NOW = 1_796_000_000.0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", "2026-11-29 22:53:20"),
        (" 3 d ", "2026-11-27 00:53:20"),
        ("2026-11-28", "2026-11-28 00:00:00"),
        ("2026-11-28 14:30", "2026-11-28 14:30:00"),
        ("2026-11-28T14:30+02:00", "2026-11-28 12:30:00"),
        ("999999d", "1970-01-01 00:00:00"),
        ("0001-01-01T00:00+14:00", "1970-01-01 00:00:00"),
    ],
)
def test_a_moment_is_read_and_shown(text: str, moment: str) -> None:
    """Two hundred thousand years ago is before the first record of all."""
    assert shown(moment_of(text, NOW, "--since")) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "-2h", "2w", "9999999d", "٣d", "2026-02-30"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    """With the option it was given by."""
    with pytest.raises(Misused, match="--since"):
        moment_of(text, NOW, "--since")
