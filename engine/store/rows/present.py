"""What a record or a tab is right now, from a row that tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.present import RecordNow, TabNow
from engine.model.states import State

_STATES = {state.value: state for state in State}
_MASSES, _LANES = tuple(Mass), tuple(Lane)


def of_record(row: Sequence[Any]) -> RecordNow:
    """The record in a row that begins with what is known of it, in that order."""
    return RecordNow(
        _STATES[row[0]],
        row[1],
        _MASSES[row[2]],
        bool(row[3]),
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
    )


def of_tab(row: Sequence[Any]) -> TabNow:
    """The tab in such a row."""
    return TabNow(
        _STATES[row[0]],
        row[1],
        _LANES[row[2]],
        _MASSES[row[3]],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        bool(row[10]),
        bool(row[11]),
    )
