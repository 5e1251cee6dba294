"""What was counted for the metrics, by what it is of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from engine.model.intent import IntentKind
from engine.model.lane import Lane
from engine.model.measure import NOTHING, Backlog


def by_lane(kinds: Mapping[str, Iterable[Iterable[Any]]]) -> dict[tuple[str, Lane], Backlog]:
    """What is still to be done.

    Args:
        kinds: of each kind a row for each lane in which there is anything, as lane and backlog.
    """
    nothing = {(kind, lane): NOTHING for kind in kinds for lane in Lane}
    return nothing | {
        (kind, Lane(lane)): Backlog(*counted)
        for kind, rows in kinds.items()
        for lane, *counted in rows
    }


def in_error(rows: Iterable[Iterable[Any]]) -> dict[tuple[str, str], int]:
    """What is refused.

    Args:
        rows: kind, class of the reason, number.
    """
    return {(kind, reason_class or ""): number for kind, reason_class, number in rows}


def in_doubt(rows: Collection[Iterable[Any]]) -> tuple[dict[str, int], float | None]:
    """Creates whose answers are lost, and since when the first of them.

    Args:
        rows: kind, number, since when.
    """
    numbers = {kind.value: 0 for kind in IntentKind} | {kind: number for kind, number, _ in rows}
    return numbers, min((since for _, _, since in rows), default=None)
