"""What the fuse holds of a record, as a line of its history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from engine.model.reason import HELD, Code
from engine.model.report import HistoryLine


def held(since: float, rows: Iterable[Iterable[Any]]) -> Iterator[HistoryLine]:
    """A line for each of these.

    Args:
        since: when the fuse tripped, unix seconds.
        rows: version of the record, and why it or its tab is held.
    """
    for version, reason in rows:
        detail = reason.removeprefix(f"{HELD}: ")
        yield HistoryLine(since, version, HELD, detail, Code.MASS_CHANGE_HELD)
