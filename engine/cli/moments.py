"""Moments as people type them: a date, a date with a time, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from engine.cli.exits import Misused

_AGO = re.compile(r"(\d{1,6})\s*([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def moment_of(text: str, now: float, option: str) -> float:
    """Unix seconds; a time without a zone is UTC, as everything that commands print is.

    What lies before 1970 is 1970: nothing was done by then, and much of it is no date.

    Args:
        option: by which it was given.

    Raises:
        Misused: it is neither.
    """
    ago = _AGO.fullmatch(text.strip())
    if ago is not None:
        return max(0.0, now - int(ago.group(1)) * _SECONDS[ago.group(2)])
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Misused(
            f"{option} {text!r} is no moment",
            remedy=f'give it as in {option} 2h, {option} 2026-11-28 or {option} "2026-11-28 14:30"'
            " (UTC)",
        ) from None
    found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return max(0.0, found.timestamp())


def shown(at: float) -> str:
    """A time as commands print it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def to_the_minute(at: float) -> str:
    """A time that is far away, as commands print it."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
